"""Signal without the T2* decay that concentrated Gd causes even at the shortest echo time.

Two echoes tell the rate, R2* = ln(S1 / S2) / (TE2 - TE1), and the signal at echo time zero, S1 exp(TE1 R2*)
(Kellman et al., J Cardiovasc Magn Reson 2017;19:43).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from operators.series import FloatArray

LARGEST_RATE = 500.0
"""R2* above this [1/s] is noise."""
SMOOTH = np.array([0.25, 0.5, 0.25])


def decay_rate(first: FloatArray, second: FloatArray, first_time: float, second_time: float) -> FloatArray:
    """R2* over time [1/s], smoothed over three frames, within 0 and `LARGEST_RATE`.

    Args:
        first: blood signal of the first echo, positive, shape (time,).
        second: of the second echo, same shape.
        first_time: echo time [s].
        second_time: echo time [s], longer.
    """
    tiny = 1e-6 * float(first.max())
    rate = np.log(np.maximum(first, tiny) / np.maximum(second, tiny)) / (second_time - first_time)
    return np.clip(ndimage.convolve1d(rate, SMOOTH, mode="nearest"), 0, LARGEST_RATE)


def restore(first: FloatArray, second: FloatArray, first_time: float, second_time: float) -> FloatArray:
    """The first echo's signal at echo time zero, same shape; arguments as of `decay_rate`."""
    return np.asarray(first * np.exp(first_time * decay_rate(first, second, first_time, second_time)))
