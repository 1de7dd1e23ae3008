"""Signal without the surface coils' sensitivity and without proton density.

Both multiply saturation-recovery and proton-density images alike, so the ratio is free of them. The reference is
averaged over its frames and smoothed a little, so that its noise doesn't become a pattern in every frame; air and lung
are kept out of the average, or the edge of the heart would get brighter than it is.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from operators.series import FloatArray

SMOOTHING = 3.0
"""SD of the Gaussian over a proton-density reference [mm]."""
BASELINE_SMOOTHING = 5.0
"""The same over a baseline of saturation-recovery frames, which is noisier."""
TISSUE = 0.2
"""Least reference of tissue, as a fraction of its bright end."""
BRIGHT_END = 98.0


def smooth_reference(frames: FloatArray, spacing: tuple[float, float], sigma: float) -> FloatArray:
    """Mean of the frames, smoothed within tissue, never below a fifth of its bright end.

    Args:
        frames: heart held still, shape (time, row, col).
        spacing: distance between rows and between columns [mm].
        sigma: SD of the Gaussian [mm].

    Returns:
        Reference to divide by, positive, shape (row, col).
    """
    mean = np.asarray(frames, np.float64).mean(axis=0)
    floor = TISSUE * max(float(np.percentile(mean, BRIGHT_END)), np.finfo(float).tiny)
    tissue = (mean > floor).astype(np.float64)
    pixels = [sigma / s for s in spacing]
    weight = ndimage.gaussian_filter(tissue, pixels, mode="nearest")
    smoothed = ndimage.gaussian_filter(mean * tissue, pixels, mode="nearest")
    inside = np.divide(smoothed, weight, out=np.full_like(mean, floor), where=weight > 1e-3)
    return np.asarray(np.maximum(inside, floor))
