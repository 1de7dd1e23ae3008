"""How the heart moves between frames: breathing, partly non-rigid, and beats that fill more or less.

A frame's motion is a sum of a few smooth patterns, each with its own weight over time. The reference is the patient as
drawn: end of expiration, usual filling. `Motion.displacement` tells where a place of the reference went, which is the
truth for motion correction; `Motion.sources` tells where what is seen came from, which draws a frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from perf_app.phantom.geometry import FIELD_OF_VIEW_MM, positions

N_WAVES = 4
ITERATIONS = 8


@dataclass(frozen=True, slots=True)
class Breathing:
    """Of one scan."""

    amplitude_mm: float
    """Of the heart in the plane, at the end of inspiration; 0: breath held."""
    period: float
    """[s]"""
    phase: float
    """Share of a period."""
    direction: float
    """From straight down in the picture towards its right [rad]."""
    lag: float = 0.12
    """Of the non-rigid part, as a share of a period."""


def breathe(breathing: Breathing, times: Tensor) -> Tensor:
    """Weight of the rigid and of the non-rigid part [mm], shape (2, *times): |sin|^3 rests long at expiration."""
    turn = times / breathing.period + breathing.phase
    waves = [(math.pi * (turn - lag)).sin().abs() ** 3 for lag in (0.0, breathing.lag)]
    return (torch.stack(waves) * breathing.amplitude_mm).float()


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Smooth displacements of unit weight in one slice, as functions of place."""

    center: Tensor
    """Of the left ventricle, (down, right) from the middle of the field of view [mm], shape (2,)."""
    radius: float
    """Of its endocardium [mm]."""
    direction: float
    waves: Tensor
    """Frequencies (down, right) [rad/mm], phase and amplitude (down, right) of each wave, shape (wave, 5)."""

    def at(self, places: Tensor) -> Tensor:
        """Rigid breathing, non-rigid breathing, filling at places (2, row, col); shape (3, 2, row, col)."""
        down, right = places - self.center[:, None, None]
        distance = torch.hypot(down, right)
        # The chest hardly moves along; the diaphragm, below, moves more.
        along = torch.exp(-((distance / 130.0) ** 2)) * (1 + 0.25 * torch.tanh(down / 60.0))
        rigid = torch.stack([math.cos(self.direction) * along, math.sin(self.direction) * along])
        phase = (
            self.waves[:, 0, None, None] * down + self.waves[:, 1, None, None] * right + self.waves[:, 2, None, None]
        )
        bent = torch.einsum("wi,wrc->irc", self.waves[:, 3:], phase.sin()) * torch.exp(-((distance / 130.0) ** 2))
        relative = distance / self.radius
        outward = torch.stack([down, right]) / self.radius * torch.exp(0.5 * (1 - relative**2))
        return torch.stack([rigid, bent, outward])


def draw_patterns(center: Tensor, radius: float, direction: float, generator: torch.Generator) -> Patterns:
    """Patterns of one slice; the non-rigid one is a fifth of the rigid one, over distances of 100 to 200 mm."""
    device = generator.device
    uniform = torch.rand(N_WAVES, 4, generator=generator, device=device)
    length, turn = 100 + 100 * uniform[:, 0], 2 * math.pi * uniform[:, 1]
    frequency = 2 * math.pi / length
    swing = 2 * math.pi * uniform[:, 3]
    amplitude = 0.2 / math.sqrt(N_WAVES / 2)
    columns = (frequency * turn.cos(), frequency * turn.sin(), 2 * math.pi * uniform[:, 2], amplitude * swing.cos())
    waves = torch.stack([*columns, amplitude * swing.sin()], -1)
    return Patterns(center.to(device), radius, direction, waves)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Of one slice in all its frames."""

    patterns: Patterns
    weights: Tensor
    """Of each pattern [mm], shape (time, 3)."""

    def sources(self, size: tuple[int, int]) -> Tensor:
        """Where what is seen in a frame's pixel was in the reference, (row, col) offset in mm, (time, 2, row, col)."""
        unit = self.patterns.at(positions(size, self.weights.device))
        return -torch.einsum("tk,kirc->tirc", self.weights, unit)

    def displacement(self, size: tuple[int, int]) -> Tensor:
        """Where each pixel of the reference lies in each frame, (row, col) offset in mm, shape (time, 2, row, col)."""
        unit = self.patterns.at(positions(size, self.weights.device))
        pattern, unit = unit.shape, unit.flatten(0, 1)[None]
        moved = torch.zeros(len(self.weights), 2, *size, device=self.weights.device)
        for _ in range(ITERATIONS):
            there = warp(unit.expand(len(moved), -1, -1, -1), moved).view(len(moved), *pattern)
            moved = torch.einsum("tk,tkirc->tirc", self.weights, there)
        return moved


def warp(images: Tensor, offset: Tensor) -> Tensor:
    """Images read at each pixel's place plus an offset; the edge goes on beyond the field of view.

    Args:
        images: shape (time, channel, row, col).
        offset: (row, col) in mm, shape (time, 2, row, col).
    """
    size = (images.shape[-2], images.shape[-1])
    half = offset.new_tensor(FIELD_OF_VIEW_MM)[:, None, None] / 2
    places = (positions(size, offset.device) + offset) / half
    grid = places.flip(1).movedim(1, -1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
