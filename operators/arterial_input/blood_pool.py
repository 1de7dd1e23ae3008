"""The LV blood pool found by how it enhances: strongly, steeply, near the centre, and after the RV."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from operators.over_time import percentile_over_time
from operators.series import BoolArray, FloatArray, ImageSeries

CANDIDATES = 0.07
"""Fraction of the image's pixels taken as blood: both ventricles and great vessels."""
LEAST_SCORE = 0.05
"""The same in terms of the brightest blood's score: organs that enhance late and slowly stay below."""
PRIOR_WIDTH = 0.33
"""SD of the central prior as a fraction of the image's size."""
CORRELATIONS = (0.96, 0.98, 0.99)
"""Least correlation with the seed's curve for a pixel to belong to the pool; the next, where that leaks."""
SAME_ARRIVAL = 1.5
"""Clusters closer than this [s] are one chamber: transit of the lungs takes longer."""
EDGE = 0.5
"""Least peak enhancement of a pool's pixel, as a fraction of the seed's bright end."""
EDGE_LINEAR = 0.6
"""The same where signal follows Gd: halfway from the wall, whose peak is about a fifth of the blood's, to blood. In
main images that doesn't hold: blood is saturated there, and the coils shade it."""
BRIGHT_END = 90
"""Percentile: the seed's own border holds wall, too."""
BRIGHTEST = 99
"""Percentile of the image's scores that is the brightest blood's."""
CHAMBER_SHARE = 0.05
"""Blood with less than this share of the score is no chamber: a few moving pixels at the image's edge, the liver."""
LARGEST = 0.22
"""A pool that fills more of the image has leaked into tissue."""
SIGNAL_TO_NOISE = 12.0
"""Least peak of blood, in units of the median change from frame to frame."""
FEWEST_BEFORE = 5
"""Frames; a series that begins later has its low level at its end."""
SMOOTH = np.array([0.25, 0.5, 0.25])


def find_blood_pool(images: FloatArray, times: FloatArray, edge: float = EDGE) -> BoolArray | None:
    """Mask of the LV blood pool in one slice.

    Args:
        images: signal or concentration, heart roughly still, shape (time, row, col).
        times: [s], shape (time,).
        edge: least peak of a pixel of the pool; `EDGE_LINEAR` for AIF images.

    Returns:
        Mask of shape (row, col), None where nothing enhances like blood.
    """
    enhancement = enhance(images)
    score, blood = _candidates(enhancement, times)
    if blood.sum() < 4:
        return None
    arrival = half_peak_time(enhancement, times)
    # A single pixel that some artefact makes far brighter than blood must not be a chamber of its own.
    weights = np.minimum(score[blood], np.percentile(score, BRIGHTEST))
    first, second = _two_arrivals(arrival[blood], weights)
    later = arrival > (first + second) / 2 if second - first >= SAME_ARRIVAL else True
    return _grow(_main_part(blood & later, score), enhancement, score, edge)


def find_largest_pool(series: ImageSeries, edge: float = EDGE) -> tuple[int, BoolArray] | None:
    """The slice with the largest LV blood pool, which is the basal one's, and its mask; None where no slice has one."""
    pools = [find_blood_pool(images, times, edge) for images, times in zip(series.pixels, series.times, strict=True)]
    found = [(k, pool) for k, pool in enumerate(pools) if pool is not None]
    return max(found, key=lambda one: int(one[1].sum()), default=None)


def fills_first(images: FloatArray, times: FloatArray, pool: BoolArray) -> bool:
    """Whether no other blood enhances before that of the pool, as that of the RV does before the LV's.

    Args:
        images: heart roughly still, shape (time, row, col).
        times: [s], shape (time,).
        pool: shape (row, col).
    """
    enhancement = enhance(images)
    score, blood = _candidates(enhancement, times)
    arrival = half_peak_time(enhancement, times)
    earlier = blood & (arrival < np.median(arrival[pool]) - SAME_ARRIVAL)
    return bool(score[earlier].sum() < CHAMBER_SHARE * score[pool].sum())


def brightest_half(images: FloatArray, pool: BoolArray) -> BoolArray:
    """The half of the pool that enhances most, where partial volume is least, shape (row, col)."""
    peak = np.zeros(pool.shape)
    peak[pool] = enhance(images[:, pool][:, :, None]).max(axis=0)[:, 0]
    return np.asarray(pool & (peak >= np.median(peak[pool])))


def pool_curve(images: FloatArray, pool: BoolArray) -> FloatArray:
    """Mean over the brightest half of the pool, shape (time,)."""
    return np.asarray(images[:, brightest_half(images, pool)].mean(axis=1, dtype=np.float64))


def enhance(images: FloatArray) -> FloatArray:
    """Images smoothed over three frames, less their level before the bolus, shape (time, row, col).

    Pixels that ever hold no number never enhance.
    """
    known = np.where(np.isfinite(images).all(axis=0), images, 0.0)
    smoothed = ndimage.convolve1d(known, SMOOTH, axis=0, mode="nearest")
    brightest = int(np.argmax(np.percentile(smoothed, 99, axis=(1, 2))))
    before = smoothed[:brightest] if brightest >= FEWEST_BEFORE else smoothed
    return np.asarray(smoothed - percentile_over_time(before, 15))


def upslope(enhancement: FloatArray, times: FloatArray) -> FloatArray:
    """Steepest rise of each pixel [1/s], shape (row, col)."""
    rise = np.diff(enhancement, axis=0) / np.diff(times)[:, None, None]
    return np.asarray(np.clip(rise.max(axis=0), 0, None))


def half_peak_time(enhancement: FloatArray, times: FloatArray) -> FloatArray:
    """When each pixel first reaches half its peak [s], shape (row, col)."""
    half = 0.5 * enhancement.max(axis=0)
    after = np.argmax(enhancement >= half, axis=0)
    before = np.maximum(after - 1, 0)
    low = np.take_along_axis(enhancement, before[None], 0)[0]
    high = np.take_along_axis(enhancement, after[None], 0)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(high > low, (half - low) / (high - low), 1.0)
    return np.asarray(times[before] + np.clip(part, 0, 1) * (times[after] - times[before]))


def _central_prior(shape: tuple[int, ...]) -> FloatArray:
    axes = [(np.arange(n) - (n - 1) / 2) / (n * PRIOR_WIDTH) for n in shape]
    return np.asarray(np.exp(-0.5 * np.add.outer(axes[0] ** 2, axes[1] ** 2)))


def _candidates(enhancement: FloatArray, times: FloatArray) -> tuple[FloatArray, BoolArray]:
    """How much each pixel enhances like blood, and those that may be blood, shape (row, col)."""
    peak = enhancement.max(axis=0)
    noise = percentile_over_time(np.abs(np.diff(enhancement, axis=0)), 50)
    score = peak * upslope(enhancement, times) * _central_prior(peak.shape)
    count = min(max(8, round(CANDIDATES * score.size)), score.size)
    blood = score >= np.partition(score.ravel(), -count)[-count]
    blood &= score > LEAST_SCORE * np.percentile(score, BRIGHTEST)
    return score, np.asarray(blood & (peak > SIGNAL_TO_NOISE * np.median(noise)))


def _two_arrivals(times: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Mean times of two groups that are chambers by weight, the split at which the spread within them is least."""
    order = np.argsort(times)
    t, w = times[order], weights[order]
    weight, first = np.cumsum(w), np.cumsum(w * t)
    early = first[:-1] / weight[:-1]
    late = (first[-1] - first[:-1]) / (weight[-1] - weight[:-1])
    between = weight[:-1] * (weight[-1] - weight[:-1]) * (late - early) ** 2
    share = weight[:-1] / weight[-1]
    best = int(np.argmax(np.where(np.minimum(share, 1 - share) >= CHAMBER_SHARE, between, 0.0)))
    return float(early[best]), float(late[best])


def _main_part(mask: BoolArray, score: FloatArray) -> BoolArray:
    """The largest connected part, pixels counted by score.

    Its root counts: the score goes with the square of the coils' sensitivity, and an aorta near a coil is bright.
    """
    parts, count = _components(mask)
    sums = ndimage.sum_labels(np.sqrt(score), parts, np.arange(1, count + 1))
    return np.asarray(parts == 1 + int(np.argmax(sums)))


def _components(mask: BoolArray) -> tuple[npt.NDArray[Any], int]:
    parts, count = ndimage.label(mask)
    return parts, int(count)


def _grow(seed: BoolArray, enhancement: FloatArray, score: FloatArray, edge: float) -> BoolArray:
    """Pixels connected to the seed's strongest half whose curves follow it."""
    peak = enhancement.max(axis=0)
    strong = seed & (score >= np.median(score[seed]))
    template = enhancement[:, strong].mean(axis=1)
    template = template - template.mean()
    centred = enhancement - enhancement.mean(axis=0)
    norm = np.sqrt((centred**2).sum(axis=0)) * np.sqrt((template**2).sum())
    correlation = np.tensordot(template, centred, axes=(0, 0)) / np.maximum(norm, np.finfo(float).tiny)
    high = peak > edge * np.percentile(peak[strong], BRIGHT_END)
    for least in CORRELATIONS:
        parts, _ = _components((correlation > least) & high | strong)
        grown = np.asarray(ndimage.binary_fill_holes(np.isin(parts, np.unique(parts[strong]))))
        if grown.mean() <= LARGEST:
            return grown
    return seed
