"""What fills with blood before the left ventricle does: the right one, and the vessels before it."""

from __future__ import annotations

import numpy as np

from operators.arterial_input.onset import find_first_pass
from operators.series import BoolArray, FloatArray

BRIGHT = 0.5
"""RV blood enhances at least this much of the LV's."""
LEAD = 1.5
"""The bolus is in the RV this much before the LV at least: the lungs lie between [s]."""


def fills_early(curves: FloatArray, times: FloatArray, left: FloatArray) -> BoolArray:
    """Which of some curves are those of blood that comes before the LV's.

    Args:
        curves: Gd or signal, shape (time, ...).
        times: [s], shape (time,).
        left: of the LV's blood, shape (time, pixel).

    Returns:
        Shape (...).
    """
    first = find_first_pass(left.mean(axis=1), times)

    def rise(some: FloatArray) -> FloatArray:
        return np.asarray(some[: first.peak + 1] - some[: max(1, first.peak // 4)].mean(axis=0))

    def arrival(risen: FloatArray) -> FloatArray:
        return np.asarray(times[np.argmax(risen >= 0.5 * risen.max(axis=0), axis=0)])

    ours, blood = rise(curves), rise(left)
    bright = ours.max(axis=0) > BRIGHT * float(blood.mean(axis=1).max())
    return np.asarray(bright & (arrival(ours) < float(np.median(arrival(blood))) - LEAD))
