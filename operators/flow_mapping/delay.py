"""From the arrival of the bolus in the LV to that in the myocardium.

At high flow a single pixel hardly tells the delay: an earlier arrival and a slower passage look alike, and an error of
0.1 s is one of 15 % in flow. So one delay is found for all scans of a study together, from the median curves of wedges
of each slice's wall: these are nearly free of noise, and each wedge may have its own flow. Pixels that touch the cavity
are left out: images are blurred, and a trace of its blood in them makes the delay too short. Of a wall as thin as
readers draw it, too little would be left without its outer border, too. That the way from the LV to the myocardium
takes as long at stress as at rest is an assumption.

Behind a narrowed artery, or through collaterals, the way takes longer, and one late part of the wall would draw the
delay of all of it along. So any wedge may have a delay of its own, the same in all slices and scans: most share the
common one, a few lie off it (a spike and a slab; Mitchell and Beauchamp, J Am Stat Assoc 1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
CLOSE = 0.03125 * np.concatenate([np.arange(-32, -12, 4), np.arange(-12, 13), np.arange(16, 33, 4)])
"""The posterior, which is smooth, is fitted so far from the best of these [s] and interpolated every `STEP`."""
STEP = 0.0078125
"""[s]"""
WEDGES = 6
"""Of a slice's wall, by angle about its centre. Images of all scans are taken to lie alike."""
TOGETHER, APART = 0.02, 0.5
"""SD of a wedge's delay about the common one, where it shares it and where it doesn't [s]."""
FEW = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Share of the wedges that don't, each as likely beforehand."""
EDGE = 0.25
"""Of a wedge, at either side: there its delay passes over to its neighbour's."""
STEPS = 0.03
"""A pixel's delay lies a multiple of this off the common one [s]."""
FEWEST = 10
"""Pixels of a wedge."""
NOISE = (0.006, 0.001)
"""Of a wedge's curve, the model's own misfit included [mmol/L]: taken at first, and the least."""
STARTS = 8
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


@dataclass(frozen=True, slots=True)
class Delay:
    """Of a study."""

    seconds: float
    """That most of the wall has in common [s]."""
    sd: float
    """Of its posterior [s]; infinite where there was nothing to tell."""
    wedges: FloatArray = field(default_factory=lambda: np.full(WEDGES, np.nan))
    """Of each wedge [s], shape (wedge,); NaN: the common one."""
    wedge_sds: FloatArray = field(default_factory=lambda: np.full(WEDGES, np.nan))
    """Of their posteriors [s], shape (wedge,)."""

    def at(self, turns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Delay of pixels and its SD [s], the common ones where a wedge's own hardly differs.

        Args:
            turns: of `turns_about`, any shape.
        """
        corners = (np.arange(WEDGES)[:, None] + [EDGE, 1 - EDGE]).ravel()
        own, sds = (
            np.interp(WEDGES * turns, corners, np.repeat(np.where(np.isfinite(some), some, common), 2), period=WEDGES)
            for some, common in ((self.wedges, self.seconds), (self.wedge_sds, self.sd))
        )
        off = np.round((own - self.seconds) / STEPS)
        return self.seconds + STEPS * off, np.where(off == 0, self.sd, sds)


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
        return Delay(0.0, np.inf)
    coarse = np.arange(0.0, LONGEST + SPACING / 2, SPACING)
    fits = side_by_side(partial(_fits, telling, [NOISE[0]] * len(telling)), coarse)
    best = coarse[int(np.argmin([sum(fit.cost.sum() for fit in some) for some in fits]))]
    noise = [max(NOISE[1], _noise(some)) for some in zip(*fits, strict=True)]
    near = best + CLOSE[best + CLOSE >= 0]
    between = Akima1DInterpolator(near, side_by_side(partial(costs, telling, noise), near))
    dense = np.linspace(near[0], near[-1], 1 + round((near[-1] - near[0]) / STEP))
    return _posterior(dense, between(dense))


def _posterior(delays: FloatArray, cost: FloatArray) -> Delay:
    """Means and SDs of the common delay and of each wedge's.

    Args:
        delays: equally spaced [s], shape (delay,).
        cost: see `costs`, shape (delay, wedge).
    """
    likelihood = np.exp(cost.min(axis=0) - cost)
    off = delays[:, None] - delays
    together, apart = (_rows_of_one(np.exp(-0.5 * (off / sd) ** 2)) for sd in (TOGETHER, APART))
    few = np.array(FEW)[:, None, None]
    # Of each share, common delay and wedge: whether it shares that delay, or any other one about it.
    alike, own = (1 - few) * (together @ likelihood), few * (apart @ likelihood)
    tiny = np.finfo(np.float64).tiny
    logs = np.log(alike + own + tiny).sum(axis=2)
    weight = np.exp(logs - logs.max())
    weight /= weight.sum()

    def mean(of_share: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("sd,sdw->w", weight, of_share))

    ownness = own / (alike + own + tiny)
    powers = [(apart @ (delays[:, None] ** k * likelihood)) / (apart @ likelihood + tiny) for k in (1, 2)]
    wedges, squares = (
        mean((1 - ownness) * delays[:, None] ** k + ownness * power) for k, power in zip((1, 2), powers, strict=True)
    )
    common = float(weight.sum(axis=0) @ delays)
    sd = float(np.sqrt(weight.sum(axis=0) @ (delays - common) ** 2))
    return Delay(common, sd, wedges, np.sqrt(np.maximum(squares - wedges**2, 0)))


def _rows_of_one(kernel: FloatArray) -> FloatArray:
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True))


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
