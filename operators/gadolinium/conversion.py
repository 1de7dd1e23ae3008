"""From corrected signal to Gd concentration, as far as the images allow."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from operators.errors import IncompleteSeriesError
from operators.gadolinium.baseline import count_baseline, find_blood
from operators.gadolinium.checks import check_given, check_range, is_clipped
from operators.gadolinium.parameters import Resolved, resolve_perfusion
from operators.gadolinium.saturation_recovery import make_table
from operators.gadolinium.surface_coil import BASELINE_SMOOTHING, SMOOTHING, Reference, smooth_reference
from operators.protocol import Protocol
from operators.series import (
    BoolArray,
    FloatArray,
    GadoliniumSeries,
    ImageSeries,
    MotionCorrection,
    PerfusionScan,
    QualityFlag,
)

logger = logging.getLogger(__name__)


def to_gadolinium(scan: PerfusionScan, motion: MotionCorrection, protocol: Protocol) -> GadoliniumSeries:
    """Concentration of Gd in each pixel of the corrected series.

    * Series in mmol/L already: passed on.
    * Proton-density frames: signal over smoothed proton density, through the table of the sequence.
    * None, but an AIF series: signal over its own baseline instead, which takes the assumed T10 at its word.
    * Neither: the signal as it is, in arbitrary units. No flow in mL/min/g can come of it.

    Raises:
        SettingError: the sequence's values contradict each other.
        IncompleteSeriesError: the proton-density images of a slice show no signal.
    """
    series = motion.series
    if series.unit == "mmol/L":
        return GadoliniumSeries(series, {"conversion": "made by the scanner"}, tuple(check_given(series)))
    if motion.proton_density is not None:
        return _convert(scan, series, motion.proton_density, resolve_perfusion(scan, protocol))
    if scan.aif is not None:
        return _convert(scan, series, None, resolve_perfusion(scan, protocol))
    text = "There are neither proton-density nor AIF images: signal stays in arbitrary units, coil shading included."
    logger.info("gadolinium: arbitrary signal passed on")
    return GadoliniumSeries(
        series, {"conversion": "none: arbitrary signal"}, (QualityFlag("signal_arbitrary", "warning", text),)
    )


def _convert(
    scan: PerfusionScan, series: ImageSeries, density: ImageSeries | None, resolved: Resolved
) -> GadoliniumSeries:
    table = make_table(resolved.readout, over_baseline=density is None)
    concentration = np.empty(series.pixels.shape, np.float32)
    flags = list(resolved.flags)
    if scan.proton_density is not None and not np.isfinite(scan.proton_density.pixels).all():
        text = "Some proton-density pixels hold no numbers: those around them stand in."
        flags.append(QualityFlag("pd_not_finite", "warning", text))
    for k, images in enumerate(series.pixels):
        reference = _reference(images, density, k, series.pixel_spacing)
        ratio = images / reference.values
        concentration[k] = table.convert(ratio)
        end = float(table.concentration[-1])
        blood = find_blood(np.where(reference.tissue, concentration[k], 0))
        flags += _clipping_flags(scan, blood, k)
        flags += check_range(table.beyond(ratio), table.short(ratio), reference.tissue, end, k)
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
        how, resolved.readout.kind, float(np.nanpercentile(concentration[:, :, ::2, ::2], 99.9)),
    )  # fmt: skip
    converted = replace(series, pixels=concentration, unit="mmol/L")
    return GadoliniumSeries(converted, {"conversion": f"signal {how}", **resolved.assumptions}, tuple(flags))


def _clipping_flags(scan: PerfusionScan, blood: BoolArray, k: int) -> list[QualityFlag]:
    """Of slice k as it was read; organs beside a coil may well be cut off, blood may not."""
    series = {"perfusion": scan.perfusion, "proton-density": scan.proton_density}
    return [
        QualityFlag(
            "signal_clipped",
            "warning",
            f"Blood in the {name} images of slice {k + 1} reaches the largest pixel value: Gd is off there.",
            k,
        )
        for name, one in series.items()
        if one is not None and _reaches_top(one.pixels[k], blood)
    ]


def _reaches_top(images: FloatArray, blood: BoolArray) -> bool:
    known = images[np.isfinite(images)]
    if not known.size or np.ptp(known) == 0:
        return False
    return is_clipped(images[:, blood], float(known.max()))


def _reference(images: FloatArray, density: ImageSeries | None, k: int, spacing: tuple[float, float]) -> Reference:
    """What the signal of slice k is divided by."""
    if density is None:
        return smooth_reference(images[: count_baseline(images)], spacing, BASELINE_SMOOTHING)
    reference = smooth_reference(density.pixels[k], spacing, SMOOTHING)
    if not reference.tissue.any():
        raise IncompleteSeriesError(
            f"The proton-density images of slice {k + 1} show no signal.",
            where=density.series_instance_uids[0],
            hint="Export them again, or leave them all out: the baseline then stands in.",
        )
    return reference
