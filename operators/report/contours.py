"""What part of a slice is shown, and the outlines of its sectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom
from skimage.measure import find_contours

from operators.series import BoolArray, FloatArray, Label, ScanResult

MARGIN = 14.0
"""Shown around LV and RV [mm]."""
SMALLEST = 80.0
"""Side of the smallest window [mm]."""
FINER = 4
"""Subdivision of a pixel before an outline is traced."""
SMOOTHING = 0.7
"""Gaussian on a mask before its outline is traced [pixel]: rounds the stairs off, moves a straight edge nowhere."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels, square in mm where the image allows it; stop excluded."""

    row_start: int
    row_stop: int
    column_start: int
    column_stop: int
    row_spacing: float
    """[mm]"""
    column_spacing: float
    """[mm]"""

    @property
    def slices(self) -> tuple[slice, slice]:
        """To index the last two axes of an image."""
        return slice(self.row_start, self.row_stop), slice(self.column_start, self.column_stop)

    @property
    def height(self) -> float:
        """[mm]"""
        return (self.row_stop - self.row_start) * self.row_spacing

    @property
    def width(self) -> float:
        """[mm]"""
        return (self.column_stop - self.column_start) * self.column_spacing


def heart_window(result: ScanResult) -> Window:
    """One window for all slices of a scan, about LV and RV; the whole image where nothing was segmented."""
    labels = result.segmentation.labels
    rows, columns = labels.shape[1:]
    spacing = result.gadolinium.series.pixel_spacing
    found = np.nonzero(labels != Label.BACKGROUND)
    if not len(found[0]):
        return Window(0, rows, 0, columns, *spacing)
    ends = [(int(axis.min()), int(axis.max()) + 1) for axis in found[1:]]
    side = max(SMALLEST, *((stop - start) * mm + 2 * MARGIN for (start, stop), mm in zip(ends, spacing, strict=True)))
    (top, bottom), (left, right) = (
        _span((start + stop) / 2, side / mm, size)
        for (start, stop), mm, size in zip(ends, spacing, (rows, columns), strict=True)
    )
    return Window(top, bottom, left, right, *spacing)


def _span(center: float, length: float, size: int) -> tuple[int, int]:
    """An interval of that length about the centre, pushed inside 0..size, cut where it is longer."""
    length = min(round(length), size)
    start = min(max(round(center - length / 2), 0), size - length)
    return start, start + length


def outlines(mask: BoolArray) -> list[FloatArray]:
    """Closed outlines of a mask, smoothed to below a pixel; each (point, 2) as (row, col) pixel coordinates."""
    if not mask.any():
        return []
    rows, columns = np.nonzero(mask)
    top, left = rows.min() - 3, columns.min() - 3
    padded = np.pad(mask, 3).astype(np.float64)[rows.min() : rows.max() + 7, columns.min() : columns.max() + 7]
    fine = zoom(padded, FINER, order=1, grid_mode=True, mode="grid-constant")
    traced = find_contours(gaussian_filter(fine, SMOOTHING * FINER), 0.5)
    return [(points + 0.5) / FINER - 0.5 + (top, left) for points in traced if len(points) > 2 * FINER]


def sector_outlines(result: ScanResult, slice_index: int) -> dict[int, list[FloatArray]]:
    """Outlines of each AHA segment that has pixels in the slice."""
    sectors = result.sectors.sectors[slice_index]
    return {int(number): outlines(sectors == number) for number in np.unique(sectors[sectors > 0])}


def unassigned_outlines(result: ScanResult, slice_index: int) -> list[FloatArray]:
    """Outlines of the myocardium that belongs to no AHA segment."""
    wall = result.segmentation.labels[slice_index] == Label.MYOCARDIUM
    return outlines(wall & (result.sectors.sectors[slice_index] == 0))
