"""Flow of every pixel of a scan."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.flow_mapping import btex
from operators.flow_mapping.delay import FINE, Delay, Telling, find_delay, wedge_curves
from operators.flow_mapping.registry import MODELS
from operators.flow_mapping.slice_map import about, map_slice, unusable_flags, usable
from operators.flow_mapping.upslope import relative_upslope
from operators.series import ArterialInput, BoolArray, FloatArray, FlowMap, ResampledSeries

logger = logging.getLogger(__name__)

LEAD = 3.0
"""The input and the tissue are followed from so long before the onset [s]."""


@dataclass(frozen=True, slots=True)
class _Enhancement:
    """An absolute scan from the onset on."""

    images: tuple[FloatArray, ...]
    """Gd above its baseline of each slice [mmol/L], shape (time, row, col)."""
    aif: FloatArray
    """Above its baseline [mmol/L], on the fine grid, shape (time,)."""
    step: float
    """Between images [s]."""


def map_flow(
    scans: Sequence[tuple[ResampledSeries, ArterialInput, BoolArray]], hematocrit: float, model: str = "btex"
) -> tuple[FlowMap, ...]:
    """Of each scan of a study: MBF where tissue and input are Gd concentrations, else upslope relative to the blood's.

    Args:
        scans: tissue and AIF on one grid, what the AIF was made from, and the myocardium, shape (slice, row, col).
        hematocrit: fraction.
        model: name in `MODELS`.

    Raises:
        SettingError: there is no such model.
    """
    if model not in MODELS:
        raise SettingError(f"There is no flow model {model}.", where="model", hint=f"Take one of {', '.join(MODELS)}.")
    enhancements = [_enhancement(resampled, aif) for resampled, aif, _ in scans]
    delay = find_delay([_telling(e, m, hematocrit) for e, (_, _, m) in zip(enhancements, scans, strict=True) if e])
    return tuple(
        _absolute(enhancement, wall, delay, hematocrit, model) if enhancement else _relative(resampled, aif)
        for enhancement, (resampled, aif, wall) in zip(enhancements, scans, strict=True)
    )


def _enhancement(resampled: ResampledSeries, arterial_input: ArterialInput) -> _Enhancement | None:
    """None where flow can only be relative."""
    if not arterial_input.absolute or resampled.unit != "mmol/L":
        return None
    onset = _onset(resampled, arterial_input)
    arrival = max(0, int(np.floor((onset - resampled.times[0]) / resampled.step)))
    # The onset is where the bolus can be told from noise: it begins before.
    start = max(0, arrival - round(LEAD / resampled.step))
    aif = resampled.aif[start:] - (resampled.aif[:start].mean() if start > 0 else 0.0)
    coarse = np.arange(len(aif)) * FINE
    fine = CubicSpline(coarse, aif)(np.arange(coarse[-1] + 1))
    return _Enhancement(tuple(_above_baseline(images, start) for images in resampled.tissue), fine, resampled.step)


def _telling(enhancement: _Enhancement, myocardium: BoolArray, hematocrit: float) -> Telling:
    walls = zip(enhancement.images, myocardium, strict=True)
    curves = [curve for images, wall in walls for curve in wedge_curves(images, wall & usable(images))]
    table = btex.make_table(enhancement.aif, enhancement.step / FINE, hematocrit)
    return Telling(np.array(curves, np.float32), table, enhancement.step)


def _absolute(enhancement: _Enhancement, walls: BoolArray, delay: Delay, hematocrit: float, model: str) -> FlowMap:
    made = MODELS[model](enhancement.aif, enhancement.step / FINE, hematocrit)
    fitters = about(made, delay, enhancement.aif[::FINE] / np.linalg.norm(enhancement.aif[::FINE]))
    slices = list(zip(enhancement.images, walls, strict=True))
    maps = [map_slice(images, wall, fitters) for images, wall in slices]
    flags = [flag for k, (images, wall) in enumerate(slices) for flag in unusable_flags(images, wall, k)]
    stacked = {name: np.stack([one[name] for one in maps]) for name in maps[0]}
    logger.info("flow mapping: %s, delay %.2f s", model, delay.seconds)
    assumptions: dict[str, float | str] = {
        "hematocrit": hematocrit,
        "delay_s": round(delay.seconds, 3),
        "delay_from": "all scans of the study",
    }
    flow, delays = stacked.pop("flow"), np.full(len(maps), delay.seconds)
    return FlowMap(flow, "mL/min/g", model, delays, stacked, assumptions=assumptions, flags=tuple(flags))


def _above_baseline(tissue: FloatArray, start: int) -> FloatArray:
    """Images from the onset on, above their mean before it, shape (time, row, col)."""
    baseline = tissue[:start].mean(axis=0) if start > 0 else np.float32(0)
    return np.asarray(tissue[start:] - baseline, np.float32)


def _onset(resampled: ResampledSeries, arterial_input: ArterialInput) -> float:
    if arterial_input.onset is not None:
        return arterial_input.onset
    return find_first_pass(resampled.aif, resampled.times).onset


def _relative(resampled: ResampledSeries, arterial_input: ArterialInput) -> FlowMap:
    slices, _, rows, columns = resampled.tissue.shape
    if not len(resampled.aif):
        why = "There is no arterial input, not even in the perfusion images."
        nothing = np.full((slices, rows, columns), np.nan)
        return FlowMap(nothing, "relative upslope", "upslope", np.zeros(slices), why_relative=why)
    if arterial_input.absolute:
        why = "The images are signal, not Gd concentration, so blood flow can't be quantified."
    else:
        why = "There is no arterial input in Gd concentration, so blood flow can't be quantified."
    onset = _onset(resampled, arterial_input) - float(resampled.times[0])
    flow = np.stack([relative_upslope(t, resampled.aif, onset, resampled.step) for t in resampled.tissue])
    return FlowMap(flow, "relative upslope", "upslope", np.zeros(slices), why_relative=why)
