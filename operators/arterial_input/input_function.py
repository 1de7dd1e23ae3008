"""The arterial input of a scan, from the best source there is."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from operators.arterial_input.aif_images import measure_blood
from operators.arterial_input.blood_pool import find_largest_pool, pool_curve
from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.protocol import Protocol
from operators.series import ArterialInput, GadoliniumSeries, PerfusionScan, QualityFlag

logger = logging.getLogger(__name__)

USUAL_PEAK = (2.0, 8.0)
"""Peak of a quantifiable bolus [mmol/L]; 3.5 to 5.2 is normal."""
GAP = 3.0
"""Longest time between two samples that follow a bolus [s]."""
AROUND = 3.0
"""From so long before its onset to so long after its peak [s] the bolus must be followed."""
SHORT_BY = 5.0
"""A file may end this long before the perfusion series [s]."""


def find_arterial_input(
    scan: PerfusionScan, gadolinium: GadoliniumSeries, protocol: Protocol, file: ArterialInput | None = None
) -> ArterialInput:
    """Concentration of Gd in the LV blood pool over time.

    A file wins. Else the AIF series, corrected for T2* and converted by its own table. Else the LV blood pool of the
    perfusion series: its signal is saturated, so that curve has arbitrary units whatever the series has, and no flow
    in mL/min/g can come of it. Where no blood pool is found at all, the source is ``none``.

    Raises:
        SettingError: the file lies outside the series' time, or the AIF sequence's values contradict each other.
    """
    if file is not None:
        found = _checked(file, scan)
    else:
        found = measure_blood(scan, protocol) or _from_perfusion(gadolinium, had_aif=scan.aif is not None)
    if len(found.values):
        found = replace(found, flags=(*found.flags, *_first_pass_flags(found)))
    logger.info(
        "arterial input: from %s, %d samples, peak %s %s, onset %s s",
        found.source, len(found.values), found.peak, found.unit, found.onset,
    )  # fmt: skip
    return found


def _checked(file: ArterialInput, scan: PerfusionScan) -> ArterialInput:
    """The file's curve, if it was taken while the perfusion series was."""
    begin, end = float(scan.perfusion.times.min()), float(scan.perfusion.times.max())
    if file.times[-1] <= begin or file.times[0] >= end:
        raise SettingError(
            f"The arterial input file runs from {file.times[0]:.1f} to {file.times[-1]:.1f} s, the perfusion series "
            f"from {begin:.1f} to {end:.1f} s",
            where=scan.perfusion.series_instance_uids[0],
            hint="Time zero of the file is the series' first saturation-recovery frame.",
        )
    if file.times[-1] > end - SHORT_BY:
        return file
    text = f"The arterial input file ends {end - file.times[-1]:.0f} s before the perfusion series."
    return replace(file, flags=(*file.flags, QualityFlag("aif_truncated", "warning", text)))


def _from_perfusion(gadolinium: GadoliniumSeries, *, had_aif: bool) -> ArterialInput:
    """Enhancement of the largest blood pool of the perfusion slices, which is the basal one's."""
    series = gadolinium.series
    why = "No blood pool was found in the AIF images" if had_aif else "There is no arterial input series"
    found = find_largest_pool(series)
    if found is None:
        text = f"{why}, and no slice shows an LV blood pool enhance: there is no arterial input."
        flag = QualityFlag("no_aif", "warning", text)
        return ArterialInput("none", np.empty(0), np.empty(0), "a.u.", None, flags=(flag,))
    k, pool = found
    curve, times = pool_curve(series.pixels[k], pool), series.times[k]
    first_pass = find_first_pass(curve, times)
    text = (
        f"{why}: the LV blood pool of slice {k + 1} stands in. Its signal is saturated, "
        "so flow can only be told relative to it."
    )
    flag = QualityFlag("no_aif", "warning", text)
    values = curve - first_pass.baseline
    return ArterialInput("perfusion_series", times, values, "a.u.", first_pass.onset, pool, flags=(flag,))


def _first_pass_flags(found: ArterialInput) -> list[QualityFlag]:
    first_pass = find_first_pass(found.values, found.times)
    if not first_pass.bolus:
        return [
            QualityFlag("aif_no_bolus", "withheld", "The arterial input shows no bolus, so there is no flow to tell.")
        ]
    flags = []
    peak = float(found.values[first_pass.peak])
    if found.unit == "mmol/L" and not USUAL_PEAK[0] <= peak <= USUAL_PEAK[1]:
        text = f"The arterial input peaks at {peak:.1f} mmol/L; {USUAL_PEAK[0]:.0f} to {USUAL_PEAK[1]:.0f} is usual."
        flags.append(QualityFlag("aif_peak_out_of_range", "warning", text))
    if first_pass.starts_late:
        text = "The arterial input begins when the bolus has already come: its foot is missing."
        flags.append(QualityFlag("aif_starts_late", "warning", text))
    if first_pass.truncated:
        text = "The arterial input ends before the first pass is over."
        flags.append(QualityFlag("aif_truncated", "warning", text))
    within = (found.times[:-1] < found.times[first_pass.peak] + AROUND) & (found.times[1:] > first_pass.onset - AROUND)
    longest = float(np.diff(found.times)[within].max(initial=0.0))
    if longest > GAP:
        text = f"The arterial input has no sample for {longest:.1f} s of the first pass: its shape is a guess there."
        flags.append(QualityFlag("aif_gap", "warning", text))
    if first_pass.clipped:
        text = "The top of the arterial input is flat: it was cut off, and flow reads high."
        flags.append(QualityFlag("aif_clipped", "warning", text))
    if first_pass.second_bolus:
        text = "The arterial input shows a second bolus: the first one was taken for the onset."
        flags.append(QualityFlag("aif_second_bolus", "warning", text))
    return flags
