"""Whole-blood Gd from the low-resolution images made for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from operators.arterial_input.blood_pool import EDGE_LINEAR, brightest_half, fills_first, find_blood_pool
from operators.arterial_input.k_space_centre import lead
from operators.arterial_input.onset import find_first_pass
from operators.arterial_input.t2_star import Echoes, native_rate, restore
from operators.errors import IncompleteSeriesError
from operators.gadolinium.baseline import count_baseline
from operators.gadolinium.checks import is_clipped
from operators.gadolinium.parameters import resolve_aif
from operators.gadolinium.saturation_recovery import make_table
from operators.motion_correction.correction import correct_slice
from operators.motion_correction.displacement import pull
from operators.motion_correction.shading import log_sensitivity, unshade
from operators.protocol import Protocol
from operators.series import AifSeries, ArterialInput, BoolArray, FloatArray, ImageSeries, PerfusionScan, QualityFlag

SLICE = 0
"""AIF images have one slice."""


def measure_blood(scan: PerfusionScan, protocol: Protocol) -> ArterialInput | None:
    """Gd in the LV blood pool of the AIF series; None where the scan has none, or no pool is seen in it.

    The heart is held still first. The pool's signal is averaged, then corrected: T2* by the second echo, then over
    proton density (or, with none, over its own baseline) through the table of the AIF sequence. Times are on the
    scan's clock, of the centre of k-space.

    Raises:
        SettingError: the AIF sequence's values contradict each other.
        IncompleteSeriesError: there is no signal to calibrate by.
    """
    if scan.aif is None:
        return None
    known = _finite(scan.aif)
    aif = _held_still(known)
    images, times = aif.first_echo.pixels[SLICE], aif.first_echo.times[SLICE]
    pool = find_blood_pool(images, times, EDGE_LINEAR)
    if pool is None:
        return None
    bright = brightest_half(images, pool)
    flags: list[QualityFlag] = []
    assumptions: Mapping[str, float | str] = {}
    if known is not scan.aif:
        text = "Some pixels of the AIF images hold no numbers; they were left out."
        flags.append(QualityFlag("aif_pixels_not_finite", "warning", text))
    if aif.first_echo.unit == "mmol/L":
        values = _mean(images, bright)
    else:
        values, assumptions, more = _convert(scan, aif, bright, protocol)
        flags += more
        times = times - lead(scan, protocol)
    if fills_first(images, times, pool):
        text = "No chamber fills before the one that was taken for the LV: it may be the RV."
        flags.append(QualityFlag("aif_chamber_unsure", "warning", text))
    blood = scan.aif.first_echo.pixels[SLICE][:, pool]
    if is_clipped(blood, float(blood.max())):
        text = "The blood of the AIF images reaches the largest pixel value: the peak was cut off, and flow reads high."
        flags.append(QualityFlag("aif_clipped", "warning", text))
    onset = find_first_pass(values, times).onset
    return ArterialInput("aif_series", times, values, "mmol/L", onset, pool, assumptions, tuple(flags))


def _finite(aif: AifSeries) -> AifSeries:
    """The series with nothing in each pixel that ever holds no number, in any of its images."""
    names = [name for name in ("first_echo", "second_echo", "proton_density") if getattr(aif, name) is not None]
    images: dict[str, ImageSeries] = {name: getattr(aif, name) for name in names}
    known = np.all([np.isfinite(one.pixels).all(axis=(0, 1)) for one in images.values()], axis=0)
    if known.all():
        return aif
    return replace(aif, **{name: replace(one, pixels=np.where(known, one.pixels, 0)) for name, one in images.items()})


def _held_still(aif: AifSeries) -> AifSeries:
    """The series with the heart held where it is in one frame: a deep breath moves a small pool out of any mask."""
    first, second, density = aif.first_echo, aif.second_echo, aif.proton_density
    spacing = first.pixel_spacing
    motion = correct_slice(first.pixels[SLICE], first.times[SLICE], spacing)

    def still(series: ImageSeries, pixels: FloatArray) -> ImageSeries:
        if density is not None:
            pixels = unshade(pixels, log_sensitivity(density.pixels[SLICE], spacing), motion.displacement, spacing)
        return replace(series, pixels=pixels[None])

    if second is not None and second.n_frames == first.n_frames:
        second = still(second, pull(second.pixels[SLICE], motion.displacement, spacing))
    return replace(aif, first_echo=still(first, motion.pixels), second_echo=second)


def _convert(
    scan: PerfusionScan, aif: AifSeries, bright: BoolArray, protocol: Protocol
) -> tuple[FloatArray, Mapping[str, float | str], list[QualityFlag]]:
    images = aif.first_echo.pixels[SLICE]
    resolved = resolve_aif(scan, protocol)
    flags = list(resolved.flags)
    table = make_table(resolved.readout, over_baseline=aif.proton_density is None)
    echoes = _echoes(aif, bright, protocol)
    if echoes is None:
        text = "The arterial input couldn't be corrected for T2* decay: its peak, and so flow, is somewhat off."
        flags.append(QualityFlag("aif_t2_star_uncorrected", "warning", text))
    signal = _mean(images, bright) if echoes is None else restore(echoes)
    if aif.proton_density is not None:
        reference = float(_mean(aif.proton_density.pixels[SLICE], bright).mean())
    else:
        reference = float(signal[: count_baseline(images)].mean())
        text = (
            "There are no proton-density AIF images: the arterial input was calibrated by its baseline and an assumed "
            f"native T1 of blood of {1e3 * resolved.readout.t1:.0f} ms."
        )
        flags.append(QualityFlag("aif_no_pd", "warning", text))
    if reference <= 0:
        raise IncompleteSeriesError(
            "The AIF images that calibrate the arterial input show no signal in the LV.",
            where=aif.first_echo.series_instance_uids[0],
            hint="Export the AIF series again, or give the arterial input as a file.",
        )
    if aif.proton_density is not None and echoes is not None:
        reference *= math.exp(echoes.first_time * native_rate(echoes, table.convert(signal / reference)))
    ratio = signal / reference
    if table.beyond(ratio).any():
        text = "Part of the arterial input is stronger than its sequence can explain and was cut off."
        flags.append(QualityFlag("gd_out_of_range", "warning", text))
    corrected = "not corrected" if echoes is None else "corrected by the second echo"
    return table.convert(ratio), {**resolved.assumptions, "aif_t2_star": corrected}, flags


def _echoes(aif: AifSeries, bright: BoolArray, protocol: Protocol) -> Echoes | None:
    """Blood signal of both echoes; None where the second or an echo time is missing."""
    if aif.second_echo is None or aif.second_echo.n_frames != aif.first_echo.n_frames:
        return None
    first = protocol.aif.echo_time or aif.first_echo.sequence.echo_time
    second = aif.second_echo.sequence.echo_time
    if first is None or second is None or second <= first:
        return None
    short, long = (_mean(series.pixels[SLICE], bright) for series in (aif.first_echo, aif.second_echo))
    return Echoes(short, long, first, second)


def _mean(images: FloatArray, region: BoolArray) -> FloatArray:
    return np.asarray(images[:, region].mean(axis=1, dtype=np.float64))
