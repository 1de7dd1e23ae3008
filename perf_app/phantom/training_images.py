"""From tissue maps and curves to series as the network meets them: resolution, motion, coil, noise, clutter.

Everything is linear in the tissue maps until the noise, so the maps are blurred once, not every frame.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from perf_app.phantom import shapes
from perf_app.phantom.shapes import Draw, Range


def acquire_maps(draw: Draw, maps: Tensor, n_pixels: int, resolved: Range) -> Tensor:
    """Maps on a coarser grid as a scanner resolves them: k-space cut off, unequally in two directions, part apodised.

    Args:
        draw: source of random numbers.
        maps: shape (patient, slice, map, row, col), rows = columns.
        n_pixels: rows and columns of the result, which covers the same square.
        resolved: highest frequencies that are acquired [1/pixel].

    Returns:
        Shape (patient, slice, map, n_pixels, n_pixels).
    """
    size = maps.shape[-1]
    spectrum = torch.fft.rfft2(maps, norm="forward")
    half = n_pixels // 2
    rows = torch.cat([spectrum[..., : n_pixels - half, : half + 1], spectrum[..., size - half :, : half + 1]], dim=-2)
    device = maps.device
    frequency = (torch.fft.fftfreq(n_pixels, device=device), torch.fft.rfftfreq(n_pixels, device=device))
    shift = 0.5 / n_pixels - 0.5 / size
    for axis, shape in enumerate(((-1, 1), (1, -1))):
        cutoff = draw.slice(resolved)[..., None]
        slope = draw.slice((0.02, 0.30))[..., None]
        window = ((cutoff - frequency[axis].abs()) / slope).clamp(0, 1)
        window = 0.5 - 0.5 * torch.cos(torch.pi * window)
        # Pixel centres of the two grids differ by a fraction of a pixel.
        index = frequency[axis] * n_pixels
        phase = torch.polar(window, (2 * torch.pi * shift * index).expand_as(window))
        rows = rows * phase.view(*phase.shape[:2], 1, *shape)
    acquired: Tensor = torch.fft.irfft2(rows, s=(n_pixels, n_pixels), norm="forward")
    return acquired


def motion(draw: Draw, n_frames: int, reference: Tensor) -> Tensor:
    """Shift of each frame [mm], zero in the reference frame: nothing, what a correction leaves, or free breathing.

    Args:
        draw: source of random numbers.
        n_frames: how many.
        reference: index of the reference frame, shape (patient, slice).

    Returns:
        (row, col) shift, shape (patient, slice, frame, 2).
    """
    p, s = draw.n_patients, draw.n_slices
    kind = draw.slice((0, 1))
    frames = torch.arange(n_frames, device=kind.device)
    period = draw.slice((2.5, 9.0))[..., None]
    swing = (
        torch.sin(torch.pi * frames / period + draw.slice((0, 6.3))[..., None]).abs().pow(draw.slice((1, 3))[..., None])
    )
    breathing = torch.where(kind > 0.70, draw.slice((1.0, 9.0)), torch.where(kind > 0.3, draw.slice((0.0, 1.5)), 0.0))
    direction = draw.slice((0, 2 * torch.pi))
    along = torch.stack([direction.sin(), direction.cos()], -1)[:, :, None]
    residual = torch.where(kind > 0.3, draw.slice((0.1, 0.9)), 0.0)[..., None, None]
    shift = breathing[..., None, None] * swing[..., None] * along + residual * draw.normal(p, s, n_frames, 2)
    return shift - shift.gather(2, reference[..., None, None].expand(-1, -1, 1, 2))


def move(draw: Draw, series: Tensor, shift_pixels: Tensor) -> Tensor:
    """Shift every frame, some by a different amount in different places.

    Args:
        draw: source of random numbers.
        series: shape (patient, slice, frame, row, col).
        shift_pixels: (row, col), shape (patient, slice, frame, 2).
    """
    p, s, t, n, _ = series.shape
    local = 1 + draw.slice((0.0, 0.4))[..., None, None] * shapes.smooth_field(draw, (n, n), 3)[:, :, 0]
    line = (torch.arange(n, device=series.device) * 2 + 1) / n - 1
    offset = shift_pixels[..., None, None, :] * local[:, :, None, :, :, None] * (2 / n)
    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1) + offset
    flat = series.reshape(p * s * t, 1, n, n)
    warped = F.grid_sample(flat, grid.flip(-1).reshape(p * s * t, n, n, 2), padding_mode="border", align_corners=False)
    return warped.view(p, s, t, n, n)


def clutter(draw: Draw, n_pixels: int, n_frames: int, strength: Tensor) -> tuple[Tensor, Tensor]:
    """Smooth patterns that come and go, as undersampling leaves them: maps and curves to add, three of each."""
    maps = shapes.smooth_field(draw, (n_pixels, n_pixels), 9, 3)
    curves = draw.normal(draw.n_patients, draw.n_slices, 3, n_frames)
    slow = draw.normal(draw.n_patients, draw.n_slices, 3, n_frames).cumsum(-1) / n_frames**0.5
    return maps, (0.6 * curves + slow) * strength[..., None, None]


def coil_shading(draw: Draw, n_pixels: int, size_mm: float, strength: Tensor) -> Tensor:
    """Receiver sensitivity that falls away from one side, 1 in the middle, shape (patient, slice, row, col).

    Args:
        draw: source of random numbers.
        n_pixels: rows and columns.
        size_mm: what they cover.
        strength: logarithm of the change over 50 mm, shape (patient, slice).
    """
    line = torch.linspace(-size_mm / 2, size_mm / 2, n_pixels, device=strength.device)
    direction = draw.patient((0, 2 * torch.pi))[..., None, None]
    along = direction.cos() * line[:, None] + direction.sin() * line
    wavy = shapes.smooth_field(draw, (n_pixels, n_pixels), 2)[:, :, 0]
    # Far from the middle it levels out.
    return torch.exp(strength[..., None, None] * (1.4 * torch.tanh(along / 70) + 0.3 * wavy))


def add_noise(draw: Draw, series: Tensor, deviation: Tensor, magnitude: Tensor) -> Tensor:
    """Gaussian noise, as Rician magnitude where asked; `deviation` and `magnitude` broadcast to the series."""
    noise = torch.randn(series.shape, generator=draw.generator, device=series.device)
    other = noise.flip(-1, -3) * deviation
    noisy = series + noise * deviation
    return torch.where(magnitude, torch.hypot(noisy, other), noisy)
