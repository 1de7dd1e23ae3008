"""Whole-blood Gd from the low-resolution images made for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from operators.arterial_input.blood_pool import brightest_half, find_blood_pool
from operators.arterial_input.onset import find_first_pass
from operators.arterial_input.t2_star import restore
from operators.gadolinium.baseline import count_baseline
from operators.gadolinium.parameters import resolve_aif
from operators.gadolinium.saturation_recovery import make_table
from operators.motion_correction.correction import correct_slice
from operators.motion_correction.displacement import pull
from operators.protocol import Protocol
from operators.series import AifSeries, ArterialInput, BoolArray, FloatArray, PerfusionScan, QualityFlag

SLICE = 0
"""AIF images have one slice."""


def measure_blood(scan: PerfusionScan, protocol: Protocol) -> ArterialInput | None:
    """Gd in the LV blood pool of the AIF series; None where the scan has none, or no pool is seen in it.

    The heart is held still first. The pool's signal is averaged, then corrected: T2* by the second echo, then over
    proton density (or, with none, over its own baseline) through the table of the AIF sequence.

    Raises:
        SettingError: the AIF sequence's values contradict each other.
    """
    if scan.aif is None:
        return None
    aif = _held_still(scan.aif)
    images, times = aif.first_echo.pixels[SLICE], aif.first_echo.times[SLICE]
    pool = find_blood_pool(images, times)
    if pool is None:
        return None
    bright = brightest_half(images, pool)
    flags: list[QualityFlag] = []
    if aif.first_echo.unit == "mmol/L":
        values = _mean(images, bright)
    else:
        values, flags = _convert(scan, aif, bright, protocol)
    onset = find_first_pass(values, times).onset
    return ArterialInput("aif_series", times, values, "mmol/L", onset, pool, tuple(flags))


def _held_still(aif: AifSeries) -> AifSeries:
    """The series with the heart held where it is in one frame: a deep breath moves a small pool out of any mask."""
    first, second = aif.first_echo, aif.second_echo
    motion = correct_slice(first.pixels[SLICE], first.times[SLICE], first.pixel_spacing)
    still = replace(aif, first_echo=replace(first, pixels=motion.pixels[None]))
    if second is None or second.n_frames != first.n_frames:
        return still
    moved = pull(second.pixels[SLICE], motion.displacement, first.pixel_spacing)
    return replace(still, second_echo=replace(second, pixels=moved[None]))


def _convert(
    scan: PerfusionScan, aif: AifSeries, bright: BoolArray, protocol: Protocol
) -> tuple[FloatArray, list[QualityFlag]]:
    images = aif.first_echo.pixels[SLICE]
    resolved = resolve_aif(scan, protocol)
    flags = list(resolved.flags)
    signal = _without_decay(aif, bright, protocol)
    if signal is None:
        text = "The arterial input couldn't be corrected for T2* decay: its peak, and so flow, is somewhat off."
        flags.append(QualityFlag("aif_t2_star_uncorrected", "warning", text))
        signal = _mean(images, bright)
    if aif.proton_density is not None:
        reference = float(_mean(aif.proton_density.pixels[SLICE], bright).mean())
    else:
        reference = float(signal[: count_baseline(images)].mean())
        text = (
            "There are no proton-density AIF images: the arterial input was calibrated by its baseline and an assumed "
            f"native T1 of blood of {1e3 * resolved.readout.t1:.0f} ms."
        )
        flags.append(QualityFlag("aif_no_pd", "warning", text))
    table = make_table(resolved.readout, over_baseline=aif.proton_density is None)
    ratio = signal / reference
    if table.beyond(ratio).any():
        text = "Part of the arterial input is stronger than its sequence can explain and was cut off."
        flags.append(QualityFlag("gd_out_of_range", "warning", text))
    return table.convert(ratio), flags


def _without_decay(aif: AifSeries, bright: BoolArray, protocol: Protocol) -> FloatArray | None:
    """Blood signal at echo time zero; None where a second echo or an echo time is missing."""
    if aif.second_echo is None or aif.second_echo.n_frames != aif.first_echo.n_frames:
        return None
    first = protocol.aif.echo_time or aif.first_echo.sequence.echo_time
    second = aif.second_echo.sequence.echo_time
    if first is None or second is None or second <= first:
        return None
    short, long = (_mean(series.pixels[SLICE], bright) for series in (aif.first_echo, aif.second_echo))
    return restore(short, long, first, second)


def _mean(images: FloatArray, region: BoolArray) -> FloatArray:
    return np.asarray(images[:, region].mean(axis=1, dtype=np.float64))
