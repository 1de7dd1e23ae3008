"""Signal of a saturation-recovery image by the Bloch equations, pulse by pulse.

Isochromats of one pixel are turned, precess and relax, and every acquired line is read. It shares no formula with the
conversion, so that each can be held against the other; and it can do what the conversion takes for granted wrongly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from operators.series import FloatArray

Complex = npt.NDArray[np.complexfloating]

RAMP = (1 / 6, 3 / 6, 5 / 6)
"""Of the flip angle, in the pulses that run up to a balanced readout."""
QUADRATIC = math.radians(117.0)
"""Step of the phase of radio-frequency spoiling."""
ISOCHROMATS = 64
"""Across a pixel that a spoiler gradient dephases."""


@dataclass(frozen=True)
class Pulses:
    """What the scanner plays out; s and rad."""

    kind: Literal["flash", "bssfp"]
    echo_spacing: float
    echo_time: float
    """Of FLASH; bSSFP has its echo half way."""
    flip_angle: float
    saturation_time: float
    """To the centre line."""
    phase_encodes: int
    acceleration: int


@dataclass(frozen=True)
class Reality:
    """What the conversion takes for perfect."""

    b1: float = 1.0
    """Flip angle that is reached, as a fraction of the nominal one."""
    unsaturated: float = 0.0
    """Longitudinal magnetisation that saturation leaves."""
    off_resonance: float = 0.0
    """[Hz]"""
    spoiling: Literal["ideal", "rf"] = "ideal"
    """Of FLASH: no transverse magnetisation is left, or gradient and phase cycling do what they can."""


def center_signal(pulses: Pulses, r1: FloatArray, r2: FloatArray, saturated: bool, reality: Reality) -> FloatArray:
    """Magnitude of the centre line's echo, for a proton density of 1.

    Args:
        pulses: the sequence.
        r1: longitudinal rates [1/s], shape (tissue,).
        r2: transverse rates, same shape.
        saturated: whether a saturation pulse comes first.
        reality: what isn't perfect.

    Returns:
        Shape (tissue,).
    """
    lines = np.arange(0, pulses.phase_encodes - pulses.acceleration + 1, pulses.acceleration)
    center = len(lines) // 2
    balanced = pulses.kind == "bssfp"
    angles = [pulses.flip_angle * part for part in (*(RAMP if balanced else ()), *np.ones(len(lines)))]
    before = center + len(angles) - len(lines)
    spins = Spins(np.asarray(r1, float), np.asarray(r2, float), reality, balanced)
    if saturated:
        spins.along[:] = reality.unsaturated
        spins.wait(pulses.saturation_time - before * pulses.echo_spacing)
    echo = pulses.echo_spacing / 2 if balanced else pulses.echo_time
    for number, angle in enumerate(angles):
        phase = math.pi * number if balanced else spins.phase(number)
        spins.turn(angle * reality.b1, phase)
        spins.wait(echo)
        if number == before:
            break
        spins.wait(pulses.echo_spacing - echo)
        if not balanced:
            spins.spoil()
    return np.asarray(np.abs(spins.across.mean(axis=1)))


class Spins:
    """Magnetisation of isochromats, shape (tissue, isochromat)."""

    def __init__(self, r1: FloatArray, r2: FloatArray, reality: Reality, balanced: bool) -> None:
        self.r1, self.r2, self.reality = r1[:, None], r2[:, None], reality
        self.dephased = not balanced and reality.spoiling == "rf"
        n = ISOCHROMATS if self.dephased else 1
        self.along = np.ones((len(r1), n))
        self.across: Complex = np.zeros((len(r1), n), complex)
        self.gradient: Complex = np.exp(2j * np.pi * np.arange(n) / n)

    def phase(self, number: int) -> float:
        """Of pulse `number`, from 0 [rad]."""
        return QUADRATIC * number * (number + 1) / 2 if self.dephased else 0.0

    def turn(self, angle: float, phase: float) -> None:
        """Rotate about an axis in the transverse plane."""
        seen = self.across * np.exp(-1j * phase)
        turned = seen.real + 1j * (seen.imag * math.cos(angle) - self.along * math.sin(angle))
        self.along = seen.imag * math.sin(angle) + self.along * math.cos(angle)
        self.across = turned * np.exp(1j * phase)

    def wait(self, time: float) -> None:
        """Relax and precess."""
        self.along = 1 + (self.along - 1) * np.exp(-time * self.r1)
        self.across = self.across * np.exp(-time * (self.r2 - 2j * np.pi * self.reality.off_resonance))

    def spoil(self) -> None:
        """End of a repetition: nothing is left across, or a turn within the pixel."""
        self.across = self.across * self.gradient if self.dephased else np.zeros_like(self.across)
