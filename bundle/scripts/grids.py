"""Between a source image's pixels and the network's: 1 mm, a fixed size, the heart in the middle, displayed upright."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

FloatArray = npt.NDArray[np.float64]

DOWN_LPS = np.array([-0.354, 0.354, -0.848])
RIGHT_LPS = np.array([0.707, 0.707, 0.0])
"""Where down and right of a short-axis image point in a usual heart: right ventricle on the left, anterior up."""
CLEARLY_BETTER = 0.5


def display_turn(affine: FloatArray) -> FloatArray:
    """Signed permutation from offsets as displayed (down, right) to offsets along the array's two in-plane axes.

    DICOM pixels are stored as they are displayed, NIfTI voxels are not. The array's own axes are kept unless another
    order or direction fits a short-axis view clearly better. An identity affine means that nobody recorded the
    geometry; the array is then taken as displayed.

    Args:
        affine: voxel to RAS mm, 4 x 4.

    Returns:
        Shape (2, 2), entries -1, 0 and 1.
    """
    own = np.eye(2)
    if np.allclose(affine, np.eye(4)):
        return own
    axes = affine[:3, :2] * np.array([-1.0, -1.0, 1.0])[:, None]
    axes = axes / np.linalg.norm(axes, axis=0)

    def fit(turn: FloatArray) -> float:
        down, right = (axes @ turn).T
        return float(down @ DOWN_LPS + right @ RIGHT_LPS)

    turns = [
        np.diag(signs)[:, list(order)]
        for order in ((0, 1), (1, 0))
        for signs in itertools.product((1.0, -1.0), repeat=2)
    ]
    best = max(turns, key=fit)
    return best if fit(best) > fit(own) + CLEARLY_BETTER else own


def crop_grid(
    center: tuple[float, float], spacing: tuple[float, float], turn: FloatArray, size: tuple[int, int], step: float
) -> Tensor:
    """Affine map from the crop's pixels to the source's, so that `center` lies in the middle of the crop.

    Args:
        center: source row and column; rounded to a whole pixel, so that shifting the image by pixels shifts the result.
        spacing: of the source's rows and columns [mm].
        turn: from `display_turn`.
        size: of the crop [pixels].
        step: pixel size of the crop [mm].

    Returns:
        float64, shape (2, 3): source = grid @ (row, col, 1).
    """
    linear = np.diag(1 / np.asarray(spacing)) @ turn * step
    middle = (np.asarray(size) - 1) / 2
    offset = np.round(center) - linear @ middle
    return torch.from_numpy(np.column_stack([linear, offset]))


def invert(grid: Tensor) -> Tensor:
    """Map from the source's pixels to the crop's, shape (2, 3)."""
    linear = torch.linalg.inv(grid[:, :2])
    return torch.cat([linear, -linear @ grid[:, 2:]], dim=1)


def finer(grid: Tensor, factor: int) -> Tensor:
    """The same map for pixels cut into `factor` x `factor` each."""
    middle = torch.full((2,), (1 - factor) / (2 * factor), dtype=grid.dtype)
    return torch.column_stack([grid[:, :2] / factor, grid[:, 2] + grid[:, :2] @ middle])


def sample(image: Tensor, grid: Tensor, size: tuple[int, int], mode: str = "bilinear") -> tuple[Tensor, Tensor]:
    """Read an image at the points a grid names.

    Args:
        image: shape (channel, row, col).
        grid: from pixels of the result to those of the image, shape (2, 3).
        size: rows and columns of the result.
        mode: bilinear or nearest.

    Returns:
        Values float32, shape (channel, *size), edge values outside the image; and which pixels lie inside it, shape
        `size`.
    """
    rows, cols = (torch.arange(n, dtype=torch.float64, device=image.device) for n in size)
    at = torch.stack([*torch.meshgrid(rows, cols, indexing="ij"), torch.ones(size, dtype=torch.float64)], dim=-1)
    points = at @ grid.to(image.device).T
    shape = torch.tensor(image.shape[1:], dtype=torch.float64, device=image.device)
    inside = ((points >= -0.5) & (points <= shape - 0.5)).all(-1)
    unit = ((2 * points + 1) / shape - 1).flip(-1).float()
    values = functional.grid_sample(
        image[None].float(), unit[None], mode=mode, padding_mode="border", align_corners=False
    )
    return values[0], inside
