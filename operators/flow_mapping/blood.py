"""Curves freed of what looks like blood: pixels at the wall's border may hold some."""

from __future__ import annotations

import numpy as np

from operators.series import FloatArray


def without(curves: FloatArray, blood: FloatArray) -> FloatArray:
    """What of curves (..., time) doesn't look like blood, a curve (time,) of norm 1."""
    return np.asarray(curves - (curves @ blood)[..., None] * blood)
