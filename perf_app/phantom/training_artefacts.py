"""What scanners add to a first pass, for training: dark rims, ghosts, uneven noise, thick slices. All are optional.

Each is drawn at random far beyond what a study shows, and missing in a share of the slices, so that clean series are
still learned from.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from perf_app.phantom.shapes import Draw


def some_slices(draw: Draw, probability: float, high: float) -> Tensor:
    """Strength between 0 and `high` in a share of the slices and 0 in the others, shape (patient, slice)."""
    return draw.chance(probability) * draw.slice((0.0, high))


def severity(draw: Draw, clean: float) -> Tensor:
    """How much of everything that disturbs a patient's pictures, shape (patient, 1): 1, or little in a clean study.

    `clean` is the probability of that.

    Without it every series would be spoilt in some way, and a clean one would be new to the network: it then puts
    outlines where a blurred picture's would be.
    """
    good = draw.patient((0.0, 1.0)) < clean
    return torch.where(good, draw.patient((0.03, 0.5)), 1.0)


def dark_rim(draw: Draw, wall: Tensor, wall_depth: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
    """A thin dark band beneath the endocardium that comes and goes with the bright blood beside it.

    Args:
        draw: source of random numbers.
        wall: share of myocardium, shape (patient, slice, row, col).
        wall_depth: 0 endocardial to 1 epicardial, same shape.
        pool: the blood's signal, shape (patient, slice, frame).

    Returns:
        A map, shape (patient, slice, 1, row, col), and its curve, shape (patient, slice, 1, frame): to be added.
    """
    width = draw.slice((0.08, 0.35))[..., None, None]
    rim = wall * torch.exp(-(wall_depth / width).square())
    strength = some_slices(draw, 0.35, 0.35)[..., None]
    above = pool - pool.amin(-1, keepdim=True)
    return rim[:, :, None], (-strength * above)[:, :, None]


def thick_slice(draw: Draw, maps: Tensor, strength: Tensor) -> Tensor:
    """Blur across edges that are slanted through the slice: the mean of the maps drawn larger and smaller.

    Args:
        draw: source of random numbers.
        maps: shape (patient, slice, map, row, col).
        strength: of the blur, shape (patient, 1).
    """
    p, s, m, rows, cols = maps.shape
    slant = (strength * some_slices(draw, 0.6, 0.07)).flatten()
    flat = maps.flatten(0, 1)
    views = []
    for scale in (1 + slant, 1 / (1 + slant)):
        turn = torch.zeros(p * s, 2, 3, device=maps.device)
        turn[:, 0, 0] = turn[:, 1, 1] = scale
        grid = F.affine_grid(turn, [p * s, m, rows, cols], align_corners=False)
        views.append(F.grid_sample(flat, grid, padding_mode="border", align_corners=False))
    return ((views[0] + views[1]) / 2).view(maps.shape)


def ghosts(draw: Draw, series: Tensor, strength: Tensor) -> Tensor:
    """A weak copy, half or a third of the field of view away, whose strength changes from frame to frame.

    Args:
        draw: source of random numbers.
        series: shape (patient, slice, frame, row, col).
        strength: of the copy, shape (patient, 1).
    """
    share = (strength * some_slices(draw, 0.25, 0.06))[..., None, None, None]
    pulse = draw.normal(*series.shape[:3])[..., None, None]
    parts = int(draw.uniform((2, 4), 1))
    axis = -1 - int(draw.uniform((0, 2), 1))
    return series + share * pulse * series.roll(series.shape[axis] // parts, axis)


def uneven_noise(draw: Draw, n_pixels: int) -> Tensor:
    """How noise is amplified where coils hardly tell folded pixels apart: bands across the image, at least 1.

    Returns:
        Shape (patient, slice, row, col).
    """
    line = torch.linspace(-1, 1, n_pixels, device=draw.generator.device)
    centre, width = (draw.patient(r).expand(-1, draw.n_slices)[..., None] for r in ((-0.5, 0.5), (0.08, 0.5)))
    band = some_slices(draw, 0.5, 1.5)[..., None] * torch.exp(-(((line - centre) / width) ** 2))
    along = draw.patient((0, 1))[..., None, None] < 0.5
    return 1 + torch.where(along, band[..., :, None], band[..., None, :])
