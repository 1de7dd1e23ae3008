"""The frame that stays as it is: well enhanced LV blood pool, heart about where it is most of the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from operators.arterial_input.blood_pool import find_blood_pool, pool_curve
from operators.series import BoolArray, FloatArray

BRIGHT = 0.5
"""Frames whose LV blood pool enhances at least this fraction of its peak come into question."""
WALL = 12.0
"""Distance from the blood pool that still is heart [mm]."""


def choose_reference(pool: FloatArray, position: FloatArray) -> int:
    """Index of the frame nearest to the heart's usual place among those near the LV blood pool's peak.

    Args:
        pool: curve of the LV blood pool, shape (time,).
        position: mean displacement of the heart in each frame [mm], shape (time, 2).
    """
    enhancement = pool - np.percentile(pool, 10)
    peak = int(np.argmax(enhancement))
    near = np.flatnonzero(enhancement < BRIGHT * enhancement[peak])
    first = near[near < peak].max(initial=-1) + 1
    last = near[near > peak].min(initial=len(pool))
    distance = np.linalg.norm(position - np.median(position, axis=0), axis=1)
    return int(first + np.argmin(distance[first:last]))


@dataclass(frozen=True, slots=True)
class Heart:
    """Where the left ventricle is in a slice."""

    region: BoolArray
    """Blood pool and what lies within `WALL` of it; the middle of the image where there's none; shape (row, col)."""
    curve: FloatArray
    """Of the blood pool, or else of the region, shape (time,)."""
    found: bool
    """Whether there was a blood pool."""


def find_heart(images: FloatArray, times: FloatArray, spacing: tuple[float, float]) -> Heart:
    """The left ventricle by its first pass.

    Args:
        images: heart roughly still, shape (time, row, col).
        times: [s], shape (time,).
        spacing: distance between rows and between columns [mm].
    """
    pool = find_blood_pool(images, times)
    if pool is None:
        row, col = np.mgrid[: images.shape[1], : images.shape[2]]
        row, col = row / images.shape[1] - 0.5, col / images.shape[2] - 0.5
        middle = np.hypot(row, col) < 0.2
        return Heart(middle, images[:, middle].mean(axis=1), found=False)
    region = ndimage.distance_transform_edt(~pool, sampling=spacing) <= WALL
    return Heart(region, pool_curve(images, pool), found=True)
