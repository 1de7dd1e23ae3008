"""Slices whose flow is known, for whatever is asked to find it.

Curves come from a finite-volume solution of the blood-tissue-exchange equations, which shares nothing with the fit. A
study here is one slice: a ring of six sectors of about a hundred pixels, a parameter set each, and one delay. The
arterial inputs are simulated ones of three widths and, where the real series are, the measured ones beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.interpolate import PchipInterpolator

from operators.arterial_input.onset import find_first_pass
from operators.flow_mapping.mapping import map_flow
from operators.resampling.regular_grid import STEP as GRID
from operators.resampling.regular_grid import regular
from operators.series import ArterialInput, BoolArray, FloatArray, FlowMap, Label, ResampledSeries
from perf_app.phantom.bolus import Bolus, blood_curves, time_grid
from perf_app.phantom.capillary import Exchange, solve

HEMATOCRIT = 0.42
STEP = 0.5
FINE = 0.05
"""Of the simulation [s]."""
NOISE = 0.02
"""SD of a sample of a pixel [mmol/L], as measured in patients."""
RANGES = {"flow": (0.5, 5.0), "ps": (0.35, 2.0), "vp": (0.03, 0.08), "visf": (0.15, 0.30)}
DELAY = (0.0, 3.0)
SECTORS = 6
BOLUSES = {
    "simulated, narrow": Bolus(arrival=6.0, rise=1.4, steepness=3.5, lung_transit=3.4, peak=4.0),
    "simulated, middle": Bolus(arrival=6.0, rise=2.0, steepness=3.0, lung_transit=4.5, peak=4.5),
    "simulated, wide": Bolus(arrival=6.0, rise=2.8, steepness=2.5, lung_transit=6.4, peak=4.8),
}


@dataclass(frozen=True)
class Input:
    """An arterial input, whole blood [mmol/L]."""

    fine: FloatArray
    """Every `FINE` seconds, zero before the bolus, shape (time,)."""
    hematocrit: float = HEMATOCRIT

    @classmethod
    def of_samples(cls, samples: FloatArray, hematocrit: float) -> Input:
        """Known at what a scan measures only, every `STEP` seconds: each sample is held until the next."""
        return cls(np.repeat(samples, round(STEP / FINE)), hematocrit)

    @property
    def times(self) -> FloatArray:
        """Of the samples that a scan takes [s]."""
        return np.asarray(np.arange(len(self.samples)) * STEP)

    @property
    def samples(self) -> FloatArray:
        """What a scan measures."""
        return self.fine[:: round(STEP / FINE)]


@dataclass(frozen=True)
class Study:
    """One slice of known flow."""

    flow: FloatArray
    """MBF [mL/min/g], shape (sector,)."""
    curves: FloatArray
    """[mmol/L], shape (sector, time)."""
    delay: float
    """Of all sectors but the first, whose own may be longer [s]."""


def inputs(data: Path | None) -> dict[str, Input]:
    """Arterial inputs by name."""
    times = time_grid(0.0, 45.0, FINE)
    found = {name: Input(blood_curves(bolus, times)[1].numpy()) for name, bolus in BOLUSES.items()}
    if data is not None:
        rest, stress = (np.load(data / name) for name in REAL)
        found["real, stress"] = measured(stress["aif"], float(stress["hct"]))
        found["real, rest"] = measured(rest["aif"], float(rest["hematocrit"]))
    return found


REAL = ("qperf/rest_gd.npz", "btex_dro/btex_dro_stressaif.npz")


def measured(samples: FloatArray, hematocrit: float) -> Input:
    """A measured input, smooth between its samples (PCHIP), above its baseline and zero before its onset."""
    coarse = np.arange(len(samples)) * STEP
    first = find_first_pass(samples, coarse)
    start = int(first.onset / STEP)
    above = np.maximum(samples - first.baseline, 0.0)
    above[: start + 1] = 0.0
    return Input(PchipInterpolator(coarse, above)(np.arange(0, coarse[-1] + FINE / 2, FINE)), hematocrit)


def draw(random: np.random.Generator, aif: Input, later: float = 0.0, delay: float | None = None) -> Study:
    """One slice; its sectors differ in all but the delay, which is longer by `later` [s] in the first of them.

    The delay is drawn, too, unless it is given.
    """
    level = random.uniform(*RANGES["flow"])
    flow = np.clip(level * random.uniform(0.7, 1.3, SECTORS), *RANGES["flow"])
    ps, vp, visf = (torch.from_numpy(random.uniform(*RANGES[name], SECTORS)) for name in ("ps", "vp", "visf"))
    delay = random.uniform(*DELAY) if delay is None else delay
    exchange = Exchange(torch.from_numpy(flow * (1 - aif.hematocrit)), ps, vp, visf)
    content = solve(torch.from_numpy(aif.fine / (1 - aif.hematocrit)), FINE, exchange, n_cells=30).content.numpy()
    grid = np.arange(content.shape[1]) * FINE
    delays = delay + later * (np.arange(SECTORS) == 0)
    curves = np.stack([np.interp(aif.times - d, grid, one, left=0.0) for d, one in zip(delays, content, strict=True)])
    return Study(flow, curves, delay)


def mapped(images: FloatArray, aif: Input, wall: BoolArray, model: str) -> FlowMap:
    """The flow map of one slice, shape (time, row, col)."""
    onset = find_first_pass(aif.samples, aif.times).onset
    arterial_input = ArterialInput("file", aif.times, aif.samples, "mmol/L", onset)
    times = np.arange(0.0, aif.times[-1] + GRID, GRID)
    series = ResampledSeries(times, regular(arterial_input, times), aif.times[None], images[None], "mmol/L")
    return map_flow([(series, arterial_input, np.where(wall, Label.MYOCARDIUM, 0)[None])], aif.hematocrit, model)[0]


def ring_of_sectors() -> tuple[BoolArray, npt.NDArray[np.intp]]:
    """A ring and the number of its sector for each pixel, shape (row, col)."""
    row, col = np.mgrid[-20:21, -20:21]
    radius, angle = np.hypot(row, col), np.arctan2(row, col)
    sector = np.floor((angle + np.pi) / (2 * np.pi) * SECTORS)
    return (radius > 12.5) & (radius < 19), np.asarray(sector, np.intp) % SECTORS
