"""Relative upslope: what can be said of perfusion where concentration can't be had."""

from __future__ import annotations

import numpy as np

from operators.series import FloatArray

WINDOW = 2.5
"""The slope is that of a straight line through this long a stretch [s], or through three samples if they are fewer."""
AFTER_PEAK = 10.0
"""The tissue's rise ends at most this long after the blood's peak [s]."""


def steepest(curves: FloatArray, times: FloatArray) -> FloatArray:
    """Slope of the steepest stretch of each curve [unit/s], straight lines by least squares.

    Args:
        curves: shape (..., time).
        times: [s], increasing, at least three, shape (time,).
    """
    return np.asarray((curves @ _slopes(times)).max(axis=-1))


def _slopes(times: FloatArray) -> FloatArray:
    """What curves are multiplied by to get the slopes about each inner sample, shape (time, slope)."""
    weights = np.zeros((len(times), len(times) - 2))
    for column, middle in enumerate(range(1, len(times) - 1)):
        near = np.abs(times - times[middle]) <= WINDOW / 2
        near[middle - 1 : middle + 2] = True
        offsets = times[near] - times[near].mean()
        weights[near, column] = offsets / (offsets**2).sum()
    return weights


def relative_upslope(
    tissue: FloatArray, times: FloatArray, blood: FloatArray, blood_times: FloatArray, onset: float
) -> FloatArray:
    """Upslope of tissue over that of LV blood, no unit.

    Args:
        tissue: shape (time, row, col).
        times: of the tissue [s], shape (time,).
        blood: LV blood signal, shape (blood time,).
        blood_times: on the same clock [s], shape (blood time,).
        onset: of the bolus in the LV, on the same clock [s].

    Returns:
        Shape (row, col); NaN everywhere where the blood doesn't rise, or too few samples show it.
    """
    nothing = np.full(tissue.shape[1:], np.nan)
    end = float(blood_times[np.argmax(blood)]) + AFTER_PEAK
    of_blood, of_tissue = ((one >= onset - WINDOW) & (one <= end) for one in (blood_times, times))
    if min(of_blood.sum(), of_tissue.sum()) < 3:
        return nothing
    rise = float(steepest(blood[of_blood], blood_times[of_blood]))
    if rise <= 0:
        return nothing
    return np.maximum(steepest(np.moveaxis(tissue[of_tissue], 0, -1), times[of_tissue]), 0) / rise
