"""Where the RV inserts into the LV wall, and with that the middle of the septum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from operators.aha_sectors.frame import angles, positions, rotated, septal_plane
from operators.series import BoolArray, FloatArray

CONTACT = 5.0
"""RV pixels at most this far from the labelled wall touch the LV [mm]: readers and the network keep 2 to 3 mm clear of
the wall's edge, and the RV's own muscle may lie between."""
BORDER = 3.0
"""An insertion this near to the image's border [mm] is the field of view's."""
NARROWEST = np.radians(40)
WIDEST = np.radians(190)
"""A septum narrower or wider than this is no septum."""
BINS = 18
"""Of the angle about the LV, to tell the epicardium's radius."""
WHOLE = 2 / 3
"""A bin with less than this share of the usual wall lies at a gap."""
THIN, THICK = 1.0, 8.0
"""The RV's taper is read where it is this thick [mm]: thinner is single pixels' noise, thicker no longer straight."""
BLUR = np.radians(2.5)
"""Of the RV's thickness over the angle; a pixel at the epicardium is about 3 degrees wide."""
BEYOND = np.radians(5)
"""RV further beyond its last pixel that touches the LV is a bulge, no taper."""
FURTHEST = np.radians(25)
"""An insertion isn't sought further than this beyond that pixel."""
PARTS = 2
"""Of a pixel in each direction, to tell its share of an angle."""


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
    """Mid-septum as the middle of the two RV insertions, where the RV's thickness falls to nothing.

    The RV ends in a taper thinner than a pixel, so its last pixel that touches the LV lies short of the insertion;
    the taper's straight part leads there. The middle of both insertions wanders less with the boundaries' noise than
    a single one, and an RV drawn too large or too small hardly moves it.

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
    epicardium, gap = _epicardium(around[wall], distance[wall], around)
    if (rv & gap & (distance < epicardium)).any():
        # Blood within a gap of the wall is the LV's outflow tract, whatever it was taken for.
        rv = _largest(rv & ~(gap & (distance < epicardium + spacing.max())))
    touching = distance[rv] <= epicardium[rv] + CONTACT + spacing.max() / 2
    if not touching.any():
        return None
    found = around[rv][touching]
    low, high = int(found.argmin()), int(found.argmax())
    at_border = _near_border(rv, BORDER, spacing)[touching]
    if at_border[low] or at_border[high]:
        return None
    angle, thickness = _thickness(rv, center, affine, septum, anterior)
    first = -_end_of_taper(-angle, thickness, -float(found[low]))
    last = _end_of_taper(angle, thickness, float(found[high]))
    if not NARROWEST < last - first < WIDEST:
        return None
    return Septum(rotated(septum, anterior, (first + last) / 2), (last - first) / 2)


def _thickness(
    rv: BoolArray, center: FloatArray, affine: FloatArray, septum: FloatArray, anterior: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Angles [rad] and the RV's thickness along the ray from the LV centre at each [mm]."""
    fine = affine.copy()
    fine[:3, :2] /= PARTS
    fine[:3, 3] -= fine[:3, :2].sum(axis=1) * (PARTS - 1) / 2
    inside = np.kron(rv, np.ones((PARTS, PARTS), np.bool_))
    points = positions(fine, *inside.shape)[inside]
    around, distance = angles(points, center, septum, anterior), np.linalg.norm(points - center, axis=-1)
    area = np.linalg.norm(np.cross(fine[:3, 0], fine[:3, 1]))
    at = np.radians(np.arange(-150.0, 151.0))
    share = np.exp(-0.5 * ((at[:, None] - around) / BLUR) ** 2) / (BLUR * np.sqrt(2 * np.pi))
    return at, share @ (area / distance)


def _end_of_taper(angle: FloatArray, thickness: FloatArray, last: float) -> float:
    """Where the thickness falls to nothing at the end of growing angle [rad]; `last`: of the last pixel that touches.

    A line through the part that is neither too thin nor too thick to tell, the angle as a function of the thickness;
    where there is none, because the RV ends bluntly or bulges beyond its insertion, the last pixel it is.
    """
    end = (angle > last / 2) & (angle < last + BEYOND)
    end &= angle > angle[end & (thickness >= THICK)].max(initial=-np.pi)
    weight = np.where(end, (thickness - THIN) * (THICK - thickness), 0.0).clip(min=0.0)
    if not weight.any():
        return last
    mean_angle, mean_thickness = np.average([angle, thickness], axis=1, weights=weight)
    slope = weight @ ((angle - mean_angle) * (thickness - mean_thickness))
    if slope >= 0:
        return last
    slope /= weight @ (thickness - mean_thickness) ** 2
    return float(np.clip(mean_angle - slope * mean_thickness, last, last + FURTHEST))


def _epicardium(around: FloatArray, distance: FloatArray, where: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Epicardial radius [mm] at angles `where` and whether the wall has a gap there, such as the outflow tract's; from
    the wall's pixels, and across a gap as its two ends let expect."""
    bins, asked = (np.floor((a + np.pi) / (2 * np.pi) * BINS).astype(int) % BINS for a in (around, where))
    radius = np.zeros(BINS)
    np.maximum.at(radius, bins, distance)
    middles = (np.arange(BINS) + 0.5) / BINS * 2 * np.pi - np.pi
    # The corner of the wall at a gap's end doesn't tell the radius.
    pixels = np.bincount(bins, minlength=BINS)
    known = pixels > WHOLE * np.median(pixels[pixels > 0])
    return np.interp(where, middles[known], radius[known], period=2 * np.pi), ~known[asked]


def _largest(mask: BoolArray) -> BoolArray:
    """Its largest connected part: a stray pixel elsewhere is no insertion."""
    parts, number = label(mask, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=number + 1)
    sizes[0] = 0
    return np.asarray(mask & (parts == sizes.argmax()))


def _near_border(mask: BoolArray, margin: float, spacing: FloatArray) -> BoolArray:
    """Of each pixel of the mask: whether it lies within `margin` mm of the image's border."""
    rows, columns = np.nonzero(mask)
    from_rows = np.minimum(rows, mask.shape[0] - 1 - rows) * spacing[0]
    from_columns = np.minimum(columns, mask.shape[1] - 1 - columns) * spacing[1]
    return np.asarray(np.minimum(from_rows, from_columns) <= margin)
