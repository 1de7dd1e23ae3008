"""Single pixels of known flow at their true delay, by the chain's models and by what a user would pick instead.

`benchmarks.models` prints the table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import numpy as np
from scipy.interpolate import CubicSpline

from benchmarks.known_flow import NOISE, SECTORS, STEP, Input, Study
from benchmarks.pixel_fits import by_dcmri, by_scipy
from benchmarks.record import Record
from operators.flow_mapping.delay import STARTS
from operators.flow_mapping.registry import MODELS, Model
from operators.resampling.regular_grid import STEP as GRID
from operators.series import FloatArray

SLICE = 192 * 144
"""Pixels that a time is taken for."""


def tell(
    record: Record,
    pixels: int,
    drawn: list[tuple[Input, Study]],
    titles: Mapping[str, str],
    random: np.random.Generator,
) -> None:
    """Print the table.

    Args:
        record: of the benchmark.
        pixels: how many.
        drawn: slices of known flow that they are taken from.
        titles: of the models.
        random: draws pixels and noise.
    """
    chosen = [drawn[k] for k in random.permutation(len(drawn))[: -(-pixels // SECTORS)]]
    true = np.concatenate([study.flow for _, study in chosen])[:pixels]
    noisy = [study.curves + random.normal(0, NOISE, study.curves.shape) for _, study in chosen]
    rows = []
    for name in MODELS:
        found = [
            made(name, aif).at(study.delay, aif.times).fit(curves, NOISE, STARTS)
            for (aif, study), curves in zip(chosen, noisy, strict=True)
        ]
        flow = np.concatenate([one.parameters["flow"] for one in found])[:pixels]
        rows.append(
            [f"{titles[name]}, alone", *error(flow, true), f"{1e3 * seconds(name, chosen[0], noisy[0]):.3f} ms"]
        )
    others: dict[str, Callable[[FloatArray, float, float, FloatArray], FloatArray]] = {
        "blood-tissue exchange, scipy.optimize.least_squares": by_scipy,
        "two-compartment exchange, dcmri": by_dcmri,
    }
    if find_spec("dcmri") is None:
        del others[next(reversed(others))]
        record.say("dcmri is not installed: `pip install -e .[bench]`.\n")
    for name, fit in others.items():
        start = time.perf_counter()
        each_found = [
            fit(upsampled(aif, study.delay), STEP, aif.hematocrit, curves)
            for (aif, study), curves in zip(chosen, noisy, strict=True)
        ]
        each = (time.perf_counter() - start) / (len(chosen) * SECTORS)
        rows.append([name, *error(np.concatenate(each_found)[:pixels], true), f"{1e3 * each:.2f} ms"])
    record.say(
        f"{pixels} single pixels with noise, each alone and at its true delay. Times of the chain's models are "
        f"those of a slice of {SLICE:,} pixels, set-up included, by its pixels:\n"
    )
    record.table(["fit", "median error", "median of its size", "largest", "time a pixel"], rows)


def seconds(model: str, slice_: tuple[Input, Study], curves: FloatArray) -> float:
    """Time a pixel of making a model and fitting a slice's pixels, curves (curve, time) again and again [s]."""
    aif, study = slice_
    many = np.resize(curves, (SLICE, curves.shape[1])).astype(np.float32)
    start = time.perf_counter()
    made(model, aif).at(study.delay, aif.times).fit(many, NOISE)
    return (time.perf_counter() - start) / SLICE


def error(found: FloatArray, true: FloatArray) -> list[str]:
    """Cells: relative error of flow."""
    relative = found / true - 1
    return [f"{np.median(relative):+.1%}", f"{np.median(np.abs(relative)):.1%}", f"{np.abs(relative).max():.0%}"]


def made(name: str, aif: Input) -> Model:
    """A model for an input."""
    return MODELS[name](upsampled(aif, 0.0), GRID, aif.hematocrit)


def upsampled(aif: Input, delay: float) -> FloatArray:
    """What the chain makes of a measured input, every `GRID` seconds and `delay` later [s], shape (time,)."""
    times = np.arange(0.0, aif.times[-1] + GRID / 2, GRID) - delay
    return np.where(times >= 0, CubicSpline(aif.times, aif.samples)(np.maximum(times, 0)), 0.0)
