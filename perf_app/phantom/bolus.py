"""Contrast in the blood: a bolus through right heart, lungs, left heart and, twice more, through the body.

The right ventricle sees a gamma variate; lungs and body delay and spread it by a gamma density each. So the left
ventricle follows the right one, lower and wider, and recirculation comes of itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

PASSES = 3
"""Passes through the body within the time of a scan."""


@dataclass(frozen=True, slots=True)
class Bolus:
    """What shapes the curves of one injection."""

    arrival: float
    """In the right ventricle, after the first time point's zero [s]."""
    rise: float
    """From arrival to the right ventricle's peak [s]."""
    steepness: float
    """Exponent of the gamma variate."""
    lung_transit: float
    """Mean transit time from right to left ventricle [s]."""
    peak: float
    """Of whole-blood Gd in the left ventricle [mmol/L]."""
    body_transit: float = 16.0
    """Mean transit time from left to right heart [s]."""
    recirculated: float = 0.75
    """Share that returns: the rest stays in tissue."""


LUNG_SHAPE = 10.0
"""Of the gamma density of transit times: the larger, the less they spread."""
BODY_SHAPE = 3.0


def time_grid(start: float, stop: float, step: float) -> Tensor:
    """Equally spaced times [s] from `start` to at least `stop`, float64; zero is one of them if `start` divides so."""
    return start + step * torch.arange(int((stop - start) / step) + 2, dtype=torch.float64)


def blood_curves(bolus: Bolus, times: Tensor) -> tuple[Tensor, Tensor]:
    """Whole-blood Gd [mmol/L] in the right and in the left ventricle, shape (time,) each.

    Args:
        bolus: the injection.
        times: equally spaced [s], shape (time,).
    """
    step = float(times[1] - times[0])
    since = times - times[0]
    delayed = ((times - bolus.arrival) / bolus.rise).clamp(min=0)
    first = delayed**bolus.steepness * torch.exp(bolus.steepness * (1 - delayed))
    lung = gamma_density(since, bolus.lung_transit, LUNG_SHAPE)
    body = gamma_density(since, bolus.body_transit, BODY_SHAPE)
    right = first
    for _ in range(PASSES):
        left = convolve(right, lung, step)
        right = first + bolus.recirculated * convolve(left, body, step)
    left = convolve(right, lung, step)
    scale = bolus.peak / left.max()
    return right * scale, left * scale


def gamma_density(times: Tensor, mean: float, shape: float) -> Tensor:
    """Density of transit times with the given mean [s], of integral 1 over the (long enough) grid, shape (time,)."""
    relative = times * shape / mean
    density: Tensor = relative ** (shape - 1) * torch.exp(-relative)
    return density / (density.sum() * (times[1] - times[0]))


def convolve(signal: Tensor, kernel: Tensor, step: float) -> Tensor:
    """Causal convolution on one grid, over the last axis [signal's unit times kernel's times s]."""
    n = signal.shape[-1]
    spectrum = torch.fft.rfft(signal, 2 * n) * torch.fft.rfft(kernel, 2 * n)
    result: Tensor = torch.fft.irfft(spectrum, 2 * n)[..., :n] * step
    return result
