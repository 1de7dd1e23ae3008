"""From corrected signal to Gd concentration, as far as the images allow."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from operators.gadolinium.baseline import count_baseline
from operators.gadolinium.parameters import Resolved, resolve_perfusion
from operators.gadolinium.saturation_recovery import Table, make_table
from operators.gadolinium.surface_coil import BASELINE_SMOOTHING, SMOOTHING, smooth_reference
from operators.protocol import Protocol
from operators.series import FloatArray, GadoliniumSeries, ImageSeries, MotionCorrection, PerfusionScan, QualityFlag

logger = logging.getLogger(__name__)

MANY = 0.002
"""Fraction of the tissue's samples beyond the table above which the reader is warned."""


def to_gadolinium(scan: PerfusionScan, motion: MotionCorrection, protocol: Protocol) -> GadoliniumSeries:
    """Concentration of Gd in each pixel of the corrected series.

    * Series in mmol/L already: passed on.
    * Proton-density frames: signal over smoothed proton density, through the table of the sequence.
    * None, but an AIF series: signal over its own baseline instead, which takes the assumed T10 at its word.
    * Neither: the signal as it is, in arbitrary units. No flow in mL/min/g can come of it.

    Raises:
        SettingError: the sequence's values contradict each other.
    """
    series = motion.series
    if series.unit == "mmol/L":
        return GadoliniumSeries(series, {"conversion": "made by the scanner"})
    if motion.proton_density is not None:
        return _convert(series, motion.proton_density, resolve_perfusion(scan, protocol))
    if scan.aif is not None:
        return _convert(series, None, resolve_perfusion(scan, protocol))
    text = "There are neither proton-density nor AIF images: signal stays in arbitrary units, coil shading included."
    logger.info("gadolinium: arbitrary signal passed on")
    return GadoliniumSeries(
        series, {"conversion": "none: arbitrary signal"}, (QualityFlag("signal_arbitrary", "warning", text),)
    )


def _convert(series: ImageSeries, density: ImageSeries | None, resolved: Resolved) -> GadoliniumSeries:
    table = make_table(resolved.readout, over_baseline=density is None)
    concentration = np.empty(series.pixels.shape, np.float32)
    flags = list(resolved.flags)
    for k, images in enumerate(series.pixels):
        frames = density.pixels[k] if density is not None else images[: count_baseline(images)]
        sigma = SMOOTHING if density is not None else BASELINE_SMOOTHING
        reference = smooth_reference(frames, series.pixel_spacing, sigma)
        concentration[k], beyond = _invert(images, reference, table)
        if beyond > MANY:
            text = (
                f"{100 * beyond:.1f} % of the signal in slice {k + 1} is stronger than the sequence can explain "
                f"(more than {table.concentration[-1]:.0f} mmol/L) and was cut off there."
            )
            flags.append(QualityFlag("gd_out_of_range", "warning", text, k))
    how = "over proton density"
    if density is None:
        how = "over its own baseline"
        text = (
            "There are no proton-density images: concentration was calibrated by the baseline and an assumed native "
            f"T1 of {1e3 * resolved.readout.t1:.0f} ms in every tissue."
        )
        flags.append(QualityFlag("no_pd", "warning", text))
    logger.info(
        "gadolinium: signal %s, %s readout, 99.9 %% of samples below %.2f mmol/L",
        how, resolved.readout.kind, float(np.percentile(concentration[:, :, ::2, ::2], 99.9)),
    )  # fmt: skip
    converted = replace(series, pixels=concentration, unit="mmol/L")
    return GadoliniumSeries(converted, {"conversion": f"signal {how}", **resolved.assumptions}, tuple(flags))


def _invert(images: FloatArray, reference: FloatArray, table: Table) -> tuple[FloatArray, float]:
    """Concentration [mmol/L], and the fraction of samples beyond the table's end."""
    ratio = images / reference
    return table.convert(ratio), float(table.beyond(ratio).mean())
