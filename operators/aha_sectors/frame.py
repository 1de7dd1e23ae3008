"""The heart's own directions in patient space, which no flip of a stored image can swap."""

from __future__ import annotations

import numpy as np

from operators.series import BoolArray, FloatArray, IntArray

TOWARDS_BASE = np.array([-1.0, 1.0, 1.0]) / np.sqrt(3)
"""Right, posterior, superior in LPS: where the base lies from the apex in a heart on the left side of the chest."""
TAPER = 0.8
"""Of the stack's two ends, one whose LV has less than this share of the other's area is the apex."""


def positions(affine: FloatArray, rows: int, columns: int) -> FloatArray:
    """LPS position of every pixel [mm], shape (row, col, 3)."""
    row, column = np.mgrid[:rows, :columns]
    return np.asarray(row[..., None] * affine[:3, 0] + column[..., None] * affine[:3, 1] + affine[:3, 3])


def centroid(mask: BoolArray, affine: FloatArray) -> FloatArray:
    """LPS centroid of a mask (row, col) [mm], shape (3,); NaN where it is empty."""
    if not mask.any():
        return np.full(3, np.nan)
    row, column = (index.mean() for index in np.nonzero(mask))
    return np.asarray(affine[:3] @ np.array([row, column, 0.0, 1.0]))


def long_axis(centers: FloatArray, normal: FloatArray, areas: FloatArray | IntArray) -> FloatArray:
    """Unit vector from apex to base.

    The line through the LV centroids, or the slice normal where there is one slice only. Its sense comes from the LV,
    which tapers towards the apex; where the slices are too much alike to tell, from how hearts lie.

    Args:
        centers: LV centroids in LPS mm, NaN where a slice has none, shape (slice, 3).
        normal: unit normal of the slices, shape (3,).
        areas: of the LV with its wall, in any unit, shape (slice,).
    """
    shown = np.isfinite(centers).all(axis=1)
    found, areas = centers[shown], areas[shown]
    axis = normal / np.linalg.norm(normal)
    sense = float(axis @ TOWARDS_BASE)
    if len(found) > 1:
        axis = np.linalg.svd(found - found.mean(axis=0), full_matrices=False)[2][0]
        sense = float(axis @ TOWARDS_BASE)
        along = found @ axis
        first, last = float(areas[along.argmin()]), float(areas[along.argmax()])
        if min(first, last) < TAPER * max(first, last):
            sense = last - first
    return np.asarray(axis if sense >= 0 else -axis)


def septal_plane(towards_septum: FloatArray, base: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Unit vectors to the septum and to the anterior wall, both perpendicular to the long axis.

    anterior = base x septum: a relation of directions in the body, the same for every storage of the image.
    """
    septum = towards_septum - (towards_septum @ base) * base
    septum = septum / np.linalg.norm(septum)
    return septum, np.cross(base, septum)


def angles(points: FloatArray, center: FloatArray, septum: FloatArray, anterior: FloatArray) -> FloatArray:
    """Angle of points (..., 3) about the LV centre from the septal direction, positive to anterior [rad, -pi..pi]."""
    offset = points - center
    return np.arctan2(offset @ anterior, offset @ septum)


def rotated(septum: FloatArray, anterior: FloatArray, angle: float) -> FloatArray:
    """The direction at an angle from the septal direction, shape (3,)."""
    return np.asarray(np.cos(angle) * septum + np.sin(angle) * anterior)
