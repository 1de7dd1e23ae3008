"""Where the RV lies, told by blood that arrives before the LV's, for slices in which no RV was segmented."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label

from operators.early_blood import fills_early
from operators.series import BoolArray, FloatArray

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
    early = fills_early(images, times, images[:, cavity]) & ~cavity & ~wall
    parts, number = label(early)
    sizes = np.bincount(parts.ravel(), minlength=number + 1)
    sizes[0] = 0
    if sizes.max() * spacing[0] * spacing[1] < SMALLEST:
        return np.zeros_like(early)
    return np.asarray(parts == sizes.argmax())
