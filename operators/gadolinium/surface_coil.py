"""Signal without the surface coils' sensitivity and without proton density.

Both multiply saturation-recovery and proton-density images alike, so the ratio is free of them. The reference is
averaged over its frames and smoothed a little, so that its noise doesn't become a pattern in every frame; air and lung
are kept out of the average, or the edge of the heart would get brighter than it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from operators.series import BoolArray, FloatArray

SMOOTHING = 1.5
"""SD of the Gaussian over a proton-density reference [mm]."""
BASELINE_SMOOTHING = 5.0
"""The same over a baseline of saturation-recovery frames, which is noisier."""
TISSUE = 0.2
"""Least reference of tissue, as a fraction of its bright end."""
BRIGHT_END = 98.0


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What the signal is divided by."""

    values: FloatArray
    """Positive, shape (row, col)."""
    tissue: BoolArray
    """Where it isn't air or lung, shape (row, col); nowhere if the frames hold no signal at all."""


def smooth_reference(frames: FloatArray, spacing: tuple[float, float], sigma: float) -> Reference:
    """Mean of the frames, smoothed within tissue, never below a fifth of its bright end.

    Pixels that hold no number in a frame get their neighbours' reference.

    Args:
        frames: heart held still, shape (time, row, col).
        spacing: distance between rows and between columns [mm].
        sigma: SD of the Gaussian [mm].
    """
    mean = np.asarray(frames, np.float64).mean(axis=0)
    mean = np.where(np.isfinite(mean), mean, 0.0)
    floor = TISSUE * max(float(np.percentile(mean, BRIGHT_END)), np.finfo(float).tiny)
    tissue = mean > floor
    pixels = [sigma / s for s in spacing]
    weight = ndimage.gaussian_filter(tissue.astype(np.float64), pixels, mode="nearest")
    smoothed = ndimage.gaussian_filter(mean * tissue, pixels, mode="nearest")
    inside = np.divide(smoothed, weight, out=np.full_like(mean, floor), where=weight > 1e-3)
    return Reference(np.asarray(np.maximum(inside, floor)), tissue)
