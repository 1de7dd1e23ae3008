"""From the arrival of the bolus in the LV to that in the tissue, once a slice.

A delay free in every pixel ruins the flow's precision: it trades against the flow. The slice's is the one that fits
best to the tissue that the model describes best, lightly smoothed so that the model's misfit stands above the noise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from operators.flow_mapping.table import QUIETEST, Table, fit
from operators.series import FloatArray

FINE = 4
"""The table's curves are made on so many times finer a grid, so that a delay is a shift by whole samples."""
LONGEST = 3.0
"""[s]"""
TISSUE = (0.04, 0.2)
"""Peaks of myocardium lie between these fractions of the AIF's; blood's lie above, fat's and air's below."""
SMOOTHING = 1.0
"""SD of the Gaussian [pixel]."""
TELLING = 1 / 3
"""Share of that tissue, the best described, whose misfit counts; the rest is lung, liver and borders."""
SAMPLE = 3000
"""At most so many pixels tell the delay."""
FEWEST = 20


def delayed(table: Table, delay: float, step: float) -> Table:
    """A table made on the fine grid, at the samples of the grid itself, its curves shifted later by `delay` [s]."""
    shift = round(delay * FINE / step)
    shifted = np.zeros_like(table.curves)
    shifted[:, shift:] = table.curves[:, : table.curves.shape[1] - shift]
    return replace(table, curves=shifted[:, ::FINE])


def find_delay(tissue: FloatArray, table: Table, aif_peak: float, step: float) -> tuple[float, float]:
    """Delay of a slice and the noise the model leaves.

    Args:
        tissue: Gd above its baseline, from the onset on [mmol/L], shape (time, row, col).
        table: on the fine grid.
        aif_peak: [mmol/L]
        step: of the images [s].

    Returns:
        Delay [s], 0 where too little enhances, and the RMS misfit of single pixels there [mmol/L].
    """
    curves = _pixels(gaussian_filter(tissue, (0, SMOOTHING, SMOOTHING)))
    peak = curves.max(axis=1)
    chosen = np.flatnonzero((peak > TISSUE[0] * aif_peak) & (peak < TISSUE[1] * aif_peak))
    if len(chosen) < FEWEST:
        return 0.0, QUIETEST
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(SAMPLE, len(chosen))).astype(int)]
    size = np.sqrt(np.square(curves[chosen]).mean(axis=1))
    candidates = np.arange(0.0, LONGEST + step / FINE, step / 2)
    misfits = [fit(curves[chosen], delayed(table, d, step), QUIETEST).residual / size for d in candidates]
    telling = int(np.ceil(TELLING * len(chosen)))
    best = int(np.argmin([np.sort(misfit)[:telling].mean() for misfit in misfits]))
    described = chosen[np.argsort(misfits[best])[:telling]]
    left = fit(_pixels(tissue)[described], delayed(table, float(candidates[best]), step), QUIETEST).residual
    return float(candidates[best]), float(np.median(left))


def _pixels(images: FloatArray) -> FloatArray:
    return np.ascontiguousarray(images.reshape(len(images), -1).T, np.float32)
