"""From the arrival of the bolus in the LV to that in the myocardium.

At high flow a single pixel hardly tells the delay: an earlier arrival and a slower passage look alike, and an error of
0.1 s is one of 15 % in flow. So one delay is found for all scans of a study together, from the median curves of wedges
of each slice's inner wall: these are nearly free of noise and of the blood at the wall's borders, and each wedge may
have its own flow. That the way from the LV to the myocardium takes as long at stress as at rest is an assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import binary_erosion

from operators.flow_mapping.table import Fit, Fitter, Table
from operators.series import BoolArray, FloatArray

FINE = 4
"""The table's curves are made on so many times finer a grid, so that a delay is a shift by few samples."""
LONGEST = 3.5
"""[s]"""
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
    """What one scan tells of the delay."""

    curves: FloatArray
    """Gd above its baseline of wedges of the inner wall [mmol/L], shape (wedge, time)."""
    table: Table
    """On the fine grid."""
    step: float
    """Between the curves' samples [s]."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Of a study."""

    seconds: float
    sd: float
    """Of the delay, from how sharply the misfit rises about its least [s]; infinite where there was nothing to tell."""


def wedge_curves(images: FloatArray, wall: BoolArray) -> list[FloatArray]:
    """Median curves of the inner wall's wedges that are large enough.

    Args:
        images: Gd above its baseline [mmol/L], shape (time, row, col).
        wall: myocardium, shape (row, col).
    """
    inner = np.argwhere(binary_erosion(wall))
    if len(inner) < FEWEST:
        return []
    row, col = (inner - np.argwhere(wall).mean(axis=0)).T
    wedge = np.floor((np.arctan2(row, col) / (2 * np.pi) + 0.5) * WEDGES).astype(int) % WEDGES
    parts = [inner[wedge == number].T for number in range(WEDGES)]
    return [np.median(images[:, rows, cols], axis=1) for rows, cols in parts if len(rows) >= FEWEST]


def delayed(table: Table, delay: float, step: float) -> Table:
    """A table made on the fine grid at the grid's own samples, its curves `delay` later [s], linear between."""
    whole, part = divmod(delay * FINE / step, 1.0)
    early, late = (_later(table.curves, int(whole) + k) for k in (0, 1))
    return replace(table, curves=((1 - part) * early + part * late)[..., ::FINE])


def _later(curves: FloatArray, samples: int) -> FloatArray:
    shifted = np.zeros_like(curves)
    shifted[..., samples:] = curves[..., : curves.shape[-1] - samples]
    return shifted


def find_delay(scans: Sequence[Telling]) -> Delay:
    """Delay at which the model describes all scans of a study best, 0 where there is nothing to tell it by."""
    telling = [scan for scan in scans if len(scan.curves)]
    if not telling:
        return Delay(0.0, np.inf)
    spacing = min(scan.step for scan in telling) / FINE
    coarse = np.arange(0.0, LONGEST + spacing / 2, spacing)
    fits = [_fits(telling, delay, [NOISE[0]] * len(telling)) for delay in coarse]
    best = int(np.argmin([_cost(fit) for fit in fits]))
    noise = [max(NOISE[1], fit.noise()) for fit in fits[best]]
    close = np.unique(np.maximum(coarse[best] + spacing * np.arange(-2.0, 2.01, 0.25), 0.0))
    return _lowest(close, np.array([_cost(_fits(telling, delay, noise)) for delay in close]))


def _fits(scans: Sequence[Telling], delay: float, noise: Sequence[float]) -> list[Fit]:
    return [
        Fitter(delayed(scan.table, delay, scan.step)).fit(scan.curves, own, STARTS)
        for scan, own in zip(scans, noise, strict=True)
    ]


def _cost(fits: list[Fit]) -> float:
    return float(sum(fit.cost.sum() for fit in fits))


def _lowest(delays: FloatArray, cost: FloatArray) -> Delay:
    """Lowest point of the parabola through the least cost and its neighbours."""
    best = int(np.clip(np.argmin(cost), 1, len(cost) - 2))
    square, slope, _ = np.polyfit(delays[best - 1 : best + 2] - delays[best], cost[best - 1 : best + 2], 2)
    if square <= 0:
        return Delay(float(delays[np.argmin(cost)]), float(np.ptp(delays)))
    lowest = np.clip(delays[best] - slope / (2 * square), delays[best - 1], delays[best + 1])
    return Delay(float(lowest), float(1 / np.sqrt(2 * square)))
