"""Relative upslope: what can be said of perfusion where concentration can't be had."""

from __future__ import annotations

import numpy as np

from operators.series import FloatArray

WINDOW = 2.5
"""The slope is that of a straight line through this long a stretch [s]."""
AFTER_PEAK = 10.0
"""The tissue's rise ends at most this long after the blood's peak [s]."""


def steepest(curves: FloatArray, step: float) -> FloatArray:
    """Slope of the steepest stretch of each curve [unit/s], straight lines by least squares.

    Args:
        curves: shape (..., time).
        step: between samples [s].
    """
    length = max(3, round(WINDOW / step) | 1)
    offsets = (np.arange(length) - length // 2) * step
    weights = offsets / (offsets**2).sum()
    windows = np.lib.stride_tricks.sliding_window_view(curves, length, axis=-1)
    return np.asarray((windows @ weights).max(axis=-1))


def relative_upslope(tissue: FloatArray, blood: FloatArray, onset: float, step: float) -> FloatArray:
    """Upslope of tissue over that of LV blood, no unit.

    Args:
        tissue: shape (time, row, col), on the blood's grid.
        blood: LV blood signal, shape (time,).
        onset: of the bolus in the LV, from the first sample [s].
        step: between samples [s].

    Returns:
        Shape (row, col); NaN everywhere where the blood doesn't rise.
    """
    first = max(0, int((onset - WINDOW) / step))
    last = int(np.argmax(blood)) + int(AFTER_PEAK / step)
    of_blood = float(steepest(blood[first:last], step))
    if of_blood <= 0:
        return np.full(tissue.shape[1:], np.nan)
    return np.maximum(steepest(np.moveaxis(tissue[first:last], 0, -1), step), 0) / of_blood
