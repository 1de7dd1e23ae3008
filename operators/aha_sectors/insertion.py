"""Where the RV inserts into the LV wall, and with that the middle of the septum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from operators.aha_sectors.frame import angles, positions, rotated, septal_plane
from operators.series import BoolArray, FloatArray

CONTACT = 3.0
"""RV pixels at most this far from the epicardium touch the LV [mm]."""
NARROWEST = np.radians(40)
WIDEST = np.radians(190)
"""A septum narrower or wider than this is no septum."""


BINS = 36
"""Of the angle about the LV, to tell the epicardium's radius."""


@dataclass(frozen=True)
class Septum:
    """What one slice's own RV tells."""

    middle: FloatArray
    """Unit vector from the LV centre to mid-septum, LPS, shape (3,)."""
    half_width: float
    """From mid-septum to either insertion [rad], NaN where these weren't seen."""


def find_septum(
    rv: BoolArray, wall: BoolArray, center: FloatArray, affine: FloatArray, base: FloatArray
) -> Septum | None:
    """Mid-septum as the middle of the two RV insertions, the extreme angles of RV pixels that touch the LV.

    The middle of both wanders less with the boundaries' noise than a single insertion, and an RV drawn too large or too
    small moves it not at all.

    Args:
        rv: RV blood, shape (row, col).
        wall: LV myocardium, the same shape.
        center: LV centre, LPS mm.
        affine: pixel (row, col, 0, 1) to LPS mm.
        base: unit vector from apex to base.

    Returns:
        None where there is no RV, where it doesn't embrace the LV as one does, or where an extreme lies at the image's
        border: it is then the field of view's, not the heart's.
    """
    if not rv.any() or not wall.any() or not np.isfinite(center).all():
        return None
    rv = _largest(rv)
    spacing = np.linalg.norm(affine[:3, :2], axis=0)
    points = positions(affine, *rv.shape)
    towards = points[rv].mean(axis=0) - center
    if np.linalg.norm(towards - (towards @ base) * base) < spacing.max():
        return None
    septum, anterior = septal_plane(towards, base)
    around, distance = angles(points, center, septum, anterior), np.linalg.norm(points - center, axis=-1)
    reach = _epicardium(around[wall], distance[wall], around[rv]) + CONTACT + spacing.max() / 2
    touching = distance[rv] <= reach
    if not touching.any():
        return None
    found = around[rv][touching]
    low, high = int(found.argmin()), int(found.argmax())
    width = float(found[high] - found[low])
    at_border = _near_border(rv, CONTACT, spacing)[touching]
    if at_border[low] or at_border[high] or not NARROWEST < width < WIDEST:
        return None
    middle = float(found[high] + found[low]) / 2
    return Septum(rotated(septum, anterior, middle), width / 2)


def _epicardium(around: FloatArray, distance: FloatArray, where: FloatArray) -> FloatArray:
    """Epicardial radius [mm] at angles `where`, from the wall's pixels; across a gap, such as the outflow tract's, as
    its two ends let expect."""
    bins = np.floor((around + np.pi) / (2 * np.pi) * BINS).astype(int) % BINS
    radius = np.zeros(BINS)
    np.maximum.at(radius, bins, distance)
    middles = (np.arange(BINS) + 0.5) / BINS * 2 * np.pi - np.pi
    known = radius > 0
    return np.interp(where, middles[known], radius[known], period=2 * np.pi)


def _largest(mask: BoolArray) -> BoolArray:
    """Its largest connected part: a stray pixel elsewhere is no insertion."""
    parts, number = label(mask, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=number + 1)
    sizes[0] = 0
    return np.asarray(parts == sizes.argmax())


def _near_border(mask: BoolArray, margin: float, spacing: FloatArray) -> BoolArray:
    """Of each pixel of the mask: whether it lies within `margin` mm of the image's border."""
    rows, columns = np.nonzero(mask)
    from_rows = np.minimum(rows, mask.shape[0] - 1 - rows) * spacing[0]
    from_columns = np.minimum(columns, mask.shape[1] - 1 - columns) * spacing[1]
    return np.asarray(np.minimum(from_rows, from_columns) <= margin)
