"""Where the RV lies, told by blood that arrives before the LV's, for slices in which no RV was segmented."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label

from operators.arterial_input.onset import find_first_pass
from operators.series import BoolArray, FloatArray

BRIGHT = 0.5
"""RV blood enhances at least this much of the LV's."""
LEAD = 1.5
"""The bolus is in the RV this much before the LV at least: the lungs lie between [s]."""
SMALLEST = 100.0
"""Less area [mm^2] is a vessel, or noise."""


def early_blood(
    images: FloatArray, times: FloatArray, cavity: BoolArray, wall: BoolArray, spacing: tuple[float, float]
) -> BoolArray:
    """The largest region that fills with blood before the LV does; empty where there is none.

    Args:
        images: Gd or signal, shape (time, row, col).
        times: [s], shape (time,).
        cavity: LV blood, shape (row, col).
        wall: LV myocardium, shape (row, col).
        spacing: of rows and of columns [mm].
    """
    blood = images[:, cavity].mean(axis=1)
    first = find_first_pass(blood, times)
    window = images[: first.peak + 1] - images[: max(1, first.peak // 4)].mean(axis=0)
    lv_peak = float(window[:, cavity].mean(axis=1).max())
    peak = window.max(axis=0)
    arrival = times[np.argmax(window >= 0.5 * peak, axis=0)]
    lv_arrival = float(np.median(arrival[cavity]))
    early = (peak > BRIGHT * lv_peak) & (arrival < lv_arrival - LEAD) & ~cavity & ~wall
    parts, number = label(early)
    sizes = np.bincount(parts.ravel(), minlength=number + 1)
    sizes[0] = 0
    if sizes.max() * spacing[0] * spacing[1] < SMALLEST:
        return np.zeros_like(early)
    return np.asarray(parts == sizes.argmax())
