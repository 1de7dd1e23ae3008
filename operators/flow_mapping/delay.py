"""From the arrival of the bolus in the LV to that in the myocardium.

A delay free in every pixel ruins the flow's precision: it trades against the flow. It is told once a scan, by the
median curve of each slice's myocardium: these are nearly free of noise, and of the blood at the wall's borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from operators.flow_mapping.table import Fitter, Table
from operators.series import FloatArray

FINE = 4
"""The table's curves are made on so many times finer a grid, so that a delay is a shift by whole samples."""
LONGEST = 2.0
"""[s]"""
NOISE = 0.005
"""Of a median curve, the model's own misfit included [mmol/L]."""


def delayed(table: Table, delay: float, step: float) -> Table:
    """A table made on the fine grid, at the samples of the grid itself, its curves shifted later by `delay` [s]."""
    shift = round(delay * FINE / step)
    shifted = np.zeros_like(table.curves)
    shifted[..., shift:] = table.curves[..., : table.curves.shape[-1] - shift]
    return replace(table, curves=shifted[..., ::FINE])


def find_delay(curves: Sequence[FloatArray], table: Table, step: float) -> float:
    """Delay at which the model describes all curves best [s], 0 where there is none.

    Args:
        curves: Gd above its baseline, from the onset on [mmol/L], shape (time,) each.
        table: on the fine grid.
        step: of the curves [s].
    """
    if not curves:
        return 0.0
    stacked = np.asarray(np.stack(curves), np.float32)
    candidates = np.arange(0.0, LONGEST + step / FINE / 2, step / FINE)
    costs = [float(Fitter(delayed(table, d, step), NOISE).fit(stacked).cost.sum()) for d in candidates]
    return float(candidates[int(np.argmin(costs))])
