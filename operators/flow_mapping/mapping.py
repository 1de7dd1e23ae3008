"""Flow of every pixel of a scan."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.flow_mapping import btex
from operators.flow_mapping.delay import Delay, Telling, find_delay, wedge_curves
from operators.flow_mapping.registry import MODELS, Model
from operators.flow_mapping.sampling import sample
from operators.flow_mapping.slice_map import RESIDUAL, Unusable, map_slice, parts_by_delay
from operators.flow_mapping.upslope import relative_upslope
from operators.series import (
    ArterialInput,
    BoolArray,
    FloatArray,
    FlowMap,
    IntArray,
    Label,
    QualityFlag,
    ResampledSeries,
)
from operators.side_by_side import side_by_side

logger = logging.getLogger(__name__)

LEAD = 3.0
"""The input and the tissue are followed from so long before the onset [s]."""
DIFFERS = 0.1
"""A part of the wall that blood reaches later or sooner than most of it by so much is spoken of [s]."""
DOUBTFUL = frozenset(
    {"aif_no_bolus", "aif_chamber_unsure", "aif_starts_late", "aif_truncated", "aif_gap", "aif_peak_out_of_range"}
)
"""Codes of flags of an arterial input that may be no LV's or lack part of the bolus: others tell the delay better."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """From before the bolus on."""

    images: FloatArray
    """Gd above its baseline [mmol/L], shape (time, row, col)."""
    times: FloatArray
    """From the arterial input's first sample on [s], shape (time,)."""
    wall: BoolArray
    """Shape (row, col)."""
    cavity: BoolArray
    """Of the LV, shape (row, col)."""
    unusable: Unusable


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """An absolute one."""

    slices: tuple[_Slice, ...]
    aif: FloatArray
    """Above its baseline [mmol/L], shape (time,)."""
    step: float
    """Between the AIF's samples [s]."""
    frames: int
    """Of a slice, those before the bolus included."""
    doubtful: bool
    """Whether its arterial input is."""


def map_flow(
    scans: Sequence[tuple[ResampledSeries, ArterialInput, IntArray]],
    hematocrit: float,
    model: str = "btex",
    hematocrit_from: str = "given",
) -> tuple[FlowMap, ...]:
    """Of each scan of a study: MBF where tissue and input are Gd concentrations, else upslope relative to the blood's.

    Args:
        scans: tissue and AIF, what the AIF was made from, and the `Label` of each pixel, shape (slice, row, col).
        hematocrit: fraction.
        model: name in `MODELS`.
        hematocrit_from: where the hematocrit comes from, in a word.

    Raises:
        SettingError: there is no such model.
    """
    if model not in MODELS:
        raise SettingError(f"There is no flow model {model}.", where="model", hint=f"Take one of {', '.join(MODELS)}.")
    enhanced = [_enhancement(*one) for one in scans]
    absolute = [scan for scan in enhanced if scan]
    sound = [scan for scan in absolute if not scan.doubtful] or absolute
    delay = find_delay([telling for scan in sound for telling in _telling(scan, hematocrit)])
    assumptions: dict[str, float | str] = {
        "hematocrit": hematocrit,
        "hematocrit_from": hematocrit_from,
        "delay_s": round(delay.seconds, 3),
        "delay_from": "all scans of the study" if sound == absolute else "scans with a sound arterial input",
    }
    made = [MODELS[model](scan.aif, scan.step, hematocrit) for scan in absolute]
    work = [(one, scan, tables, delay) for scan, tables in zip(absolute, made, strict=True) for one in scan.slices]
    maps = iter(side_by_side(_map, *zip(*work, strict=True)))
    return tuple(
        _absolute(scan, [next(maps) for _ in scan.slices], delay, model, assumptions)
        if scan
        else _relative(resampled, aif)
        for scan, (resampled, aif, _) in zip(enhanced, scans, strict=True)
    )


def _enhancement(resampled: ResampledSeries, arterial_input: ArterialInput, labels: IntArray) -> _Scan | None:
    """None where flow can only be relative."""
    if not arterial_input.absolute or resampled.unit != "mmol/L":
        return None
    # The onset is where the bolus can be told from noise: it begins before.
    first = int(np.clip(np.searchsorted(resampled.times, _onset(resampled, arterial_input) - LEAD), 0, None))
    start = float(resampled.times[first])
    aif = resampled.aif[first:] - (resampled.aif[:first].mean() if first > 0 else 0.0)
    slices = []
    for tissue, times, drawn in zip(resampled.tissue, resampled.tissue_times, labels, strict=True):
        before = times < start
        baseline = tissue[before].mean(axis=0) if before.any() else np.float32(0)
        images = np.asarray(tissue[~before] - baseline, np.float32)
        wall, cavity = (np.asarray(drawn == label) for label in (Label.MYOCARDIUM, Label.LV_CAVITY))
        slices.append(_Slice(images, times[~before] - start, wall, cavity, Unusable.of(images)))
    doubtful = any(flag.code in DOUBTFUL for flag in arterial_input.flags)
    return _Scan(tuple(slices), aif, resampled.step, resampled.tissue.shape[1], doubtful)


def _telling(scan: _Scan, hematocrit: float) -> list[Telling]:
    table = btex.make_table(scan.aif, scan.step, hematocrit)
    curves = [wedge_curves(one.images, one.wall & one.unusable.usable, one.cavity) for one in scan.slices]
    return [
        Telling(np.array([*mine.values()], np.float32), np.array([*mine], int), one.times, table, scan.step)
        for mine, one in zip(curves, scan.slices, strict=True)
    ]


def _map(one: _Slice, scan: _Scan, made: Model, delay: Delay) -> dict[str, FloatArray]:
    blood = sample(scan.aif, scan.step, one.times)
    parts = parts_by_delay(made, delay, one.wall, one.cavity, one.times, blood)
    return map_slice(one.images, one.wall, one.unusable.usable, parts)


def _absolute(
    scan: _Scan,
    maps: Sequence[Mapping[str, FloatArray]],
    delay: Delay,
    name: str,
    assumptions: Mapping[str, float | str],
) -> FlowMap:
    stacked = {key: np.stack([one[key] for one in maps]) for key in maps[0] if key != RESIDUAL}
    residual = np.stack([_all_frames(one[RESIDUAL], scan.frames) for one in maps])
    flow = stacked.pop("flow")
    flags = [
        flag for number, one in enumerate(scan.slices) for flag in one.unusable.flags(one.wall, flow[number], number)
    ]
    if abs(delay.farthest) >= DIFFERS:
        when = "sooner" if delay.farthest < 0 else "later (as through collaterals or past a narrowing)"
        text = (
            f"Blood reaches a part of the wall {abs(delay.farthest):.1f} s {when} than most of it; flow there was "
            "found with a delay of its own."
        )
        flags.append(QualityFlag("delay_differs", "info", text))
    logger.info("flow mapping: %s, delay %.2f s", name, delay.seconds)
    delays = np.full(len(maps), delay.seconds)
    return FlowMap(flow, "mL/min/g", name, delays, stacked, None, assumptions, tuple(flags), residual)


def _all_frames(curves: FloatArray, frames: int) -> FloatArray:
    """Curves (time, row, col) of the last frames with NaN in those before them, which are the baseline."""
    return np.pad(curves, ((frames - len(curves), 0), (0, 0), (0, 0)), constant_values=np.nan)


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
    onset = _onset(resampled, arterial_input)
    blood = arterial_input.values, arterial_input.times
    both = zip(resampled.tissue, resampled.tissue_times, strict=True)
    flow = np.stack([relative_upslope(tissue, times, *blood, onset) for tissue, times in both])
    return FlowMap(flow, "relative upslope", "upslope", np.zeros(slices), why_relative=why)
