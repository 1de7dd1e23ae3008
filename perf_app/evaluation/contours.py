"""How well one drawn structure of a slice is found: overlap, and distance of the boundaries.

Definitions as in Xue H et al., Radiology: Artificial Intelligence 2020;2(6):e200009.
T: pixels of the truth, F: pixels found.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt

from operators.series import BoolArray, FloatArray

FAILED = 0.5
"""A Dice coefficient below this is a failure."""


def overlap(truth: BoolArray, found: BoolArray) -> dict[str, float]:
    """Of two masks of one shape, no unit.

    Dice 2|T∩F| / (|T|+|F|); false positive |F\\T| / |T| and false negative |T\\F| / |T|, as shares of the true area;
    precision |T∩F| / |F|; recall |T∩F| / |T|. NaN where a denominator is 0.
    """
    both, true, drawn = int((truth & found).sum()), int(truth.sum()), int(found.sum())
    return {
        "dice": _share(2 * both, true + drawn),
        "false_positive": _share(drawn - both, true),
        "false_negative": _share(true - both, true),
        "precision": _share(both, drawn),
        "recall": _share(both, true),
    }


def boundary_distances(truth: BoolArray, found: BoolArray, spacing: tuple[float, float]) -> dict[str, float]:
    """Mean boundary error and Hausdorff distance [mm] of two masks (row, col); NaN where one is empty.

    A boundary is the mask's pixels that have a neighbour (of four) outside it; of a ring, both its contours. The mean
    is that of both directed means, from the truth's boundary to the found one's and back; Hausdorff is the larger of
    both directed maxima.

    Args:
        truth: as drawn.
        found: the same shape.
        spacing: of rows and of columns [mm].
    """
    if not truth.any() or not found.any():
        return {"boundary_mm": np.nan, "hausdorff_mm": np.nan}
    ours, theirs = boundary(truth), boundary(found)
    there, back = _distance_to(theirs, spacing)[ours], _distance_to(ours, spacing)[theirs]
    return {
        "boundary_mm": float(there.mean() + back.mean()) / 2,
        "hausdorff_mm": float(max(there.max(), back.max())),
    }


def boundary(mask: BoolArray) -> BoolArray:
    """Pixels of a mask with one of their four neighbours outside it; the image's edge counts as outside."""
    return np.asarray(mask & ~binary_erosion(mask))


def _distance_to(mask: BoolArray, spacing: tuple[float, float]) -> FloatArray:
    return np.asarray(distance_transform_edt(~mask, sampling=spacing))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
