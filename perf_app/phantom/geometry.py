"""Where the slices lie in the patient: a short-axis stack."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

FIELD_OF_VIEW_MM = (270.0, 360.0)
"""Along columns and along rows of the picture."""
# The picture's right and down in a usual heart: right ventricle on the left, anterior up; LPS.
RIGHT = (math.sqrt(0.5), math.sqrt(0.5), 0.0)
DOWN = (-math.sqrt(0.125), math.sqrt(0.125), -math.sqrt(0.75))
HEART_FROM_TORSO = (40.0, -15.0, 0.0)
"""Middle of the left ventricle from the middle of the torso, LPS mm."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One slice; float64 tensors in LPS mm."""

    center: Tensor
    """Middle of the field of view, shape (3,)."""
    down: Tensor
    """Unit vector to the next row, shape (3,)."""
    right: Tensor
    """Unit vector to the next column, shape (3,)."""
    thickness_mm: float = 8.0

    @property
    def normal(self) -> Tensor:
        """Right crossed with down, as in DICOM; points to the base."""
        normal: Tensor = torch.linalg.cross(self.right, self.down)
        return normal

    def affine(self, size: tuple[int, int]) -> Tensor:
        """Pixel (row, col, 0, 1) to LPS mm for a picture of `size` that fills the field of view, shape (4, 4)."""
        row, col = (fov / n for fov, n in zip(FIELD_OF_VIEW_MM, size, strict=True))
        affine = torch.eye(4, dtype=torch.float64)
        affine[:3, 0], affine[:3, 1] = self.down * row, self.right * col
        affine[:3, 2] = self.normal * self.thickness_mm
        affine[:3, 3] = self.center - self.down * row * (size[0] - 1) / 2 - self.right * col * (size[1] - 1) / 2
        return affine


def short_axis_stack(tilt: Tensor, heart: Tensor, gap_mm: float, n_slices: int = 3) -> tuple[Plane, ...]:
    """Parallel slices from base to apex.

    Args:
        tilt: rotation of the stack about the usual one, as an axis times an angle [rad], shape (3,).
        heart: middle of the stack, LPS mm, shape (3,).
        gap_mm: between the middles of two slices.
        n_slices: how many.
    """
    x, y, z = tilt.double().tolist()
    skew = torch.tensor([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]], dtype=torch.float64)
    turn = torch.linalg.matrix_exp(skew)
    down, right = (turn @ torch.tensor(v, dtype=torch.float64) for v in (DOWN, RIGHT))
    normal = torch.linalg.cross(right, down)
    offsets = [(n_slices - 1) / 2 - k for k in range(n_slices)]
    return tuple(Plane(heart.double() + normal * gap_mm * offset, down, right) for offset in offsets)


def positions(size: tuple[int, int], device: torch.device | str = "cpu") -> Tensor:
    """Pixels' places (down, right) from the middle of the field of view [mm], shape (2, row, col)."""
    axes = (
        (torch.arange(n, device=device) - (n - 1) / 2) * (fov / n)
        for n, fov in zip(size, FIELD_OF_VIEW_MM, strict=True)
    )
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))
