"""The torso about the heart: an elliptic cylinder with skin fat and muscle, air outside it."""

from __future__ import annotations

import torch
from torch import Tensor

from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.shapes import inside

HALF_AXES_MM = (178.0, 118.0)
"""Left and posterior."""
FAT_MM = 14.0
MUSCLE_MM = 26.0
EDGE_MM = 2.0


def enclose(fractions: Tensor, affines: Tensor, torso_middle: Tensor) -> tuple[Tensor, Tensor]:
    """Lay fat and muscle about everything that was drawn.

    Args:
        fractions: shares of tissues, shape (slice, tissue, row, col).
        affines: of the slices' grids, shape (slice, 4, 4).
        torso_middle: LPS mm, shape (3,).

    Returns:
        New shares, and the share of each pixel that isn't air, shape (slice, row, col).
    """
    depth = _depth(affines, (fractions.shape[-2], fractions.shape[-1]), torso_middle).to(fractions)
    body, below_skin, within = (inside(depth - d, EDGE_MM) for d in (0.0, FAT_MM, FAT_MM + MUSCLE_MM))
    wall = body - within
    # The heart and what was drawn of the chest wall stay in front; the rib cage only replaces lung.
    free = fractions[:, Tissue.LUNG] * wall
    enclosed = fractions.clone()
    enclosed[:, Tissue.LUNG] -= free
    enclosed[:, Tissue.CHEST_WALL] += free * below_skin
    enclosed[:, Tissue.FAT] += free * (1 - below_skin)
    return enclosed, body


def _depth(affines: Tensor, size: tuple[int, int], middle: Tensor) -> Tensor:
    """How far inside the torso's skin each pixel lies [mm], shape (slice, row, col)."""
    rows, cols = (torch.arange(n, dtype=torch.float64, device=affines.device) for n in size)
    at = torch.stack(torch.meshgrid(rows, cols, indexing="ij"), -1)
    points = torch.einsum("rci,sxi->srcx", at, affines[:, :3, :2]) + affines[:, None, None, :3, 3]
    left, posterior = ((points - middle.to(affines))[..., axis] for axis in (0, 1))
    relative = torch.hypot(left / HALF_AXES_MM[0], posterior / HALF_AXES_MM[1]).clamp(min=1e-6)
    # Along the ray from the middle, shortened to the distance at right angles to the skin, roughly.
    return (1 - relative) * torch.hypot(left, posterior).clamp(min=1.0) / relative * _slant(left, posterior)


def _slant(left: Tensor, posterior: Tensor) -> Tensor:
    """Cosine between the ray from the middle and the skin's normal."""
    a, b = HALF_AXES_MM
    normal = torch.stack([left / a**2, posterior / b**2])
    ray = torch.stack([left, posterior])
    cosine: Tensor = (normal * ray).sum(0) / (normal.norm(dim=0) * ray.norm(dim=0)).clamp(min=1e-30)
    return cosine
