"""Soft outlines, random fields and warped coordinates: what pictures of digital patients are drawn with.

An outline is star-shaped: its radius [mm] is stored at `N_ANGLES` equally spaced angles, shape (patient, slice, angle),
so that hundreds of outlines are made and combined as small tables and only looked up per pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

N_ANGLES = 256
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Draw:
    """Random numbers of a population: one value a patient, or one a slice."""

    generator: torch.Generator
    n_patients: int
    n_slices: int

    def uniform(self, low_high: Range, *shape: int) -> Tensor:
        """Uniform numbers of the given shape."""
        low, high = low_high
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.generator.device)

    def patient(self, low_high: Range) -> Tensor:
        """One number a patient, shape (patient, 1)."""
        return self.uniform(low_high, self.n_patients, 1)

    def slice(self, low_high: Range) -> Tensor:
        """One number a slice, shape (patient, slice)."""
        return self.uniform(low_high, self.n_patients, self.n_slices)

    def coherent(self, low_high: Range, spread: float) -> Tensor:
        """A patient's number with a share `spread` of its range drawn anew in each slice, shape (patient, slice)."""
        half = (low_high[1] - low_high[0]) * spread / 2
        inner = (low_high[0] + half, low_high[1] - half)
        return self.patient(inner) + self.slice((-half, half))

    def chance(self, probability: float) -> Tensor:
        """True with a probability, one a slice, shape (patient, slice)."""
        return self.slice((0.0, 1.0)) < probability

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers of the given shape."""
        return torch.randn(shape, generator=self.generator, device=self.generator.device)


def angles(device: torch.device) -> Tensor:
    """Angles of a table [rad], 0 to 2 pi without the end, shape (angle,)."""
    return torch.arange(N_ANGLES, device=device) * (2 * math.pi / N_ANGLES)


def harmonics(draw: Draw, orders: tuple[int, int], amplitude: Tensor, coherence: float = 0.8) -> Tensor:
    """Smooth random outline of zero mean with Fourier orders first to last, falling as 1/order.

    Args:
        draw: source of random numbers.
        orders: first and last order.
        amplitude: about the largest deviation, shape (patient, slice).
        coherence: share of the deviation that a patient's slices have in common.

    Returns:
        Table, shape (patient, slice, angle).
    """
    order = torch.arange(orders[0], orders[1] + 1, device=amplitude.device)
    own = draw.normal(2, draw.n_patients, draw.n_slices, len(order))
    shared = draw.normal(2, draw.n_patients, 1, len(order))
    cosine, sine = (coherence * shared + math.sqrt(1 - coherence**2) * own) * (orders[0] / order)
    phase = order[:, None] * angles(amplitude.device)
    table: Tensor = cosine @ phase.cos() + sine @ phase.sin()
    return amplitude[..., None] / math.sqrt(2 * len(order)) * table


def bump(center: Tensor, half_width: Tensor, exponent: Tensor | float = 2.0) -> Tensor:
    """A hill of height 1 at an angle [rad], zero beyond its half-width; flatter for a larger exponent.

    Args have shape (patient, slice); returns (patient, slice, angle).
    """
    away = angle_between(angles(center.device), center[..., None]) / half_width[..., None]
    power = exponent if isinstance(exponent, float) else exponent[..., None]
    hill: Tensor = 1 - torch.pow(away.abs().clamp(max=1), power)
    return hill


def spikes(draw: Draw, n_nodes: int) -> Tensor:
    """Random ridges between 0 and 1 with about `n_nodes` / 2 ridges on the circle, shape (patient, slice, angle)."""
    nodes = draw.normal(draw.n_patients, draw.n_slices, n_nodes)
    closed = torch.cat([nodes, nodes[..., :1]], dim=-1)
    fine = F.interpolate(closed, N_ANGLES + 1, mode="linear", align_corners=True)[..., :-1]
    return fine.clamp(min=0, max=2) / 2


def angle_between(first: Tensor, second: Tensor) -> Tensor:
    """`first` - `second` [rad], in -pi to pi."""
    return torch.remainder(first - second + math.pi, 2 * math.pi) - math.pi


def look_up(table: Tensor, angle: Tensor) -> Tensor:
    """Radius of an outline at each pixel's angle [rad]; table (..., angle), pixels (..., row, col)."""
    position = torch.remainder(angle.flatten(-2), 2 * math.pi) * (N_ANGLES / (2 * math.pi))
    below = position.floor()
    weight = position - below
    index = below.long() % N_ANGLES
    low, high = table.gather(-1, index), table.gather(-1, (index + 1) % N_ANGLES)
    return torch.lerp(low, high, weight).view(angle.shape)


def inside(depth: Tensor, softness: float) -> Tensor:
    """Covered share of a pixel whose centre lies `depth` [mm] inside an edge, for an edge `softness` [mm] wide."""
    return (0.5 + depth / softness).clamp(0, 1)


def around(outer: Tensor, inner: Tensor) -> Tensor:
    """Share that is to be covered where something inside will be laid over it, so that what lies between is left.

    Without it, a trace of the outer one would be left in pixels along the edge that the two have in common.

    Args:
        outer: covered share of each pixel by the outer one with all that is in it.
        inner: by what will be laid over it.
    """
    return ((outer - inner) / (1 - inner).clamp(min=1e-6)).clamp(0, 1)


def smooth_field(draw: Draw, size: tuple[int, int], cells: int, n_fields: int = 1) -> Tensor:
    """Random field of about unit variance with features of size / `cells`, shape (patient, slice, field, row, col)."""
    p, s = draw.n_patients, draw.n_slices
    coarse = draw.normal(p * s, n_fields, cells + 3, cells + 3)
    fine = F.interpolate(coarse, size=size, mode="bicubic", align_corners=True)
    return fine.view(p, s, n_fields, *size)
