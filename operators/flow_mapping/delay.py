"""From the arrival of the bolus in the LV to that in the myocardium.

At high flow a single pixel hardly tells the delay: an earlier arrival and a slower passage look alike, and an error of
0.1 s is one of 15 % in flow. So the delay is found for all scans of a study together, from the median curves of wedges
of each slice's wall: these are nearly free of noise, and each wedge may have its own flow. Pixels that touch the cavity
are left out: images are blurred, and a trace of its blood in them makes the delay too short. Of a wall as thin as
readers draw it, too little would be left without its outer border, too. That the way from the LV to the myocardium
takes as long at stress as at rest is an assumption.

Behind a narrowed artery, or through collaterals, the way takes longer, and a late part of the wall would draw the delay
of all of it along. So the delay may change between a wedge and its neighbour, in all slices and scans alike: wherever
it may do so, and nowhere, counts by how well it explains the curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import ndimage
from scipy.interpolate import Akima1DInterpolator

from operators.flow_mapping.sampling import sample
from operators.flow_mapping.table import Fit, Fitter, Table, noise_of
from operators.series import BoolArray, FloatArray, IntArray
from operators.side_by_side import side_by_side

LONGEST = 3.5
"""[s]"""
SPACING = 0.25
"""Of the delays tried first [s]."""
CLOSE = 0.03125 * np.concatenate([np.arange(-32, -12, 4), np.arange(-12, 13, 2), np.arange(16, 33, 4)])
"""The posterior, which is smooth, is fitted so far from the best of these [s] and interpolated every `STEP`."""
STEP = 0.015625
"""[s]"""
WEDGES = 12
"""Of a slice's wall, by angle about its centre. Images of all scans are taken to lie alike."""
FEWEST = 5
"""Pixels of a wedge."""
DIFFER = 0.2
"""Probability beforehand that a wedge's delay is another than its neighbour's."""
TOGETHER, APART = 0.03, 0.4
"""SD of a wedge's delay about one that it shares with its neighbour, and about that where it has another [s]."""
ROUNDED = 0.03
"""A pixel's delay lies a multiple of this off the common one [s]."""
NOISE = (0.006, 0.001)
"""Of a wedge's curve, the model's own misfit included [mmol/L]: taken at first, and the least."""
STARTS = 5
"""Of each fit: a wedge's curve must not be caught in a side minimum."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one slice tells of the delay."""

    curves: FloatArray
    """Gd above its baseline of wedges of the wall [mmol/L], shape (curve, time)."""
    wedges: IntArray
    """Number of each one's wedge, shape (curve,)."""
    times: FloatArray
    """Of their samples, from the arterial input's first one on [s], shape (time,)."""
    table: Table
    """On a regular grid."""
    step: float
    """Of that grid [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Delay:
    """Of a study."""

    wedges: FloatArray
    """Of each wedge of the wall [s], shape (wedge,)."""
    sds: FloatArray
    """Of their posteriors [s], infinite where there was nothing to tell, shape (wedge,)."""

    @classmethod
    def same(cls, seconds: float, sd: float) -> Delay:
        """Everywhere."""
        return cls(np.full(WEDGES, seconds), np.full(WEDGES, sd))

    @property
    def seconds(self) -> float:
        """That most of the wall has [s]."""
        return float(np.median(self.wedges))

    @property
    def sd(self) -> float:
        """That most of the wall's has [s]."""
        return float(np.median(self.sds))

    @property
    def farthest(self) -> float:
        """By how much the wedge that differs most from most of the wall comes later [s]."""
        off = self.wedges - self.seconds
        return float(off[np.argmax(np.abs(off))])

    def at(self, turns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Delay of pixels and its SD [s], those of most of the wall where they hardly differ.

        Args:
            turns: of `turns_about`, any shape.
        """
        middles = np.arange(WEDGES) + 0.5
        own, sds = (np.interp(WEDGES * turns, middles, some, period=WEDGES) for some in (self.wedges, self.sds))
        off = np.round((own - self.seconds) / ROUNDED)
        return np.maximum(self.seconds + ROUNDED * off, 0.0), np.where(off == 0, self.sd, sds)


def turns_about(wall: BoolArray, cavity: BoolArray) -> FloatArray:
    """Angle of each pixel about the middle of the wall that tells the delay, as a share of a turn, shape (row, col)."""
    places = np.argwhere(_telling(wall, cavity))
    middle = places.mean(axis=0) if len(places) else np.zeros(2)
    row, col = np.indices(wall.shape) - middle[:, None, None]
    return np.asarray(np.arctan2(row, col) / (2 * np.pi) + 0.5)


def wedge_curves(images: FloatArray, wall: BoolArray, cavity: BoolArray) -> dict[int, FloatArray]:
    """Median curves of the wall's wedges that are large enough, by the wedge's number.

    Args:
        images: Gd above its baseline [mmol/L], shape (time, row, col).
        wall: myocardium, shape (row, col).
        cavity: of the LV, same shape.
    """
    told = _telling(wall, cavity)
    wedge = np.floor(WEDGES * turns_about(wall, cavity)).astype(int) % WEDGES
    parts = {number: told & (wedge == number) for number in range(WEDGES)}
    return {number: np.median(images[:, part], axis=1) for number, part in parts.items() if part.sum() >= FEWEST}


def _telling(wall: BoolArray, cavity: BoolArray) -> BoolArray:
    return np.asarray(wall & ~ndimage.binary_dilation(cavity))


def delayed(table: Table, step: float, times: FloatArray, delay: float) -> Table:
    """A table made on a regular grid of `step` [s], at other times [s] and its curves `delay` later [s]."""
    return replace(table, curves=sample(table.curves, step, times - delay))


def find_delay(slices: Sequence[Telling]) -> Delay:
    """Posterior means of the delays of all slices of a study's scans, 0 where there is nothing to tell them by.

    A curve's other parameters are integrated over, not only chosen at their best: a best value for each of many
    wedges would draw what they share away from the truth (Neyman and Scott, Econometrica 1948).
    """
    telling = [one for one in slices if len(one.curves)]
    if not telling:
        return Delay.same(0.0, np.inf)
    coarse = np.arange(0.0, LONGEST + SPACING / 2, SPACING)
    fits = side_by_side(partial(_fits, telling, [NOISE[0]] * len(telling)), coarse)
    best = coarse[int(np.argmin([sum(fit.cost.sum() for fit in some) for some in fits]))]
    noise = [max(NOISE[1], _noise(some)) for some in zip(*fits, strict=True)]
    near = best + CLOSE[best + CLOSE >= 0]
    return _posterior(*between(near, np.array(side_by_side(partial(costs, telling, noise), near))))


def between(delays: FloatArray, cost: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Delays every `STEP` and their cost, by splines (Akima, J ACM 1970).

    Where blood would have to come before the input, the cost rises a hundredfold from one delay to the next, and a
    spline through it would swing far below the least cost just before; one through its logarithm doesn't.

    Args:
        delays: increasing [s], shape (delay,).
        cost: see `costs`, shape (delay, wedge).
    """
    dense = np.linspace(delays[0], delays[-1], 1 + round((delays[-1] - delays[0]) / STEP))
    least = cost.min(axis=0)
    return dense, least + np.expm1(Akima1DInterpolator(delays, np.log1p(cost - least))(dense))


def _posterior(delays: FloatArray, cost: FloatArray) -> Delay:
    """Mean and SD of each wedge's delay: of a hidden Markov chain around the wall, by passing on from wedge to wedge in
    either direction what those before say (Rabiner, Proc IEEE 1989).

    Args:
        delays: equally spaced [s], shape (delay,).
        cost: see `costs`, shape (delay, wedge).
    """
    near, far = (_normal(delays, sd) for sd in (TOGETHER, APART))
    likelihood = (near @ np.exp(cost.min(axis=0) - cost)).T
    one = np.eye(len(delays))
    onward = (1 - DIFFER) * one + DIFFER * far
    # For each delay of the first wedge, since the chain comes back to it: shape (first delay, delay).
    forward, backward = [one * likelihood[0]], [onward.T]
    for own in likelihood[1:]:
        forward.append(_scaled(forward[-1] @ onward * own))
    for own in likelihood[:0:-1]:
        backward.append(_scaled((backward[-1] * own) @ onward.T))
    weight = np.array([(before * after).sum(axis=0) for before, after in zip(forward, backward[::-1], strict=True)])
    weight /= weight.sum(axis=1, keepdims=True)
    mean = weight @ delays
    return Delay(mean, np.sqrt((weight * (delays - mean[:, None]) ** 2).sum(axis=1)))


def _normal(delays: FloatArray, sd: float) -> FloatArray:
    """Probability of each delay about each, rows of sum 1."""
    density = np.exp(-0.5 * ((delays[:, None] - delays) / sd) ** 2)
    return np.asarray(density / density.sum(axis=1, keepdims=True))


def _scaled(values: FloatArray) -> FloatArray:
    """With their largest at 1: only ratios count."""
    return np.asarray(values / values.max())


def costs(slices: Sequence[Telling], noise: Sequence[float], delay: float) -> FloatArray:
    """Minus the log of a delay's likelihood by each wedge, but for a constant, shape (wedge,).

    Args:
        slices: that tell it.
        noise: SD of a sample of each one's curves [mmol/L].
        delay: [s].
    """
    fits = _fits(slices, noise, delay)
    return np.asarray(sum(np.bincount(one.wedges, fit.cost, WEDGES) for one, fit in zip(slices, fits, strict=True)))


def _fits(slices: Sequence[Telling], noise: Sequence[float], delay: float) -> list[Fit]:
    return [
        Fitter(delayed(one.table, one.step, one.times, delay)).fit(one.curves, own, STARTS)
        for one, own in zip(slices, noise, strict=True)
    ]


def _noise(fits: Sequence[Fit]) -> float:
    """Of a slice's curves, by what is left of each at the delay that suits it best [mmol/L]."""
    best = np.argmin([fit.cost for fit in fits], axis=0)
    residual = np.stack([fits[k].residual[curve] for curve, k in enumerate(best)])
    return noise_of(residual, len(fits[0].parameters))
