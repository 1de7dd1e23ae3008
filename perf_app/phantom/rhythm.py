"""The heart beat: triggers that jitter, come too early or are missed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What a patient's heart beats like during one scan."""

    heart_rate: float
    """[1/min]"""
    jitter: float = 0.025
    """SD of the RR interval, as a share of it; as much again follows respiration."""
    filling: float = 0.08
    """SD of the ventricle's filling, see `Beats`."""
    ectopic: float = 0.015
    """Probability that a beat comes early, with a pause after it."""
    missed: float = 0.01
    """Probability that a trigger is missed."""


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """Triggered heart beats."""

    times: Tensor
    """Of the triggers [s], the first at 0, float64, shape (beat,)."""
    filling: Tensor
    """Of the ventricle at the time of imaging, against the usual one, from about -1 (little) to 1, shape (beat,)."""


EARLY = 0.65
"""Length of the interval before an ectopic beat; the one after it makes up for it."""


def beat(rhythm: Rhythm, n_beats: int, busy: float, generator: torch.Generator) -> Beats:
    """Triggers of `n_beats` heart beats.

    Args:
        rhythm: what they are like.
        n_beats: how many.
        busy: for how long after a trigger the scanner takes no other [s].
        generator: of the chance in it.
    """
    device = generator.device
    index = torch.arange(n_beats, device=device)
    phase = 6.28 * torch.rand((), generator=generator, device=device)
    jitter = torch.randn(n_beats, generator=generator, device=device)
    ectopic = torch.rand(n_beats, generator=generator, device=device) < rhythm.ectopic
    missed = torch.rand(n_beats, generator=generator, device=device) < rhythm.missed
    after = torch.cat([torch.zeros(1, dtype=torch.bool, device=device), ectopic[:-1]])
    interval = 1 + rhythm.jitter * (jitter.clamp(-2.5, 2.5) + 1.4 * torch.sin(index * 1.3 + phase))
    interval = interval - (1 - EARLY) * ectopic + (1 - EARLY) * after + missed
    times = (interval.double() * 60 / rhythm.heart_rate).clamp(min=busy).cumsum(0)
    # An early beat has had no time to fill, the one after the pause more than usual.
    filling = rhythm.filling * jitter - 0.9 * ectopic + 0.4 * after
    return Beats(times - times[0], filling)
