"""Flow of every pixel of a slice, and how sure it is.

What may be wrong with a pixel's flow has two parts. Its own noise is drawn anew in the next pixel. What its
surroundings share is not: how well their mean curve tells flow while PS, Vp and Visf are free, the delay, and what no
curve tells. A region's mean keeps the second part, however many pixels it has. What a model leaves out isn't counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter

from operators.flow_mapping.blood import share, without
from operators.flow_mapping.delay import STARTS, Delay, turns_about
from operators.flow_mapping.registry import CurveFitter, Model
from operators.flow_mapping.table import Fit, noise_of
from operators.series import BoolArray, FloatArray, QualityFlag, Severity

NOISE = (0.03, 0.002)
"""SD of a sample, taken for a pixel where there is no wall to measure it in, and the least, of any curve [mmol/L]."""
SURROUNDINGS = 3.0
"""SD of the Gaussian by which a pixel's surroundings are weighted [pixels]."""
INDEPENDENT = 0.1
"""Noise of a curve of the surroundings, as a fraction of a pixel's: about a hundred pixels count, half of them free."""
HIGHEST = 6.0
"""No myocardium has more flow [mL/min/g]: such a pixel holds blood, and has no value."""
MOST_BLOOD = 0.2
"""A pixel of the wall whose curve holds a larger share of the blood's, beside the wall's usual curve, is none of muscle
and has no value either: a few of them, where an outflow tract was drawn over, would double a sector's flow."""
MUCH_BLOOD = 0.1
"""Share of a wall's pixels without flow for their blood from which on the wall's outline is to be doubted."""
BELOW = -0.03
"""A curve whose mean lies below this [mmol/L] is not Gd: noise alone doesn't bring it there."""
BORDER = 0.1
"""Weight of the wall's border pixels in the surroundings of others."""
DELAY_SD = (0.03, 0.3)
"""Least and largest of the delay [s]: it can be sharply told and yet wrong where the model doesn't quite hold."""
DELAY_TOGETHER = 2.0
"""The delay's SD takes the wall's wedges for independent; what is unusual about a heart, such as its Vp, they share."""
NOT_TOLD = 0.025
"""Relative SD of flow by what no curve tells: the arterial input's size, motion, pixels that hold other tissue too."""
PIXEL_NOT_TOLD = 0.04
"""The same of a pixel alone, beside what it shares with its surroundings."""

RESIDUAL = "residual"
"""Name of what the model leaves [mmol/L] among the maps."""


@dataclass(frozen=True, slots=True)
class Fitters:
    """A model about a study's delay, at a slice's times."""

    usual: CurveFitter
    bloodless: CurveFitter
    """Of what doesn't look like blood."""
    early: CurveFitter
    """The delay's SD earlier, but not before the arterial input."""
    late: CurveFitter
    apart: float
    """From the early to the late one, in SD of the delay."""
    blood: FloatArray
    """The arterial input [mmol/L], shape (time,)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Pixels of one delay."""

    where: BoolArray
    """Shape (row, col)."""
    seconds: float
    """The delay [s]."""
    fitters: Fitters


@dataclass(frozen=True, slots=True)
class Unusable:
    """Pixels of a slice that can have no flow, shape (row, col) each."""

    not_finite: BoolArray
    constant: BoolArray
    negative: BoolArray
    """Whose curves fall below their baseline."""

    @classmethod
    def of(cls, images: FloatArray) -> Unusable:
        """In images of Gd above its baseline [mmol/L], shape (time, row, col)."""
        infinite = np.asarray(~np.isfinite(images).all(axis=0))
        finite = np.where(infinite, np.float32(0), images)
        constant = np.asarray(~infinite & (np.ptp(finite, axis=0) == 0))
        return cls(infinite, constant, np.asarray(finite.mean(axis=0) < BELOW))

    @property
    def usable(self) -> BoolArray:
        """All others, shape (row, col)."""
        return np.asarray(~(self.not_finite | self.constant | self.negative))

    def flags(self, wall: BoolArray, flow: FloatArray, number: int) -> list[QualityFlag]:
        """What must be said of a wall and the flow found there (row, col), in slice `number` from 0."""
        flags = list[QualityFlag]()
        among = f"Of the {int(wall.sum())} pixels of the wall in slice {number + 1}"
        counts = [int((wall & one).sum()) for one in (self.not_finite, self.constant, self.negative)]
        if any(counts):
            reasons = "{} hold samples that are no numbers, {} never change, {} fall below their baseline".format(
                *counts
            )
            text = f"{among}, {reasons}; these have no flow."
            flags.append(QualityFlag("flow_pixels_missing", "warning", text, number))
        if bloody := int((wall & self.usable & np.isnan(flow)).sum()):
            above = f"have a flow above {HIGHEST:g} mL/min/g as no myocardium has"
            text = f"{among}, {bloody} look like blood, or {above}; these have no flow."
            severity: Severity = "warning" if bloody > MUCH_BLOOD * int(wall.sum()) else "info"
            flags.append(QualityFlag("flow_pixels_blood", severity, text, number))
        return flags


def parts_by_delay(
    model: Model, delay: Delay, wall: BoolArray, cavity: BoolArray, times: FloatArray, blood: FloatArray
) -> list[Part]:
    """A slice's pixels by their delay; all that isn't wall has the common one.

    Args:
        model: of the scan's arterial input.
        delay: of the study.
        wall: myocardium, shape (row, col).
        cavity: of the LV, same shape.
        times: of the slice's frames, from the arterial input's first sample on [s], shape (time,).
        blood: the arterial input at these times [mmol/L], shape (time,).
    """
    seconds, sds = delay.at(turns_about(wall, cavity))
    seconds, sds = np.where(wall, seconds, delay.seconds), np.where(wall, sds, delay.sd)
    parts = []
    for one in np.unique(seconds):
        where = np.asarray(seconds == one)
        parts.append(Part(where, float(one), about(model, float(one), float(sds[where].mean()), times, blood)))
    return parts


def about(model: Model, seconds: float, sd: float, times: FloatArray, blood: FloatArray) -> Fitters:
    """Fitters at a delay and at either side of it.

    Args:
        model: of the scan's arterial input.
        seconds: the delay [s].
        sd: its own [s].
        times: of the slice's frames, from the arterial input's first sample on [s], shape (time,).
        blood: the arterial input at these times [mmol/L], shape (time,).
    """
    sd = float(np.clip(DELAY_TOGETHER * sd, *DELAY_SD))
    early, late = max(seconds - sd, 0.0), seconds + sd
    return Fitters(
        model.at(seconds, times),
        model.at(seconds, times, blood),
        model.at(early, times),
        model.at(late, times),
        (late - early) / sd,
        blood,
    )


def map_slice(images: FloatArray, wall: BoolArray, usable: BoolArray, parts: Sequence[Part]) -> dict[str, FloatArray]:
    """Maps (row, col) by name, NaN where a pixel has no value: not usable, or nothing that myocardium could be.

    One of them, `RESIDUAL`, has a value for each frame, shape (time, row, col), NaN in frames that were not fitted.

    Args:
        images: Gd above its baseline [mmol/L], shape (time, row, col).
        wall: myocardium, shape (row, col).
        usable: pixels that can have a flow, shape (row, col).
        parts: the slice's pixels by their delay.
    """
    usable = usable & ~_blood(images, wall & usable, parts[0].fitters.blood)
    inner, wall = binary_erosion(wall) & usable, wall & usable
    maps: dict[str, FloatArray] = {RESIDUAL: np.full(images.shape, np.nan, np.float32)}
    for part in parts:
        here = part.where & usable
        fit = part.fitters.usual.fit(images[:, here].T, NOISE[0])
        _fill(maps, here, fit)
    for name in ("flow_sd_shared_ml_min_g", "delay_s"):
        maps[name] = np.full(wall.shape, np.nan, np.float32)
    if wall.any():
        left = maps[RESIDUAL][:, wall].T
        noise = max(NOISE[1], noise_of(left[:, np.isfinite(left).all(axis=0)], len(fit.parameters)))
        means = _surroundings(np.where(usable, images, np.float32(0)), wall, inner)
        for part in parts:
            here = wall & part.where
            if here.any():
                maps["delay_s"][here] = part.seconds
                _fit_wall(maps, images, here, inner & here, means[here[wall]], noise, part.fitters)
    too_much = maps["flow"] > HIGHEST
    return {name: np.where(too_much, np.float32(np.nan), values) for name, values in maps.items()}


def _blood(images: FloatArray, wall: BoolArray, blood: FloatArray) -> BoolArray:
    """Pixels of the wall that hold too much blood, shape (row, col)."""
    found = np.zeros_like(wall)
    if wall.any():
        curves = images[:, wall].T.astype(np.float64)
        found[wall] = share(curves, np.median(curves, axis=0), blood) > MOST_BLOOD
    return found


def _fit_wall(
    maps: dict[str, FloatArray],
    images: FloatArray,
    wall: BoolArray,
    inner: BoolArray,
    means: FloatArray,
    noise: float,
    fitters: Fitters,
) -> None:
    """Fit pixels of the wall at their own noise, each expected to be somewhat like its surroundings.

    Pixels at the wall's border may hold some blood: what in their curves looks like blood isn't counted.
    """
    within = inner[wall]
    around = fitters.usual.fit(means, max(NOISE[1], INDEPENDENT * noise), STARTS)
    _fill(maps, inner, fitters.usual.fit(images[:, inner].T, noise, STARTS, around.of(within)))
    border = without(images[:, wall & ~inner].T, fitters.blood)
    _fill(maps, wall & ~inner, fitters.bloodless.fit(border, noise, STARTS, around.of(~within)))

    own_noise = noise_of(around.residual, len(around.parameters))
    shared = _shared(means, max(NOISE[1], INDEPENDENT * noise, own_noise), fitters)
    maps["flow_sd_shared_ml_min_g"][wall] = shared
    own = maps["flow_sd_ml_min_g"][wall], PIXEL_NOT_TOLD * maps["flow"][wall]
    maps["flow_sd_ml_min_g"][wall] = np.linalg.norm([*own, shared], axis=0)


def _shared(means: FloatArray, noise: float, fitters: Fitters) -> FloatArray:
    """SD of flow that a pixel's surroundings have in common [mL/min/g], shape (curve,).

    Args:
        means: curves of the surroundings [mmol/L], shape (curve, time).
        noise: SD of their samples, what goes together in space and time counted in [mmol/L].
        fitters: of the slice.
    """
    early, late = (fitter.fit(means, noise, STARTS) for fitter in (fitters.early, fitters.late))
    flows = early.parameters["flow"], late.parameters["flow"]
    parts = (
        (early.flow_sd + late.flow_sd) / 2,
        (flows[1] - flows[0]) / fitters.apart,
        NOT_TOLD * (flows[0] + flows[1]) / 2,
    )
    return np.asarray(np.linalg.norm(parts, axis=0))


def _surroundings(images: FloatArray, wall: BoolArray, inner: BoolArray) -> FloatArray:
    """Mean curve of the wall about each of its pixels, borders counting little, shape (pixel, time)."""
    weights = np.where(inner, np.float32(1), np.float32(BORDER)) * wall
    total = gaussian_filter(weights, SURROUNDINGS)
    sums = gaussian_filter(images * weights, (0, SURROUNDINGS, SURROUNDINGS))
    return np.asarray((sums[:, wall] / total[wall]).T)


def _fill(maps: dict[str, FloatArray], where: BoolArray, fit: Fit) -> None:
    frames, fitted = len(maps[RESIDUAL]), fit.residual.shape[1]
    maps[RESIDUAL][:, where] = np.pad(fit.residual, ((0, 0), (0, frames - fitted)), constant_values=np.nan).T
    for name, value in (*fit.parameters.items(), ("flow_sd_ml_min_g", fit.flow_sd), ("fit_rms_mmol_per_l", fit.rms)):
        maps.setdefault(name, np.full(where.shape, np.nan, np.float32))[where] = value
