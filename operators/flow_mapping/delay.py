"""From the arrival of the bolus in the LV to that in the myocardium.

At high flow a single pixel hardly tells the delay: an earlier arrival and a slower passage look alike, and an error of
0.1 s is one of 15 % in flow. So one delay is found for all scans of a study together, from the median curves of wedges
of each slice's wall: these are nearly free of noise, and each wedge may have its own flow. Pixels that touch the cavity
are left out: images are blurred, and a trace of its blood in them makes the delay too short. Of a wall as thin as
readers draw it, too little would be left without its outer border, too. That the way from the LV to the myocardium
takes as long at stress as at rest is an assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import ndimage
from scipy.interpolate import CubicSpline

from operators.flow_mapping.sampling import sample
from operators.flow_mapping.table import Fit, Fitter, Table
from operators.series import BoolArray, FloatArray
from operators.side_by_side import side_by_side

LONGEST = 3.5
"""[s]"""
SPACING = 0.25
"""Of the delays tried first [s]."""
AROUND, CLOSE, BETWEEN = 0.375, 0.03125, 4
"""The delay is averaged over so much at either side of the best of these [s]; the posterior, which is smooth, is fitted
in such steps [s] and interpolated at so many places in each."""
WEDGES = 6
"""Of a slice's wall, by angle about its centre."""
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
    """Gd above its baseline of wedges of the wall [mmol/L], shape (wedge, time)."""
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
    sd: float
    """Of its posterior [s]; infinite where there was nothing to tell."""


def wedge_curves(images: FloatArray, wall: BoolArray, cavity: BoolArray) -> list[FloatArray]:
    """Median curves of the wall's wedges that are large enough.

    Args:
        images: Gd above its baseline [mmol/L], shape (time, row, col).
        wall: myocardium, shape (row, col).
        cavity: of the LV, same shape.
    """
    places = np.argwhere(wall & ~ndimage.binary_dilation(cavity))
    if len(places) < FEWEST:
        return []
    row, col = (places - places.mean(axis=0)).T
    wedge = np.floor((np.arctan2(row, col) / (2 * np.pi) + 0.5) * WEDGES).astype(int) % WEDGES
    parts = [places[wedge == number].T for number in range(WEDGES)]
    return [np.median(images[:, rows, cols], axis=1) for rows, cols in parts if len(rows) >= FEWEST]


def delayed(table: Table, step: float, times: FloatArray, delay: float) -> Table:
    """A table made on a regular grid of `step` [s], at other times [s] and its curves `delay` later [s]."""
    return replace(table, curves=sample(table.curves, step, times - delay))


def find_delay(slices: Sequence[Telling]) -> Delay:
    """Posterior mean of the delay of all slices of a study's scans, 0 where there is nothing to tell it by.

    Each wedge's other parameters are integrated over, not only chosen at their best: a best value for each of many
    wedges would draw what they share away from the truth (Neyman and Scott, Econometrica 1948).
    """
    telling = [one for one in slices if len(one.curves)]
    if not telling:
        return Delay(0.0, np.inf)
    coarse = np.arange(0.0, LONGEST + SPACING / 2, SPACING)
    fits = side_by_side(partial(_fits, telling, [NOISE[0]] * len(telling)), coarse)
    best = int(np.argmin([_sum(fit) for fit in fits]))
    noise = [max(NOISE[1], fit.noise()) for fit in fits[best]]
    near = np.arange(-AROUND, AROUND + CLOSE / 2, CLOSE) + coarse[best]
    near = near[near >= 0]
    between = CubicSpline(near, side_by_side(partial(cost, telling, noise), near))
    dense = np.linspace(near[0], near[-1], BETWEEN * (len(near) - 1) + 1)
    weight = np.exp(between(dense).min() - between(dense))
    mean = float(np.average(dense, weights=weight))
    return Delay(mean, float(np.sqrt(np.average((dense - mean) ** 2, weights=weight))))


def cost(slices: Sequence[Telling], noise: Sequence[float], delay: float) -> float:
    """Minus the log of a delay's posterior, but for a constant.

    Args:
        slices: that tell it.
        noise: SD of a sample of each one's curves [mmol/L].
        delay: [s].
    """
    return _sum(_fits(slices, noise, delay))


def _fits(slices: Sequence[Telling], noise: Sequence[float], delay: float) -> list[Fit]:
    return [
        Fitter(delayed(one.table, one.step, one.times, delay)).fit(one.curves, own, STARTS)
        for one, own in zip(slices, noise, strict=True)
    ]


def _sum(fits: list[Fit]) -> float:
    return float(sum(fit.cost.sum() for fit in fits))
