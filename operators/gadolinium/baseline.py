"""Frames before the bolus reaches the heart."""

from __future__ import annotations

import numpy as np

from operators.series import BoolArray, FloatArray

BRIGHT_PART = 2.0
"""Percentage of pixels that enhance most, taken as blood."""
RISE = 0.1
"""Fraction of its peak at which enhancement has begun."""
FEWEST = 2


def find_blood(images: FloatArray) -> BoolArray:
    """The pixels that enhance most, shape (row, col).

    Args:
        images: signal or Gd, heart roughly still, shape (time, row, col); who holds no number at times is none of them.
    """
    spread = np.nan_to_num(np.percentile(images, 95, axis=0) - np.percentile(images, 10, axis=0), posinf=0.0)
    return np.asarray(spread >= np.percentile(spread, 100 - BRIGHT_PART))


def count_baseline(images: FloatArray) -> int:
    """Number of frames before the blood that enhances most begins to, at least `FEWEST`; one frame of distance is kept.

    Args:
        images: heart roughly still, shape (time, row, col).
    """
    curve = images[:, find_blood(images)].mean(axis=1, dtype=np.float64)
    peak = int(np.argmax(curve))
    if peak <= FEWEST:
        return FEWEST
    floor = np.median(curve[: max(FEWEST, peak // 2)])
    calm = np.flatnonzero(curve[:peak] <= floor + RISE * (curve[peak] - floor))
    return max(FEWEST, int(calm[-1])) if len(calm) else FEWEST
