"""Flow of every pixel of a scan."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_erosion, gaussian_filter

from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.flow_mapping import btex
from operators.flow_mapping.blood import without
from operators.flow_mapping.delay import FINE, STARTS, Delay, Telling, find_delay, wedge_curves
from operators.flow_mapping.registry import MODELS, CurveFitter
from operators.flow_mapping.table import Fit
from operators.flow_mapping.upslope import relative_upslope
from operators.series import ArterialInput, BoolArray, FloatArray, FlowMap, ResampledSeries

logger = logging.getLogger(__name__)

NOISE = (0.03, 0.002)
"""SD of a sample, taken for a pixel where there is no wall to measure it in, and the least, of any curve [mmol/L]."""
SURROUNDINGS = 3.0
"""SD of the Gaussian by which a pixel's surroundings are weighted [pixels]."""
INDEPENDENT = 0.1
"""Noise of a curve of the surroundings, as a fraction of a pixel's: about a hundred pixels count, half of them free."""
HIGHEST = 6.0
"""No myocardium has more flow [mL/min/g]: such a pixel holds blood, and has no value."""
LEAD = 3.0
"""The input and the tissue are followed from so long before the onset [s]."""
BORDER = 0.1
"""Weight of the wall's border pixels in the surroundings of others."""


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
    curves = [curve for images, wall in walls for curve in wedge_curves(images, wall)]
    table = btex.make_table(enhancement.aif, enhancement.step / FINE, hematocrit)
    return Telling(np.array(curves, np.float32), table, enhancement.step)


def _absolute(enhancement: _Enhancement, walls: BoolArray, delay: Delay, hematocrit: float, model: str) -> FlowMap:
    made = MODELS[model](enhancement.aif, enhancement.step / FINE, hematocrit)
    blood = enhancement.aif[::FINE] / np.linalg.norm(enhancement.aif[::FINE])
    fitters = made.at(delay.seconds), made.at(delay.seconds, blood)
    walls_ = zip(enhancement.images, walls, strict=True)
    maps = [_map_slice(images, wall, fitters, blood) for images, wall in walls_]
    stacked = {name: np.stack([one[name] for one in maps]) for name in maps[0]}
    logger.info("flow mapping: %s, delay %.2f s", model, delay.seconds)
    assumptions: dict[str, float | str] = {
        "hematocrit": hematocrit,
        "delay_s": round(delay.seconds, 3),
        "delay_from": "all scans of the study",
    }
    flow = stacked.pop("flow")
    return FlowMap(flow, "mL/min/g", model, np.full(len(maps), delay.seconds), stacked, assumptions=assumptions)


def _map_slice(
    images: FloatArray, wall: BoolArray, fitters: tuple[CurveFitter, CurveFitter], blood: FloatArray
) -> dict[str, FloatArray]:
    """Maps (row, col) of images (time, row, col); NaN where a pixel has no signal.

    Args:
        images: Gd above its baseline [mmol/L], shape (time, row, col).
        wall: myocardium, shape (row, col).
        fitters: of the model's curves, and of what in them doesn't look like blood.
        blood: the arterial input at norm 1, shape (time,).
    """
    known = np.isfinite(images).all(axis=0) & (np.ptp(images, axis=0) > 0)
    wall = wall & known
    maps: dict[str, FloatArray] = {}
    _fill(maps, known, fitters[0].fit(images[:, known].T, NOISE[0]))
    if wall.any():
        _fit_wall(maps, images, wall, fitters, blood)
    too_much = maps["flow"] > HIGHEST
    return {name: np.where(too_much, np.float32(np.nan), values) for name, values in maps.items()}


def _fit_wall(
    maps: dict[str, FloatArray],
    images: FloatArray,
    wall: BoolArray,
    fitters: tuple[CurveFitter, CurveFitter],
    blood: FloatArray,
) -> None:
    """Fit the wall's pixels at their own noise, each expected to be somewhat like its surroundings.

    Pixels at the wall's border may hold some blood: what in their curves looks like blood isn't counted.
    """
    fitter, bloodless = fitters
    curves, inner = images[:, wall].T, binary_erosion(wall)
    noise = max(NOISE[1], fitter.fit(curves, NOISE[0]).noise())
    around = fitter.fit(_surroundings(images, wall, inner), max(NOISE[1], INDEPENDENT * noise), STARTS)
    _fill(maps, wall, fitter.fit(curves, noise, STARTS, around))
    border = ~inner[wall]
    _fill(maps, wall & ~inner, bloodless.fit(without(curves[border], blood), noise, STARTS, around.of(border)))


def _surroundings(images: FloatArray, wall: BoolArray, inner: BoolArray) -> FloatArray:
    """Mean curve of the wall about each of its pixels, borders counting little, shape (pixel, time)."""
    weights = np.where(inner, np.float32(1), np.float32(BORDER)) * wall
    total = gaussian_filter(weights, SURROUNDINGS)
    sums = gaussian_filter(images * weights, (0, SURROUNDINGS, SURROUNDINGS))
    return np.asarray((sums[:, wall] / total[wall]).T)


def _fill(maps: dict[str, FloatArray], where: BoolArray, fit: Fit) -> None:
    for name, value in (*fit.parameters.items(), ("flow_sd_ml_min_g", fit.flow_sd), ("fit_rms_mmol_per_l", fit.rms)):
        maps.setdefault(name, np.full(where.shape, np.nan, np.float32))[where] = value


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
