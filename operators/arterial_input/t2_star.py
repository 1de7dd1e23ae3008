"""Signal without the T2* decay that concentrated Gd causes even at the shortest echo time.

Two echoes tell the rate, R2* = ln(S1 / S2) / (TE2 - TE1), and the signal at echo time zero, S1 exp(TE1 R2*)
(Kellman et al., J Cardiovasc Magn Reson 2017;19:43).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.optimize import nnls

from operators.series import FloatArray

LARGEST_RATE = 500.0
"""R2* above this [1/s] is noise."""
LARGEST_NATIVE = 100.0
"""Of blood without Gd [1/s]."""
SMOOTH = np.array([0.25, 0.5, 0.25])


@dataclass(frozen=True, slots=True, eq=False)
class Echoes:
    """Blood signal of two echoes."""

    first: FloatArray
    """Shape (time,)."""
    second: FloatArray
    """Same shape."""
    first_time: float
    """Echo time [s]."""
    second_time: float
    """Longer [s]."""

    @property
    def rate(self) -> FloatArray:
        """R2* as measured [1/s], shape (time,)."""
        one, two = self._positive()
        return np.asarray(np.log(one / two) / (self.second_time - self.first_time))

    @property
    def weight(self) -> FloatArray:
        """Of each measured rate: the inverse of its SD for noise of SD 1, to a factor; shape (time,)."""
        one, two = self._positive()
        return one * two / np.hypot(one, two)

    def _positive(self) -> tuple[FloatArray, FloatArray]:
        tiny = 1e-6 * float(self.first.max())
        return np.maximum(self.first, tiny), np.maximum(self.second, tiny)


def decay_rate(echoes: Echoes) -> FloatArray:
    """R2* over time [1/s], smoothed over three frames, within 0 and `LARGEST_RATE`, shape (time,)."""
    return np.clip(ndimage.convolve1d(echoes.rate, SMOOTH, mode="nearest"), 0, LARGEST_RATE)


def restore(echoes: Echoes) -> FloatArray:
    """The first echo's signal at echo time zero, shape (time,)."""
    return np.asarray(echoes.first * np.exp(echoes.first_time * decay_rate(echoes)))


def native_rate(echoes: Echoes, concentration: FloatArray) -> float:
    """R2* of the blood without Gd [1/s]: where the line of R2* over concentration begins.

    Before the bolus, saturated blood has too little signal to tell it; with Gd it has.

    Args:
        echoes: signal of blood.
        concentration: of Gd, right to a factor, shape (time,).
    """
    line = np.stack([np.ones_like(concentration), np.maximum(concentration, 0)], axis=1)
    intercept = nnls(line * echoes.weight[:, None], echoes.rate * echoes.weight)[0][0]
    return float(min(intercept, LARGEST_NATIVE))
