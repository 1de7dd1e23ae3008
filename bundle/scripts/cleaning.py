"""What can't be a heart is taken out of a slice's labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

LV_CAVITY, MYOCARDIUM, RV = 1, 2, 3
Labels = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]

TOUCHING_PIXELS = 4
"""How far from the left ventricle the right one may begin."""
NECK = 0.4
"""What hangs on the ventricle by a neck narrower than this share of its width is no part of it."""
SLACK_PIXELS = 1.0
"""How far corners may stand out from the round ventricle."""
PASSES = 10
"""At most; one is enough for a heart."""


def keep_heart(labels: Labels) -> npt.NDArray[np.uint8]:
    """Keep one left ventricle (cavity and wall together), and the largest right ventricle beside it.

    What only hangs on the ventricle by a narrow neck and specks that don't touch it become background; what the cavity
    surrounds (papillary muscles) and holes beside it become cavity, other holes wall. An opening of the wall's ring is
    left: it may be the outflow tract.

    Args:
        labels: 0 background, 1 LV cavity, 2 myocardium, 3 RV; shape (row, col).
    """
    for _ in range(PASSES):
        clean = _clean(labels)
        if np.array_equal(clean, labels):
            break
        labels = clean
    return clean


def _clean(labels: Labels) -> npt.NDArray[np.uint8]:
    ventricle = _largest(_without_appendages(np.isin(labels, (LV_CAVITY, MYOCARDIUM))))
    filled = ndimage.binary_fill_holes(ventricle)
    cavity = ndimage.binary_fill_holes(_largest(filled & ((labels == LV_CAVITY) | ~ventricle)))
    wall = _largest(filled & ~cavity)
    near = ndimage.binary_dilation(wall | cavity, iterations=TOUCHING_PIXELS)
    right = _largest(labels == RV, near)
    result = np.zeros(labels.shape, np.uint8)
    result[right] = RV
    result[wall] = MYOCARDIUM
    result[cavity] = LV_CAVITY
    return result


def _without_appendages(ventricle: Mask) -> Mask:
    """Opened by a disk nearly as wide as the ventricle allows: it is round, leaks along the RV's wall aren't."""
    depth = ndimage.distance_transform_edt(np.pad(ndimage.binary_fill_holes(ventricle), 1))[1:-1, 1:-1]
    radius = NECK * depth.max()
    core = depth > radius
    if not core.any():
        return ventricle
    kept: Mask = ventricle & (ndimage.distance_transform_edt(~core) <= radius + SLACK_PIXELS)
    return kept


def _largest(mask: Mask, near: Mask | None = None) -> Mask:
    """The largest connected part, among those that reach into `near` where it is given."""
    parts, n_parts = ndimage.label(mask)
    sizes = np.bincount(parts.ravel(), minlength=n_parts + 1)
    sizes[0] = 0
    if near is not None:
        sizes[~np.isin(np.arange(n_parts + 1), parts[near])] = 0
    return (parts == sizes.argmax()) & mask if sizes.any() else np.zeros_like(mask)
