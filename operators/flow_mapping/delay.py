"""From the arrival of the bolus in the LV to that in the myocardium.

At high flow the delay can hardly be told from one scan: an earlier arrival and a slower passage look alike, and an
error of 0.1 s is one of 15 % in flow. At low flow it is told well. So one delay is found for all scans of a study
together, from the median curve of each slice's inner wall: these are nearly free of noise, and of the blood at its
borders. That the way from the LV to the myocardium takes as long at stress as at rest is an assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from operators.flow_mapping.table import Fitter, Table
from operators.series import FloatArray

FINE = 4
"""The table's curves are made on so many times finer a grid, so that a delay is a shift by few samples."""
LONGEST = 2.0
"""[s]"""
NOISE = 0.006
"""Of a median curve, the model's own misfit included [mmol/L]."""
STARTS = 8
"""Of each fit: a median curve must not be caught in a side minimum."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one scan tells of the delay."""

    curves: FloatArray
    """Gd above its baseline, from the onset on, of the inner wall of each slice [mmol/L], shape (slice, time)."""
    table: Table
    """On the fine grid."""
    step: float
    """Between the curves' samples [s]."""


def delayed(table: Table, delay: float, step: float) -> Table:
    """A table made on the fine grid at the grid's own samples, its curves `delay` later [s], linear between."""
    whole, part = divmod(delay * FINE / step, 1.0)
    early, late = (_later(table.curves, int(whole) + k) for k in (0, 1))
    return replace(table, curves=((1 - part) * early + part * late)[..., ::FINE])


def _later(curves: FloatArray, samples: int) -> FloatArray:
    shifted = np.zeros_like(curves)
    shifted[..., samples:] = curves[..., : curves.shape[-1] - samples]
    return shifted


def find_delay(scans: Sequence[Telling]) -> float:
    """Delay at which the model describes all scans of a study best [s], 0 where there is nothing to tell it by."""
    telling = [scan for scan in scans if len(scan.curves)]
    if not telling:
        return 0.0
    spacing = min(scan.step for scan in telling) / FINE
    candidates = np.arange(0.0, LONGEST + spacing / 2, spacing)
    cost = np.array([sum(_misfit(scan, delay) for scan in telling) for delay in candidates])
    best = int(np.argmin(cost))
    if best in (0, len(candidates) - 1):
        return float(candidates[best])
    before, here, after = cost[best - 1 : best + 2]
    return float(candidates[best] + spacing * 0.5 * (before - after) / (before - 2 * here + after))


def _misfit(scan: Telling, delay: float) -> float:
    return float(Fitter(delayed(scan.table, delay, scan.step), NOISE).fit(scan.curves, STARTS).cost.sum())
