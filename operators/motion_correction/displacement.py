"""Arithmetic of displacement fields: composing, inverting, applying, telling whether they fold.

A displacement u maps a pixel x of one image to x + u(x) in another; values are (row, col) offsets in mm.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from operators.motion_correction.demons import Spacing, warp
from operators.series import FloatArray

INVERSION_STEPS = 30


def rebase(field: torch.Tensor, reference: int, spacing: Spacing) -> torch.Tensor:
    """Displacement on the reference frame's own grid, from displacement on the model's.

    A point x of the model lies at x + u_t(x) in frame t. Seen from the reference frame's pixel y = x + u_r(x), it lies
    at y + v_t(y) with v_t = w + u_t(id + w), where w is the inverse of u_r. The reference frame's own v is zero.

    Args:
        field: u of each frame [mm], shape (time, 2, row, col).
        reference: index r of the frame that stays as it is.
        spacing: distance between rows and between columns [mm].

    Returns:
        v of each frame [mm], same shape.
    """
    inverse = invert(field[reference : reference + 1], spacing)
    rebased = inverse + warp(field, inverse.expand_as(field), spacing)
    rebased[reference] = 0
    return rebased


def invert(field: torch.Tensor, spacing: Spacing) -> torch.Tensor:
    """Inverse w of a displacement without folds: w = -u(id + w), by fixed-point iteration, same shape."""
    inverse = -field
    for _ in range(INVERSION_STEPS):
        inverse = -warp(field, inverse, spacing)
    return inverse


def pull(images: FloatArray, field: FloatArray, spacing: Spacing) -> FloatArray:
    """Images read at the displaced positions with one cubic interpolation; a frame without motion is left as it is.

    Args:
        images: shape (time, row, col).
        field: displacement [mm], shape (time, 2, row, col).
        spacing: distance between rows and between columns [mm].

    Returns:
        Images held still, float32, same shape.
    """
    rows, columns = images.shape[1:]
    grid = np.mgrid[:rows, :columns].astype(np.float64)
    pulled = np.array(images, np.float32)
    for t, (image, offset) in enumerate(zip(images, field, strict=True)):
        if np.any(offset):
            position = grid + offset / np.array(spacing)[:, None, None]
            pulled[t] = ndimage.map_coordinates(image.astype(np.float64), position, order=3, mode="nearest")
    return pulled


def jacobian(field: FloatArray, spacing: Spacing) -> FloatArray:
    """Local change of area by each displacement, shape (time, row, col): 1 keeps it, 0 or less folds."""
    (row_row, row_col), (col_row, col_col) = (
        (np.gradient(field[:, axis], spacing[0], axis=1), np.gradient(field[:, axis], spacing[1], axis=2))
        for axis in (0, 1)
    )
    return np.asarray((1 + row_row) * (1 + col_col) - row_col * col_row)
