"""Receiver coils: loops of wire on chest and back, their sensitivity by the law of Biot and Savart."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

RADIUS_MM = 65.0
BAND_MM = 25.0
SEGMENTS = 24
NODES = (36, 48)
"""Sensitivity is computed at so many rows and columns and interpolated: it is smooth."""
# Left, posterior and superior of the torso's middle [mm]: a flexible array on the chest, a row of coils in the table.
FRONT, BACK = -150.0, 145.0
LOOPS = tuple(
    (x, y, z) for x, y in ((-60.0, FRONT), (40.0, FRONT), (130.0, FRONT), (30.0, BACK)) for z in (-110.0, 0.0, 110.0)
)


def sensitivities(affine: Tensor, size: tuple[int, int], torso_middle: Tensor) -> Tensor:
    """Complex sensitivity of each coil on a slice's grid; their root sum of squares is about 1 in the torso's middle.

    Args:
        affine: pixel (row, col, 0, 1) to LPS mm, shape (4, 4).
        size: rows and columns.
        torso_middle: about which the loops lie, LPS mm, shape (3,).

    Returns:
        complex64, shape (coil, row, col).
    """
    rows, cols = (torch.linspace(0, n - 1, nodes, device=affine.device) for n, nodes in zip(size, NODES, strict=True))
    at = torch.stack([*torch.meshgrid(rows, cols, indexing="ij")], -1)
    points = at.to(affine) @ affine[:3, :2].T + affine[:3, 3] - torso_middle.to(affine)
    coarse = torch.stack([_loop_field(points, loop) for loop in LOOPS])
    reference = torch.stack([_loop_field(points.new_zeros(3), loop) for loop in LOOPS])
    coarse = coarse / reference.abs().square().sum().sqrt()
    parts = torch.cat([coarse.real, coarse.imag])[None].float()
    fine = F.interpolate(parts, size=size, mode="bicubic", align_corners=True)[0]
    return torch.complex(*fine.chunk(2))


def _loop_field(points: Tensor, center: tuple[float, float, float]) -> Tensor:
    """Transverse field Bx - i By of a loop facing the middle, at points (..., 3)."""
    middle = points.new_tensor(center)
    normal = -middle * middle.new_tensor([0.5, 1.0, 0.0])
    normal = normal / normal.norm()
    up = normal.new_tensor([0.0, 0.0, 1.0])
    side = torch.linalg.cross(up, normal)
    turn = torch.arange(SEGMENTS, device=points.device, dtype=points.dtype) * (2 * math.pi / SEGMENTS)
    wire = middle + RADIUS_MM * (turn.cos()[:, None] * side + turn.sin()[:, None] * up)
    current = turn.cos()[:, None] * up - turn.sin()[:, None] * side
    away = points[..., None, :] - wire
    # As of a broad band: no pole at the wire, which lies in air.
    distance = (away.square().sum(-1, keepdim=True) + BAND_MM**2).sqrt()
    field = (torch.linalg.cross(current.expand_as(away), away) / distance**3).sum(-2)
    return torch.complex(field[..., 0], -field[..., 1])
