"""The frames of one slice in the order of time, with their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from operators.dicom_loading import geometry
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.pixels import decode
from operators.series import BoolArray, FloatArray, ImageSeries, IntArray, Unit

DEFAULT_THICKNESS = 8.0
"""Slice thickness where the header has none [mm]."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceFrames:
    """One slice (and one echo) over time."""

    images: tuple[ImageFile, ...]
    times: FloatArray
    """On the clock chosen for the scan [s], increasing, shape (time,)."""
    pixels: FloatArray
    """Rescaled, float32, shape (time, row, col)."""

    def at(self, index: IntArray | BoolArray) -> SliceFrames:
        """These frames only: indices or a mask."""
        chosen = np.arange(len(self.images))[index]
        return SliceFrames(tuple(self.images[i] for i in chosen), self.times[chosen], self.pixels[chosen])

    def __len__(self) -> int:
        return len(self.images)


def load_frames(images: Sequence[ImageFile], times: FloatArray, dialect: Dialect) -> SliceFrames:
    """Decode the images of one slice, ordered by their times.

    Raises:
        IncompleteSeriesError: an image can't be decoded.
    """
    order = np.argsort(times, kind="stable")
    chosen = tuple(images[i] for i in order)
    return SliceFrames(chosen, times[order], decode(chosen, dialect))


def common_frames(slices: Sequence[SliceFrames]) -> list[SliceFrames]:
    """Frames of the heart beats in which every slice was seen.

    Each slice's frames are matched to those of the slice with the fewest, by time, less the usual delay between them.
    """
    reference = min(slices, key=len)
    keep = np.ones(len(reference), bool)
    nearest = []
    for frames in slices:
        distance = frames.times[None] - reference.times[:, None]
        delay = np.median(np.take_along_axis(distance, np.abs(distance).argmin(1)[:, None], 1))
        match = np.abs(distance - delay).argmin(1)
        keep &= np.diff(match, prepend=-1) > 0
        nearest.append(match)
    return [frames.at(match[keep]) for frames, match in zip(slices, nearest, strict=True)]


def to_series(slices: Sequence[SliceFrames], origin: float, unit: Unit, dialect: Dialect) -> ImageSeries:
    """Record of slices with equally many frames.

    Args:
        slices: base first.
        origin: the scan's time zero on the slices' clock [s].
        unit: of the pixels.
        dialect: reads the sequence.

    Raises:
        IncompleteSeriesError: the geometry is incomplete.
    """
    headers = tuple(tuple(image.header for image in frames.images) for frames in slices)
    thickness = geometry.slice_thickness(headers[0][0]) or DEFAULT_THICKNESS
    return ImageSeries(
        series_instance_uids=tuple(dict.fromkeys(str(h.SeriesInstanceUID) for row in headers for h in row)),
        pixels=np.stack([frames.pixels for frames in slices]),
        unit=unit,
        times=np.stack([frames.times for frames in slices]) - origin,
        affines=np.stack([geometry.affine(row[0], thickness) for row in headers]),
        headers=headers,
        sequence=dialect.sequence(headers[0][0]),
    )
