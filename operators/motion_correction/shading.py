"""What the coils' sensitivity does to a heart that moves: it stays where it is, so the signal goes up and down.

Proton-density frames show it, times a density that differs little between blood, muscle, fat and liver. Smoothed far
beyond the heart's structures, it tells by how much a pixel read at another place is brighter there.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from operators.motion_correction.demons import Spacing, warp
from operators.series import FloatArray

WIDTH = 40.0
"""SD of the Gaussian over the logarithm of proton density [mm]: wider than the heart's chambers."""
TISSUE = 0.25
"""Least proton density of tissue, as a fraction of its bright end: lung and air tell nothing."""
LEAST_WEIGHT = 1e-3
"""Share of tissue in the smoothing, from which on the sensitivity is told by it alone."""
BRIGHT_END = 98.0
"""Percentile."""


def log_sensitivity(density: FloatArray, spacing: Spacing) -> FloatArray:
    """Logarithm of the coils' sensitivity but for a constant: its mean is zero, as it is far from all tissue.

    It must not jump where tissue ends: a pixel that moves across would become many times as bright.

    Args:
        density: proton-density frames where they were taken, shape (frame, row, col).
        spacing: distance between rows and between columns [mm].

    Returns:
        Shape (row, col).
    """
    mean = np.asarray(density, np.float64).mean(axis=0)
    mean = np.where(np.isfinite(mean), mean, 0.0)
    tissue = mean > max(TISSUE * float(np.percentile(mean, BRIGHT_END)), np.finfo(float).tiny)
    pixels = [WIDTH / s for s in spacing]
    logarithm = np.log(mean, out=np.zeros_like(mean), where=tissue)
    logarithm -= np.where(tissue, logarithm[tissue].mean() if tissue.any() else 0.0, 0.0)
    weight = ndimage.gaussian_filter(tissue.astype(np.float64), pixels, mode="constant")
    total = ndimage.gaussian_filter(logarithm, pixels, mode="constant")
    return np.asarray(total / np.maximum(weight, LEAST_WEIGHT))


def unshade(images: FloatArray, sensitivity: FloatArray, field: FloatArray, spacing: Spacing) -> FloatArray:
    """Images as bright as if each pixel had been measured where it is shown, float32; frames that stay are left alone.

    Args:
        images: heart held still, shape (time, row, col).
        sensitivity: its logarithm, shape (row, col).
        field: where each pixel was read, as an offset [mm], shape (time, 2, row, col).
        spacing: distance between rows and between columns [mm].
    """
    here = torch.from_numpy(np.asarray(sensitivity, np.float32))
    there = warp(here.expand(len(field), -1, -1), torch.tensor(np.asarray(field, np.float32)), spacing)
    factor = torch.exp(here - there).numpy()
    factor[~np.any(field, axis=(1, 2, 3))] = 1
    return np.asarray(images * factor, np.float32)
