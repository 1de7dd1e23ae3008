"""Non-rigid registration of many pairs of images at once: demons with the symmetric (ESM) force.

Vercauteren et al., Diffeomorphic demons, NeuroImage 2009: the force with the mean of both images' gradients is the
second-order one (equation 9 there), and a Gaussian of the whole field after each step keeps the motion smooth. All
frames of a slice go through as one batch, coarse to fine.

Displacements are (row, col) offsets in mm from a pixel of the fixed image to its like in the moving image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the pyramid."""

    spacing: float
    """Pixel size registered at [mm]; images that are coarser stay as they are."""
    iterations: int


LEVELS = (Level(15.0, 20), Level(7.5, 15), Level(3.75, 10), Level(2.5, 10))
SMOOTHING = 2.5
"""SD of the Gaussian on the field, in the level's pixels."""
NOISE = 0.06
"""Difference in intensity that means nothing, in the images' units."""

Spacing = tuple[float, float]


def register(
    moving: torch.Tensor,
    fixed: torch.Tensor,
    start: torch.Tensor,
    spacing: Spacing,
    levels: Sequence[Level] = LEVELS,
) -> torch.Tensor:
    """Displacement that makes each moving image look like its fixed one.

    Args:
        moving: images whose SD is about 0.25, shape (time, row, col).
        fixed: images of the same contrast, same shape.
        start: first guess [mm], shape (time, 2, row, col).
        spacing: distance between rows and between columns [mm].
        levels: of the pyramid, coarse to fine.

    Returns:
        Displacement [mm], shape (time, 2, row, col).
    """
    full = tuple(moving.shape[-2:])
    field = start
    for level in levels:
        size = tuple(max(4, min(n, round(n * s / level.spacing))) for n, s in zip(full, spacing, strict=True))
        step = tuple(n * s / m for n, s, m in zip(full, spacing, size, strict=True))
        pair = (resize(moving[:, None], size)[:, 0], resize(fixed[:, None], size)[:, 0])
        field = _descend(*pair, resize(field, size), (step[0], step[1]), level.iterations)
    return resize(field, full)


def warp(images: torch.Tensor, field: torch.Tensor, spacing: Spacing) -> torch.Tensor:
    """Images read at the displaced positions, bilinear, edges held.

    Args:
        images: shape (batch, row, col) or (batch, channel, row, col).
        field: displacement [mm], shape (batch, 2, row, col).
        spacing: distance between rows and between columns [mm].
    """
    rows, columns = images.shape[-2:]
    row = (2 * torch.arange(rows, dtype=field.dtype, device=field.device) + 1) / rows - 1
    col = (2 * torch.arange(columns, dtype=field.dtype, device=field.device) + 1) / columns - 1
    # Written where it is read: stacking x and y afterwards takes as long as reading the images.
    places = field.new_empty(len(field), rows, columns, 2)
    torch.add(col, field[:, 1] * (2 / (columns * spacing[1])), out=places[..., 0])
    torch.add(row[:, None], field[:, 0] * (2 / (rows * spacing[0])), out=places[..., 1])
    stack = images if images.ndim == 4 else images[:, None]
    out = functional.grid_sample(stack, places, mode="bilinear", padding_mode="border", align_corners=False)
    return out if images.ndim == 4 else out[:, 0]


def resize(images: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    """Images on another grid over the same area, shape (batch, channel, *size)."""
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    return functional.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=True)


def smooth(images: torch.Tensor, sigma: tuple[float, float]) -> torch.Tensor:
    """Gaussian filter over the last two axes, edges held; `sigma` by axis in pixels."""
    down, across = (gaussian(n, s).to(images) for n, s in zip(images.shape[-2:], sigma, strict=True))
    return down @ images @ across.T


@lru_cache(maxsize=64)
def gaussian(size: int, sigma: float) -> torch.Tensor:
    """Matrix that filters an axis, edges held: on small images a product with it is faster than a convolution.

    Returns:
        Shape (size, size), rows sum to 1.
    """
    radius = max(1, int(3 * sigma + 0.5))
    offsets = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-0.5 * (offsets.double() / sigma) ** 2)
    source = (torch.arange(size)[:, None] + offsets).clamp(0, size - 1)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    return matrix.scatter_add_(1, source, (kernel / kernel.sum()).expand(size, -1))


def _descend(
    moving: torch.Tensor, fixed: torch.Tensor, field: torch.Tensor, step: Spacing, iterations: int
) -> torch.Tensor:
    to_mm = field.new_tensor(step)[:, None, None]
    fixed_gradient = gradient(fixed)
    for _ in range(iterations):
        warped = warp(moving, field, step)
        slope = gradient(warped).add_(fixed_gradient).mul_(0.5)
        difference = fixed - warped
        weight = slope.square().sum(1).addcmul_(difference, difference).add_(NOISE**2)
        force = slope.mul_(difference.div_(weight)[:, None])
        field = smooth(torch.addcmul(field, to_mm, force), (SMOOTHING, SMOOTHING))
    return field


def gradient(images: torch.Tensor) -> torch.Tensor:
    """Central differences per pixel, zero at the edges, shape (time, 2, row, col)."""
    slope = images.new_zeros(len(images), 2, *images.shape[1:])
    torch.sub(images[:, 2:], images[:, :-2], out=slope[:, 0, 1:-1])
    torch.sub(images[:, :, 2:], images[:, :, :-2], out=slope[:, 1, :, 1:-1])
    return slope.mul_(0.5)
