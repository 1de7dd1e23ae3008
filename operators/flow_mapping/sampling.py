"""Curves on a regular grid read at the times of measured samples."""

from __future__ import annotations

import numpy as np

from operators.series import FloatArray


def sample(curves: FloatArray, step: float, times: FloatArray) -> FloatArray:
    """Curves at other times: linear between their samples, zero before the first, held after the last.

    Args:
        curves: at 0, `step`, 2 `step` ... seconds, shape (..., time).
        step: [s].
        times: [s], shape (sample,).

    Returns:
        Shape (..., sample).
    """
    last = curves.shape[-1] - 1
    position = np.clip(times / step, 0.0, last)
    below = np.minimum(position.astype(int), max(last - 1, 0))
    part = position - below
    read = curves[..., below] * (1 - part) + curves[..., np.minimum(below + 1, last)] * part
    return np.where(times < 0, 0.0, read)
