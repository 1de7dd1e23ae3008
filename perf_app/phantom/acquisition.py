"""From the magnetisation to pictures: coils, every R-th line of k-space, noise, unfolding, interpolation.

Readout runs along rows of the picture, phase encoding along its columns. SENSE reconstruction (Pruessmann et al., Magn
Reson Med 1999;42:952) with the coils' true sensitivities gives noise its real pattern; the end of k-space gives Gibbs
ringing, and so dark rims. As without a normalisation filter, pictures keep the coils' shading.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Sensitivity = Callable[[tuple[int, int]], Tensor]
"""Coil maps (coil, row, col) on a grid of rows x columns that covers the field of view."""
REGULARISATION = 1e-4
"""Of the unfolding, as a share of the coils' power."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """What is sampled, and the picture made of it."""

    columns: int
    """Samples of the readout, and columns of the picture."""
    lines: int
    """Phase encoding lines of the full k-space; a multiple of the acceleration."""
    acceleration: int
    rows: int
    """Of the picture; at least the lines, interpolated by zero filling."""
    fine_rows: int
    """Of the grid that the patient is drawn on."""
    fine_columns: int
    edge_weight: float = 1.0
    """Of the outermost frequencies; the filter is a raised cosine. 1: none, 0.08: Hamming's."""


MAIN_MATRIX = Matrix(columns=192, lines=111, acceleration=3, rows=144, fine_rows=288, fine_columns=384, edge_weight=0.5)
AIF_MATRIX = Matrix(columns=64, lines=36, acceleration=2, rows=48, fine_rows=144, fine_columns=192, edge_weight=0.75)


class Encoder:
    """Takes pictures of one slice.

    Args:
        matrix: what is sampled.
        sensitivity: the coils.
        device: where to compute.
    """

    def __init__(self, matrix: Matrix, sensitivity: Sensitivity, device: torch.device | str = "cpu") -> None:
        m, self.matrix, self.device = matrix, matrix, torch.device(device)
        sampled = m.lines // m.acceleration
        lines = m.acceleration * (torch.arange(sampled) - sampled // 2)
        full = torch.arange(m.lines) - m.lines // 2
        read = torch.arange(m.columns) - m.columns // 2
        self._readout = _resample(read, m.fine_columns, m.columns).real.contiguous().to(device)
        self._fold = (_resample(lines, m.fine_rows, m.lines)[:sampled] * m.acceleration).to(device)
        self._interpolate = _resample(full, m.lines, m.rows, m.edge_weight).to(device)
        self._filter = _resample(read, m.columns, m.columns, m.edge_weight).to(device)
        self._kept = math.sqrt(float(_window(full, m.edge_weight).square().mean()))
        self._kept *= math.sqrt(float(_window(read, m.edge_weight).square().mean()))
        self._coils = sensitivity((m.fine_rows, m.columns)).to(device)
        self.shading = sensitivity((m.rows, m.columns)).to(device).abs().square().sum(0).sqrt()
        """Root sum of squares of the coils on the picture's grid, shape (row, col)."""
        coils = sensitivity((m.lines, m.columns)).to(device)
        self._unfold, self._variance = _unfolding(coils, m.acceleration)

    def noise_factor(self) -> Tensor:
        """SD of the picture's noise for unit noise in each coil's folded picture, shape (row, col)."""
        deviation = self._variance.sqrt()
        rows = torch.linspace(0, len(deviation) - 1, self.matrix.rows, device=self.device).round().long()
        return deviation[rows] * self.shading * self._kept

    def picture(self, magnetisation: Tensor, noise: float, generator: torch.Generator) -> Tensor:
        """Magnitude pictures.

        Args:
            magnetisation: transverse, on the fine grid, shape (time, row, col).
            noise: SD of real and of imaginary part in each coil's folded picture.
            generator: source of the noise.

        Returns:
            Shape (time, row, col) on the picture's grid.
        """
        lean = magnetisation @ self._readout.T
        folded = torch.stack([self._fold @ (lean * coil) for coil in self._coils], 1)
        shape = (*folded.shape, 2)
        disturbance = torch.randn(shape, generator=generator, device=self.device) * noise
        folded = folded + torch.view_as_complex(disturbance)
        unfolded = torch.einsum("frxm,tmrx->tfrx", self._unfold, folded).flatten(1, 2)
        picture: Tensor = (self._interpolate @ unfolded @ self._filter.T).abs() * self.shading
        return picture


def _resample(frequencies: Tensor, samples: int, result: int, edge_weight: float = 1.0) -> Tensor:
    """Fourier series of `samples` values, cut to some frequencies, filtered, evaluated at `result` places; both grids
    are centred in one field of view. Shape (result, sample)."""
    to, back = _waves(frequencies, samples), _waves(frequencies, result)
    return (back.mH * _window(frequencies, edge_weight) @ to / samples).to(torch.complex64)


def _window(frequencies: Tensor, edge_weight: float) -> Tensor:
    """Raised cosine, 1 in the middle, shape (frequency,)."""
    relative = frequencies / frequencies.abs().max()
    return (1 + edge_weight) / 2 + (1 - edge_weight) / 2 * torch.cos(math.pi * relative.double())


def _waves(frequencies: Tensor, samples: int) -> Tensor:
    """exp(-2 pi i k y) of samples centred in a field of view of 1, shape (frequency, sample)."""
    at = (torch.arange(samples, dtype=torch.float64) - (samples - 1) / 2) / samples
    phase = -2 * math.pi * frequencies[:, None] * at
    return torch.polar(torch.ones_like(phase), phase)


def _unfolding(coils: Tensor, fold: int) -> tuple[Tensor, Tensor]:
    """Matrices that unfold (fold, row, col, coil), and the variance they leave (line, col)."""
    n_coils, lines, columns = coils.shape
    layers = coils.view(n_coils, fold, lines // fold, columns).permute(2, 3, 0, 1)
    normal = layers.mH @ layers
    trace = normal.diagonal(dim1=-2, dim2=-1).real.sum(-1)[..., None, None]
    normal = normal + REGULARISATION * trace * torch.eye(fold, device=coils.device)
    unfold = torch.linalg.solve(normal, layers.mH)
    variance = unfold.abs().square().sum(-1).permute(2, 0, 1).flatten(0, 1)
    return unfold.permute(2, 0, 1, 3), variance
