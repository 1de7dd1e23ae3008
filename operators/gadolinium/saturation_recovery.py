"""Signal of a saturation-recovery image as a function of Gd concentration, and back.

Saturation leaves no longitudinal magnetisation; it recovers for the delay TD, then a train of excitations reads k-space
line by line, and the image's contrast is that of the centre line. Rates rise with concentration,
R1 = 1/T10 + r1 C and R2 = 1/T20 + r2 C. Dividing by a proton-density image, a FLASH readout without saturation and
without Gd, leaves a number that no coil and no proton density enters, one table per sequence and tissue.

FLASH in closed form (spoiled transverse magnetisation), bSSFP by the Bloch equations on resonance: Kellman et al.,
J Cardiovasc Magn Reson 2017;19:43; Xue et al., Magn Reson Med 2019;82:1637. What decays with T2 until the echo is
counted too: unheeded, Gd of 2 mmol/L in myocardium reads some 2 % low.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from operators.series import BoolArray, FloatArray

RUN_UP = 3
"""Excitations with rising flip angle before a bSSFP readout."""
LARGEST = 10.0
"""End of the table [mmol/L]."""
STEP = 0.005
"""Distance of the table's entries [mmol/L]; linear between them, it is right to 1e-5 mmol/L."""
SMALLEST_RATE = 0.25
"""Start of the table: R1 as a fraction of that without Gd; noise about zero concentration needs the negative side."""


@dataclass(frozen=True, slots=True)
class Readout:
    """What the signal model must know, everything filled in; times in s, angles in rad, rates in L/(mmol s)."""

    kind: Literal["flash", "bssfp"]
    repetition_time: float
    """Echo spacing."""
    flip_angle: float
    pd_flip_angle: float
    """Of the proton-density images, always FLASH."""
    echo_time: float
    """Of FLASH images; 0: their signal was brought back to the excitation. The echo of bSSFP is at TR/2."""
    saturation_time: float
    """From saturation to the centre line."""
    center_line: int
    """Excitations before the centre line."""
    t1: float
    """Native."""
    t2: float
    r1: float
    r2: float

    @property
    def delay(self) -> float:
        """TD, from saturation to the first excitation."""
        run_up = RUN_UP if self.kind == "bssfp" else 0
        return self.saturation_time - (self.center_line + run_up) * self.repetition_time


def flash(rate: FloatArray, start: FloatArray, flip: float, repetition_time: float, echo: int) -> FloatArray:
    """Transverse magnetisation of echo number `echo`, counted from 0, of a spoiled gradient-echo train.

    S = sin a [Mss + (Mz0 - Mss) (E cos a)^n], E = exp(-TR R1), Mss = (1 - E) / (1 - E cos a).

    Args:
        rate: R1 [1/s], any shape.
        start: longitudinal magnetisation before the first excitation, same shape.
        flip: flip angle a [rad].
        repetition_time: TR [s].
        echo: n.
    """
    recovery = np.exp(-repetition_time * rate)
    steady = (1 - recovery) / (1 - recovery * np.cos(flip))
    return np.asarray(np.sin(flip) * (steady + (start - steady) * (recovery * np.cos(flip)) ** echo))


def bssfp(
    rate: FloatArray, rate2: FloatArray, start: FloatArray, flip: float, repetition_time: float, echo: int
) -> FloatArray:
    """Transverse magnetisation of echo number `echo`, counted from 0, of a balanced train on resonance.

    Pulses alternate in sign; `RUN_UP` of them rise linearly to the full flip angle first; the echo is at TR/2.

    Args:
        rate: R1 [1/s], any shape.
        rate2: R2 [1/s], same shape.
        start: longitudinal magnetisation before the first pulse, same shape.
        flip: flip angle [rad].
        repetition_time: TR [s].
        echo: number of full pulses before that whose echo is wanted.
    """
    half1, half2 = (np.exp(-0.5 * repetition_time * r) for r in (rate, rate2))
    along, across = np.array(start, np.float64), np.zeros_like(start, np.float64)
    angles = [flip * (2 * p + 1) / (2 * RUN_UP) for p in range(RUN_UP)] + [flip] * (echo + 1)
    for pulse, angle in enumerate(angles):
        turn = angle if pulse % 2 == 0 else -angle
        along, across = (
            np.cos(turn) * along - np.sin(turn) * across,
            np.sin(turn) * along + np.cos(turn) * across,
        )
        across = across * half2
        if pulse == len(angles) - 1:
            break
        along = 1 - (1 - along) * half1**2
        across = across * half2
    return np.abs(across)


def saturation_recovery(concentration: FloatArray, readout: Readout) -> FloatArray:
    """Signal of the saturation-recovery image per proton density, any shape; 1 is fully recovered magnetisation."""
    rate = 1 / readout.t1 + readout.r1 * concentration
    start = 1 - np.exp(-readout.delay * rate)
    rate2 = 1 / readout.t2 + np.maximum(readout.r2 * concentration, 0)
    if readout.kind == "flash":
        left = flash(rate, start, readout.flip_angle, readout.repetition_time, readout.center_line)
        return np.asarray(left * np.exp(-readout.echo_time * rate2))
    return bssfp(rate, rate2, start, readout.flip_angle, readout.repetition_time, readout.center_line)


def proton_density(readout: Readout) -> float:
    """Signal of the proton-density image per proton density."""
    rate, start = np.array(1 / readout.t1), np.array(1.0)
    left = flash(rate, start, readout.pd_flip_angle, readout.repetition_time, readout.center_line)
    return float(left) * math.exp(-readout.echo_time / readout.t2)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Signal over reference by concentration, strictly rising."""

    concentration: FloatArray
    """[mmol/L], shape (entry,)."""
    ratio: FloatArray
    """Shape (entry,)."""

    def convert(self, ratio: FloatArray) -> FloatArray:
        """Concentration [mmol/L], same shape; held at the table's upper end, straight on below its lower."""
        slope = (self.concentration[1] - self.concentration[0]) / (self.ratio[1] - self.ratio[0])
        below = np.minimum(ratio - self.ratio[0], 0) * slope
        return np.asarray(np.interp(ratio, self.ratio, self.concentration) + below)

    def beyond(self, ratio: FloatArray) -> BoolArray:
        """Where the ratio exceeds the table's upper end."""
        return np.asarray(ratio > self.ratio[-1])

    def short(self, ratio: FloatArray) -> BoolArray:
        """Where it falls short of the lower one: negative Gd that only noise explains."""
        return np.asarray(ratio < self.ratio[0])


def make_table(readout: Readout, *, over_baseline: bool = False) -> Table:
    """Table of SR over PD signal, or over the SR signal without Gd where there is no PD image."""
    lowest = -(1 - SMALLEST_RATE) / (readout.t1 * readout.r1)
    concentration = np.concatenate([np.arange(lowest, 0, STEP), np.arange(0, LARGEST + STEP / 2, STEP)])
    signal = saturation_recovery(concentration, readout)
    falls = np.flatnonzero(np.diff(signal) <= 0)
    end = int(falls[0]) + 1 if len(falls) else len(signal)
    reference = saturation_recovery(np.zeros(1), readout)[0] if over_baseline else proton_density(readout)
    return Table(concentration[:end], signal[:end] / reference)
