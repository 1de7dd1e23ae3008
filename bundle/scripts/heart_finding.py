"""Where the left ventricle lies in a first-pass series, by rule: no training, no reader."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

Array = npt.NDArray[np.floating[Any]]

SMOOTHING_MM = 3.0
PRIOR_MM = 45.0
"""Standard deviation of the belief that the heart lies in the middle of the image."""
BLOOD_MM2 = 3000.0
"""Area taken for the blood of both ventricles in a short-axis slice, generously."""
BLOOD_SHARE = 0.2
"""The same as a share of a small image."""
STAYING_SHARE = 0.2
"""Weight left to what doesn't fade, for series that end at the peak."""
LAST_FRAMES = 8
SEPARATE_FRAMES = 2.0
"""Arrivals closer than this aren't two ventricles, but one."""


def find_left_ventricle(series: Array, spacing: tuple[float, float]) -> tuple[float, float]:
    """Centre of the LV's blood pool.

    Blood is what brightens fast near the middle of the image and fades again. Its pixels fall into two groups by the
    time they reach half of their peak: the right ventricle, then the left.

    Args:
        series: shape (time, row, col), any unit.
        spacing: of rows and of columns [mm].

    Returns:
        Row and column, in pixels.

    Raises:
        ValueError: nothing in the series ever changes.
    """
    every = (max(1, round(SMOOTHING_MM / spacing[0])), max(1, round(SMOOTHING_MM / spacing[1])))
    rise = _enhancement(series, spacing, every)
    spacing = (every[0] * spacing[0], every[1] * spacing[1])
    peak = rise.max(0)
    if not peak.any():
        raise ValueError("the series never changes, so no heart can be found in it")
    slope = np.gradient(rise, axis=0).max(0)
    brightness = slope * (STAYING_SHARE + _washout(rise, peak))
    score = brightness * _central_prior(peak.shape, spacing)
    n_blood = min(BLOOD_MM2 / (spacing[0] * spacing[1]), BLOOD_SHARE * score.size)
    blood = score >= np.partition(score, -round(n_blood), axis=None)[-round(n_blood)]
    arrival = _half_peak_time(rise, peak)
    late = blood & (arrival >= _split(arrival[blood], score[blood]))
    parts, n_parts = ndimage.label(late)
    weights = ndimage.sum_labels(score, parts, range(1, n_parts + 1))
    row, col = ndimage.center_of_mass(brightness, parts, int(np.argmax(weights)) + 1)
    return float(row * every[0]), float(col * every[1])


def _enhancement(series: Array, spacing: tuple[float, float], every: tuple[int, int]) -> Array:
    """Smoothed signal above its lowest value in time, of every so-manyth row and column: smoothed, it tells no more."""
    sigma = (1.0, *(SMOOTHING_MM / step for step in spacing))
    # A Gaussian filter's matrix for each axis: products of matrices take a fraction of the filter's own time. By torch,
    # since numpy's threads would still wait busily while the network runs, and slow it by a third.
    in_time, down, across = (
        torch.from_numpy(ndimage.gaussian_filter1d(np.eye(n, dtype=np.float32), width, axis=0, mode="nearest")[::step])
        for n, width, step in zip(series.shape, sigma, (1, *every), strict=True)
    )
    # Without the first frame, which changes nothing, what never changes is exactly 0.
    in_plane = down @ torch.from_numpy(np.asarray(series - series[:1], np.float32)) @ across.T
    smooth: Array = torch.tensordot(in_time, in_plane, 1).numpy()
    lowest: Array = smooth.min(0)
    return smooth - lowest


def _washout(rise: Array, peak: Array) -> Array:
    """Share of the peak that is gone at the end."""
    left: Array = np.divide(rise[-LAST_FRAMES:].mean(0), peak, out=np.ones_like(peak), where=peak > 0)
    return 1 - left


def _central_prior(shape: tuple[int, ...], spacing: tuple[float, float]) -> Array:
    away = [(np.arange(n) - (n - 1) / 2) * step / PRIOR_MM for n, step in zip(shape, spacing, strict=True)]
    prior: Array = np.exp(-0.5 * np.add.outer(away[0] ** 2, away[1] ** 2))
    return prior


def _half_peak_time(rise: Array, peak: Array) -> Array:
    """First time at half of the peak, between frames by linear interpolation."""
    above = rise >= 0.5 * peak
    first = above.argmax(0)
    at = np.take_along_axis(rise, first[None], 0)[0]
    before = np.take_along_axis(rise, np.maximum(first - 1, 0)[None], 0)[0]
    step = at - before
    part = np.divide(at - 0.5 * peak, step, out=np.zeros_like(step), where=step > 0)
    time: Array = first - np.clip(part, 0, 1)
    return time


def _split(arrival: Array, weight: Array) -> float:
    """Threshold between early and late by Otsu's criterion; -inf where there is but one group."""
    order = np.argsort(arrival, kind="stable")
    times, mass = arrival[order], np.cumsum(weight[order])
    moment = np.cumsum(weight[order] * times)
    early, late = mass[:-1], mass[-1] - mass[:-1]
    apart = (moment[-1] - moment[:-1]) / np.maximum(late, 1e-12) - moment[:-1] / np.maximum(early, 1e-12)
    best = int(np.argmax(early * late * apart**2))
    return float(times[best + 1]) if apart[best] >= SEPARATE_FRAMES else -np.inf
