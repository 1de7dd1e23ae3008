"""Motion refined within the few patterns that a series' own motion is made of.

A smooth field found frame by frame falls short where a heart fills less than usual, or before contrast shows its wall:
the smoothing holds back what the images only weakly ask for. But a heart's frames share their patterns of motion:
breathing, filling. The first principal components of all frames' displacements are these, and each frame's part of each
is told by the whole heart at once: a least-squares fit of a few numbers, by Gauss-Newton steps, with no smoothing.
"""

from __future__ import annotations

import torch

from operators.motion_correction.demons import Spacing, gradient, warp

MODES = 4
STEPS = 3
REACH = 22.0
"""SD of the Gaussian about the box's middle by which pixels count [mm]: the left ventricle."""
OUTLIER = 0.15
"""Difference in intensity at which a pixel counts half, in the images' units: it shows what the model doesn't."""
FARTHEST = 2.0
"""Largest step along a pattern [mm RMS]."""
RIDGE = 1e-3
"""Of the mean curvature, added to each pattern's: one that a frame doesn't show stays as it is."""


def refine(moving: torch.Tensor, fixed: torch.Tensor, field: torch.Tensor, spacing: Spacing) -> torch.Tensor:
    """Displacement whose parts along its own patterns make each moving image look most like its fixed one.

    Args:
        moving: heart in the middle, SD about 0.25, shape (time, row, col).
        fixed: images of the same contrast, same shape.
        field: displacement found so far [mm], shape (time, 2, row, col).
        spacing: distance between rows and between columns [mm].

    Returns:
        Displacement [mm], same shape.
    """
    patterns = _patterns(field)
    flat = patterns.flatten(2)
    to_pixels = field.new_tensor(spacing)[:, None, None]
    near = _near(field.shape[-2:], spacing).to(field)
    fixed_gradient = gradient(fixed)
    for _ in range(STEPS):
        warped = warp(moving, field, spacing)
        left = fixed - warped
        slope = 0.5 * (fixed_gradient + gradient(warped)) / to_pixels
        down, across = slope.flatten(2).unbind(1)
        along = down[:, None] * flat[:, 0] + across[:, None] * flat[:, 1]
        weighted = along * (near / (1 + (left / OUTLIER) ** 2)).flatten(1)[:, None]
        curvature = weighted @ along.mT
        diagonal = curvature.diagonal(dim1=1, dim2=2)
        diagonal += RIDGE * diagonal.mean(1, keepdim=True) + torch.finfo(field.dtype).eps
        step = torch.linalg.solve(curvature, weighted @ left.flatten(1)[..., None])[..., 0]
        field = field + (step.clamp(-FARTHEST, FARTHEST) @ patterns.flatten(1)).view_as(field)
    return field


def _patterns(field: torch.Tensor) -> torch.Tensor:
    """Principal components of the frames' displacements, each of RMS 1, shape (mode, 2, row, col)."""
    flat = field.flatten(1).double()
    _, weights = torch.linalg.eigh(flat @ flat.T)
    patterns = weights[:, -min(MODES, len(flat)) :].T @ flat
    size = patterns.square().mean(1, keepdim=True).sqrt().clamp_min(torch.finfo(field.dtype).eps)
    scaled: torch.Tensor = (patterns / size).to(field.dtype)
    return scaled.view(-1, *field.shape[1:])


def _near(size: torch.Size, spacing: Spacing) -> torch.Tensor:
    """Weight of each pixel, shape (row, col)."""
    down, across = (
        torch.exp(-0.5 * ((torch.arange(n) - (n - 1) / 2) * step / REACH) ** 2)
        for n, step in zip(size, spacing, strict=True)
    )
    return down[:, None] * across
