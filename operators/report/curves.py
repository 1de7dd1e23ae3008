"""Time curves the report draws: arterial input, sectors, territories, and a line of pixels over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_TERRITORY
from operators.report.contours import heart_window
from operators.series import BoolArray, FloatArray, ImageSeries, Label, ScanResult

Name = TypeVar("Name", int, str)
"""Of a segment or of a territory."""


@dataclass(frozen=True, slots=True)
class TissueCurves:
    """Mean curves of a scan's myocardium, in the Gd series' own unit."""

    times: FloatArray
    """Since the first saturation-recovery image [s], shape (time,): the first slice's clock."""
    sectors: Mapping[int, FloatArray]
    """By AHA segment, those that have pixels; shape (time,) each."""
    territories: Mapping[str, FloatArray]
    """By coronary artery, those that have pixels; shape (time,) each."""
    fits: Mapping[int, FloatArray]
    """Mean of the flow model's curves by AHA segment, those that were fitted; NaN in frames that were not, (time,)."""
    territory_fits: Mapping[str, FloatArray]
    """The same by coronary artery."""


def tissue_curves(result: ScanResult) -> TissueCurves:
    """Mean over the pixels of each AHA segment and each territory, those without a flow left out where any has one."""
    series, sectors = result.gadolinium.series, result.sectors.sectors
    with_flow = (sectors > 0) & np.isfinite(result.flow.flow)
    if with_flow.any():
        sectors = np.where(with_flow, sectors, 0)
    numbers = [number for number in SEGMENT_NAMES if np.any(sectors == number)]
    segments = {number: sectors == number for number in numbers}
    territories = {name: np.isin(sectors, theirs) for name, theirs in SEGMENTS_OF_TERRITORY.items()}
    territories = {name: mask for name, mask in territories.items() if mask.any()}
    return TissueCurves(
        times=series.times[0],
        sectors={number: _mean_curve(series, series.pixels, mask) for number, mask in segments.items()},
        territories={name: _mean_curve(series, series.pixels, mask) for name, mask in territories.items()},
        fits=_fits(result, segments),
        territory_fits=_fits(result, territories),
    )


def _fits(result: ScanResult, masks: Mapping[Name, BoolArray]) -> dict[Name, FloatArray]:
    """What was measured less what the model left: in border pixels what looks like blood is not the model's."""
    if result.flow.residual is None:
        return {}
    series = result.gadolinium.series
    model = series.pixels - result.flow.residual
    fitted = np.isfinite(model).any(axis=1)
    return {name: _mean_curve(series, model, mask & fitted) for name, mask in masks.items() if np.any(mask & fitted)}


@dataclass(frozen=True, slots=True)
class Limits:
    """Ranges that all charts of one unit share, so that stress and rest compare by eye."""

    times: tuple[float, float]
    """[s]"""
    tissue: tuple[float, float]
    """In the Gd series' unit; always includes 0."""
    aif: tuple[float, float]
    """In the AIF's unit; always includes 0."""


def limits(result: ScanResult, results: Sequence[ScanResult]) -> Limits:
    """Ranges of that scan's chart: over all given scans with its units."""
    units = (result.gadolinium.series.unit, result.arterial_input.unit)
    alike = [other for other in results if (other.gadolinium.series.unit, other.arterial_input.unit) == units]
    curves = [tissue_curves(other) for other in alike]
    return Limits(
        times=(min(float(c.times[0]) for c in curves), max(float(c.times[-1]) for c in curves)),
        tissue=_range([curve for c in curves for curve in c.sectors.values()]),
        aif=_range([other.arterial_input.values for other in alike]),
    )


def _range(curves: Sequence[FloatArray]) -> tuple[float, float]:
    values = np.concatenate([curve[np.isfinite(curve)] for curve in curves]) if curves else np.zeros(1)
    low, high = min(0.0, float(values.min(initial=0.0))), float(values.max(initial=0.0))
    return low, high + 0.06 * (high - low) if high > low else low + 1.0


def _mean_curve(series: ImageSeries, curves: FloatArray, mask: BoolArray) -> FloatArray:
    """Mean of curves (slice, time, row, col) over a mask that may span slices, on the first slice's clock; (time,)."""
    total = np.zeros(series.n_frames)
    for index in np.flatnonzero(mask.any(axis=(1, 2))):
        pixels = curves[index][:, mask[index]].astype(np.float64)
        total += np.interp(series.times[0], series.times[index], pixels.sum(axis=1))
    return np.asarray(total / mask.sum())


@dataclass(frozen=True, slots=True)
class MotionStrip:
    """A column of pixels through the LV over time, before and after motion correction; shape (row, time).

    Gray levels 0 to 1, brightened so that the myocardium shows beside the blood.
    """

    slice_index: int
    before: FloatArray
    after: FloatArray


def motion_strip(result: ScanResult) -> MotionStrip:
    """The mid-ventricular slice's strip (the middle one of those in use, through its LV centroid)."""
    levels = result.sectors.levels
    candidates = [k for k, level in enumerate(levels) if level == "mid"] or list(range(len(levels)))
    index = candidates[len(candidates) // 2]
    window = heart_window(result)
    _, columns = np.nonzero(result.segmentation.labels[index] == Label.LV_CAVITY)
    column = round(float(columns.mean())) if columns.size else (window.column_start + window.column_stop) // 2
    rows = window.slices[0]
    before = result.scan.perfusion.pixels[index, :, rows, column].T
    after = result.motion.series.pixels[index, :, rows, column].T
    low, high = np.percentile(before, (1, 99))
    span = max(float(high - low), np.finfo(np.float32).tiny)
    before, after = (np.clip((picture - low) / span, 0, 1) ** 0.6 for picture in (before, after))
    return MotionStrip(index, before, after)
