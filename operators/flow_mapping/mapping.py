"""Flow of every pixel of a scan."""

from __future__ import annotations

import logging

import numpy as np

from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.flow_mapping.delay import FINE, delayed, find_delay
from operators.flow_mapping.registry import MODELS
from operators.flow_mapping.table import Fitter
from operators.flow_mapping.upslope import relative_upslope
from operators.series import ArterialInput, BoolArray, FloatArray, FlowMap, ResampledSeries

logger = logging.getLogger(__name__)

NOISE = 0.03
"""SD of a sample of a pixel [mmol/L]: somewhat more than measured, since neighbours on the grid share theirs."""
FEWEST = 20
"""So many pixels of myocardium make a slice tell the delay."""


def map_flow(
    resampled: ResampledSeries,
    arterial_input: ArterialInput,
    hematocrit: float,
    myocardium: BoolArray,
    model: str = "btex",
) -> FlowMap:
    """MBF where tissue and input are Gd concentrations, else upslope relative to the blood's.

    Args:
        resampled: tissue and AIF on one grid.
        arterial_input: what the AIF was made from.
        hematocrit: fraction.
        myocardium: where to look for the delay, shape (slice, row, col).
        model: name in `MODELS`.

    Raises:
        SettingError: there is no such model.
    """
    if model not in MODELS:
        raise SettingError(f"There is no flow model {model}.", where="model", hint=f"Take one of {', '.join(MODELS)}.")
    if not arterial_input.absolute or resampled.unit != "mmol/L":
        return _relative(resampled, arterial_input)
    onset = _onset(resampled, arterial_input)
    start = max(0, int(np.floor((onset - resampled.times[0]) / resampled.step)))
    aif = resampled.aif - (resampled.aif[:start].mean() if start > 0 else 0.0)
    aif[:start] = 0.0
    aif = np.maximum(aif, 0.0)[start:]
    fine_step = resampled.step / FINE
    fine_times = np.arange((len(aif) - 1) * FINE + 1) * fine_step
    table = MODELS[model](np.interp(fine_times, fine_times[::FINE], aif), fine_step, hematocrit)

    enhanced = [_above_baseline(tissue, start) for tissue in resampled.tissue]
    curves = [np.median(e[:, m], axis=1) for e, m in zip(enhanced, myocardium, strict=True) if m.sum() >= FEWEST]
    delay = find_delay(curves, table, resampled.step)
    fitter = Fitter(delayed(table, delay, resampled.step), NOISE)
    maps = [_map_slice(images, fitter) for images in enhanced]
    stacked = {name: np.stack([one[name] for one in maps]) for name in maps[0]}
    logger.info("flow mapping: %s, delay %.2f s", model, delay)
    return FlowMap(stacked.pop("flow"), "mL/min/g", model, np.full(len(maps), delay), stacked)


def _map_slice(images: FloatArray, fitter: Fitter) -> dict[str, FloatArray]:
    """Maps (row, col) of images (time, row, col); NaN where a pixel has no signal."""
    curves = np.ascontiguousarray(images.reshape(len(images), -1).T)
    known = np.isfinite(curves).all(axis=1) & (np.ptp(curves, axis=1) > 0)
    found = fitter.fit(curves[known])
    values = {**found.parameters, "flow_sd_ml_min_g": found.flow_sd, "fit_rms_mmol_per_l": found.residual}
    maps = {}
    for name, value in values.items():
        maps[name] = np.full(images.shape[1:], np.nan, np.float32)
        maps[name][known.reshape(images.shape[1:])] = value
    return maps


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
