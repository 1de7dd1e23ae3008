"""Signal of the dual sequence, pulse by pulse.

After perfect saturation the longitudinal magnetisation recovers for the delay TD; a train of spoiled excitations then
reads k-space, and the picture has the contrast of its centre line. The magnetisation is followed from pulse to pulse by
the Bloch equations; T2* decays it until the echo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Readout:
    """A spoiled gradient-echo train; times in s, angles in rad."""

    repetition_time: float
    """Between two excitations."""
    echo_times: tuple[float, ...]
    flip_angle: float
    pd_flip_angle: float
    """Of the proton-density images."""
    saturation_time: float
    """From saturation to the centre line, TS."""
    phase_encodes: int
    """Lines of the full k-space."""
    acceleration: int
    """R: every R-th of them is acquired."""

    @property
    def center_line(self) -> int:
        """Excitations before the centre line."""
        return self.phase_encodes // self.acceleration // 2

    @property
    def delay(self) -> float:
        """From saturation to the first excitation, TD [s]."""
        return self.saturation_time - self.center_line * self.repetition_time


PERFUSION = Readout(0.00243, (0.00103,), math.radians(14.0), math.radians(5.0), 0.0814, 111, 3)
"""The main images of Xue et al., Magn Reson Med 2019;82:1637."""
AIF = Readout(0.00212, (0.00065, 0.00165), math.radians(8.0), math.radians(5.0), 0.0236, 36, 2)
"""The images of the arterial input, of the same protocol."""


def saturation_recovery(rate: Tensor, readout: Readout) -> Tensor:
    """Transverse magnetisation of the centre line after saturation, equilibrium 1.

    Args:
        rate: R1 [1/s], any shape.
        readout: the sequence.

    Returns:
        At the excitation, before any decay; same shape.
    """
    return _train(_recover(torch.zeros_like(rate), rate, readout.delay), rate, readout, readout.flip_angle)


def proton_density(rate: Tensor, readout: Readout) -> Tensor:
    """The same with no saturation and at the low flip angle."""
    return _train(torch.ones_like(rate), rate, readout, readout.pd_flip_angle)


def decay(rate: Tensor, echo_time: float) -> Tensor:
    """What is left at the echo for R2* [1/s], any shape."""
    return torch.exp(-echo_time * rate)


def _train(along: Tensor, rate: Tensor, readout: Readout, flip: float) -> Tensor:
    for _ in range(readout.center_line):
        along = _recover(along * math.cos(flip), rate, readout.repetition_time)
    return along * math.sin(flip)


def _recover(along: Tensor, rate: Tensor, time: float) -> Tensor:
    return 1 + (along - 1) * torch.exp(-time * rate)
