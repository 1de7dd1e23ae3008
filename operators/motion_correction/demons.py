"""Non-rigid registration of many pairs of images at once: demons with the symmetric (ESM) force.

Vercauteren et al., Diffeomorphic demons, NeuroImage 2009: the force with the mean of both images' gradients is the
second-order one (equation 9 there), and a Gaussian of the whole field after each step keeps the motion smooth. All
frames of a slice go through as one batch, coarse to fine.

Displacements are (row, col) offsets in mm from a pixel of the fixed image to its like in the moving image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the pyramid."""

    spacing: float
    """Pixel size registered at [mm]; images that are coarser stay as they are."""
    iterations: int


LEVELS = (Level(7.5, 20), Level(3.75, 15))
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
    row = (2 * torch.arange(rows, dtype=field.dtype) + 1) / rows - 1
    col = (2 * torch.arange(columns, dtype=field.dtype) + 1) / columns - 1
    x = col + field[:, 1] * (2 / (columns * spacing[1]))
    y = row[:, None] + field[:, 0] * (2 / (rows * spacing[0]))
    stack = images if images.ndim == 4 else images[:, None]
    out = functional.grid_sample(
        stack, torch.stack([x, y], -1), mode="bilinear", padding_mode="border", align_corners=False
    )
    return out if images.ndim == 4 else out[:, 0]


def resize(images: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    """Images on another grid over the same area, shape (batch, channel, *size)."""
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    return functional.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=True)


def smooth(images: torch.Tensor, sigma: tuple[float, float]) -> torch.Tensor:
    """Gaussian filter over the last two axes, edges held; `sigma` by axis in pixels."""
    flat = images.reshape(-1, 1, *images.shape[-2:])
    down, across = (_gaussian(s, images.dtype) for s in sigma)
    margin = (len(down) // 2, len(across) // 2)
    flat = functional.pad(flat, (margin[1], margin[1], margin[0], margin[0]), mode="replicate")
    flat = functional.conv2d(functional.conv2d(flat, down[None, None, :, None]), across[None, None, None])
    return flat.reshape(images.shape)


def _gaussian(sigma: float, dtype: torch.dtype) -> torch.Tensor:
    radius = max(1, int(3 * sigma + 0.5))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=dtype) / sigma) ** 2)
    return kernel / kernel.sum()


def _descend(
    moving: torch.Tensor, fixed: torch.Tensor, field: torch.Tensor, step: Spacing, iterations: int
) -> torch.Tensor:
    to_mm = torch.tensor(step, dtype=field.dtype)[:, None, None]
    fixed_gradient = _gradient(fixed)
    for _ in range(iterations):
        warped = warp(moving, field, step)
        gradient = 0.5 * (fixed_gradient + _gradient(warped))
        difference = fixed - warped
        weight = (gradient**2).sum(1) + difference**2 + NOISE**2
        force = gradient * (difference / weight)[:, None]
        field = smooth(field + to_mm * force, (SMOOTHING, SMOOTHING))
    return field


def _gradient(images: torch.Tensor) -> torch.Tensor:
    """Central differences per pixel, shape (time, 2, row, col)."""
    return torch.stack(torch.gradient(images, dim=(1, 2)), dim=1)
