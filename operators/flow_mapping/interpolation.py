"""Curves between the entries of a table: cubic splines along every axis, smooth to their second derivative.

What is compared between fits, such as the delay's posterior, must not jump where the nearest entry changes.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from operators.series import FloatArray

_CUBIC = np.array([[1, 4, 1, 0], [-3, 0, 3, 0], [3, -6, 3, 0], [-1, 3, -3, 1]]) / 6
"""Powers of the way through a cell, from 0, to weights of the B-splines about it."""


class Interpolant:
    """Tensor product of uniform cubic B-splines.

    Args:
        values: at the grid's points, at least four along each axis, shape (axis 1, ..., axis n, value).
        axes: coordinates along each axis, equally spaced.
        device: where to read.
    """

    def __init__(self, values: FloatArray, axes: tuple[FloatArray, ...], device: torch.device) -> None:
        self.dimensions, self.size = len(axes), values.shape[-1]
        # By torch: numpy's threads would go on waiting, busily, beside those that fit slices.
        splines = torch.from_numpy(values)
        for axis, coordinates in enumerate(axes):
            splines = torch.tensordot(_to_splines(len(coordinates)), splines, ([1], [axis])).movedim(0, axis)
        strides = np.cumprod([1, *splines.shape[-2:0:-1]])[::-1]
        splines = splines.reshape(-1, self.size).float()
        # Each with the three after it along the last axis: what is needed together lies together.
        together = torch.cat([splines.roll(-k, 0) for k in range(4)], dim=1)
        about = np.stack(np.meshgrid(*[range(4)] * (self.dimensions - 1), indexing="ij"), axis=-1)
        about = about.reshape(-1, self.dimensions - 1) @ strides[:-1]

        def tensor(array: FloatArray, kind: type = np.float32) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(array, kind)).to(device)

        self.splines, self.cubic = together.to(device), tensor(_CUBIC)
        self.strides, self.about = tensor(strides, np.int64), tensor(about, np.int64)
        self.sloped = tensor(np.eye(1 + self.dimensions, self.dimensions, -1, dtype=bool)[..., None], bool)
        self.lowest = tensor(np.array([one[0] for one in axes]))
        self.steps = tensor(np.array([one[1] - one[0] for one in axes]))
        self.last_cell = tensor(np.array([len(one) - 2 for one in axes]))

    def read(self, places: torch.Tensor) -> torch.Tensor:
        """Values at places within the grid, and their derivatives along each axis.

        Args:
            places: coordinates, shape (place, axis).

        Returns:
            Shape (place, 1 + axis, value).
        """
        position = (places - self.lowest) / self.steps
        cell = torch.minimum(position.floor(), self.last_cell).clamp_min(0)
        part = (position - cell)[..., None]
        one = torch.ones_like(part)
        level = torch.cat([one, part, part**2, part**3], dim=-1) @ self.cubic
        slope = torch.cat([0 * one, one, 2 * part, 3 * part**2], dim=-1) @ self.cubic / self.steps[:, None]
        # Along each axis, for the value and for each derivative, which takes the slope along its own axis.
        along = torch.where(self.sloped, slope[:, None], level[:, None])
        weights = along[:, :, 0]
        for axis in range(1, self.dimensions):
            weights = (weights[..., None] * along[:, :, axis, None]).flatten(2)
        which = (cell.long() @ self.strides)[:, None] + self.about
        # Copies rows as a whole, in a fifth of the time that indexing by brackets takes.
        near = self.splines.index_select(0, which.flatten())
        return weights @ near.reshape(len(places), 4 * len(self.about), self.size)


@cache
def _to_splines(samples: int) -> torch.Tensor:
    """Coefficients of the spline through samples, by what they are made of them, shape (sample + 2, sample)."""
    size = samples + 2
    conditions = np.zeros((size, size))
    for row in range(samples):
        conditions[row, row : row + 3] = 1 / 6, 4 / 6, 1 / 6
    # Not a knot: the third derivative goes on through the second sample and the last but one.
    conditions[samples, :5] = conditions[samples + 1, -5:] = 1, -4, 6, -4, 1
    return torch.from_numpy(np.linalg.inv(conditions)[:, :samples])
