"""The frame that stays as it is: well enhanced LV blood pool, heart about where it is most of the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from operators.arterial_input.blood_pool import find_blood_pool, pool_curve
from operators.over_time import percentile_over_time
from operators.series import BoolArray, FloatArray

BRIGHT = 0.7
"""Frames whose LV blood pool enhances at least this fraction of its peak come into question."""
ALIKE = 0.1
"""Distances that differ by less are alike [mm]: motion isn't known better."""
WALL = 12.0
"""Distance from the blood pool that still is heart [mm]."""
MIDDLE = 55.0
"""Half the side of the images' middle [mm]."""
EVEN = 50.0
"""SD of the Gaussian that tells how bright the surroundings are [mm]."""
DARK = 0.05
"""Added to that brightness, as a fraction of its peak: far from the coils there's only noise."""


def choose_reference(pool: FloatArray, position: FloatArray) -> int:
    """Index of the frame nearest to the heart's usual place among those near the LV blood pool's peak.

    Of frames about as near, the one whose blood pool is brightest.

    Args:
        pool: curve of the LV blood pool, shape (time,).
        position: displacement of the heart's pixels in each frame [mm], shape (time, 2, pixel).
    """
    enhancement = pool - np.percentile(pool, 10)
    peak = int(np.argmax(enhancement))
    near = np.flatnonzero(enhancement < BRIGHT * enhancement[peak])
    first = near[near < peak].max(initial=-1) + 1
    last = near[near > peak].min(initial=len(pool))
    distance = np.sqrt(((position - np.median(position, axis=0)) ** 2).sum(axis=1).mean(axis=1))
    among = np.arange(first, last)
    among = among[distance[among] <= distance[among].min() + ALIKE]
    return int(among[np.argmax(enhancement[among])])


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
    pool = find_blood_pool(images, times)  # Noise passes, too: only where something enhances is it looked for again.
    if pool is not None:
        evened = _even(images, spacing)
        pool = _in_the_middle(evened, times, spacing)
        if pool is None:
            pool = find_blood_pool(evened, times)
    if pool is None:
        row, col = np.mgrid[: images.shape[1], : images.shape[2]]
        row, col = row / images.shape[1] - 0.5, col / images.shape[2] - 0.5
        middle = np.hypot(row, col) < 0.2
        return Heart(middle, images[:, middle].mean(axis=1), found=False)
    region = ndimage.distance_transform_edt(~pool, sampling=spacing) <= WALL
    return Heart(region, pool_curve(images, pool), found=True)


def _in_the_middle(images: FloatArray, times: FloatArray, spacing: tuple[float, float]) -> BoolArray | None:
    """The blood pool in the middle of the images, where they are taken of the heart: vessels and the edges of moving
    organs elsewhere may look more like one; None where there's none."""
    rows, columns = (
        slice(max(0, round(n / 2 - MIDDLE / step)), round(n / 2 + MIDDLE / step))
        for n, step in zip(images.shape[1:], spacing, strict=True)
    )
    found = find_blood_pool(images[:, rows, columns], times)
    if found is None:
        return None
    pool = np.zeros(images.shape[1:], bool)
    pool[rows, columns] = found
    return pool


def _even(images: FloatArray, spacing: tuple[float, float]) -> FloatArray:
    """Images that show what passes, alike everywhere: a spleen near a coil outshines the blood otherwise.

    Organs keep contrast, blood loses most of it: what a pixel has for half of the time is taken off. The coils' shading
    is told by the mean image, smoothed.
    """
    brightness = ndimage.gaussian_filter(images.mean(axis=0), [EVEN / s for s in spacing], mode="nearest")
    least = DARK * float(brightness.max()) + np.finfo(np.float32).tiny
    passing = np.clip(images - percentile_over_time(images, 50), 0, None)
    return np.asarray(passing / (np.clip(brightness, 0, None) + least))
