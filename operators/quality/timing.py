"""Whether blood and tissue can belong to one injection: the bolus reaches the LV, and soon after the myocardium."""

from __future__ import annotations

import numpy as np

from operators.arterial_input.onset import find_first_pass
from operators.series import (
    ArterialInput,
    FloatArray,
    FlowMap,
    GadoliniumSeries,
    Label,
    PerfusionScan,
    QualityFlag,
    Segmentation,
)

FEWEST = 20
"""So many pixels of a slice's wall make its median curve."""
LATE = 0.5
"""An arterial input that comes so long after the myocardium [s] is not its input."""
SHORTEST = 0.05
"""No blood comes from the LV to the myocardium sooner [s]."""
EARLY = 6.0
"""From LV to myocardium takes less than this [s]; from the RV it takes as long."""
GAP = 3.0
"""Frames further apart than this [s], and than so many usual intervals, leave part of the pass unseen."""


def check_timing(
    scan: PerfusionScan,
    gadolinium: GadoliniumSeries,
    arterial_input: ArterialInput,
    flow: FlowMap,
    segmentation: Segmentation,
) -> list[QualityFlag]:
    """Flags of an arterial input that can't be the tissue's, and of gaps in the series."""
    flags = _gaps(scan.perfusion.times)
    if flow.unit == "mL/min/g" and flow.delay.max(initial=0.0) < SHORTEST:
        text = (
            "No delay from the LV to the myocardium was found: the arterial input may come too late, and flow be off."
        )
        flags.append(QualityFlag("delay_absent", "warning", text))
    tissue = tissue_onset(gadolinium, segmentation)
    if tissue is None or arterial_input.onset is None:
        return flags
    wait = tissue - arterial_input.onset
    if wait < -LATE:
        text = f"The arterial input comes {-wait:.1f} s after the myocardium enhances, so it can't have caused that."
        flags.append(QualityFlag("aif_after_tissue", "withheld", text))
    if wait > EARLY:
        text = (
            f"The myocardium enhances {wait:.1f} s after the arterial input: that may be the RV's, or of another clock."
        )
        flags.append(QualityFlag("aif_before_tissue", "warning", text))
    return flags


def tissue_onset(gadolinium: GadoliniumSeries, segmentation: Segmentation) -> float | None:
    """When the myocardium begins to enhance on the scan's clock [s], median of its slices; None where none does."""
    series, onsets = gadolinium.series, []
    for images, times, labels in zip(series.pixels, series.times, segmentation.labels, strict=True):
        wall = (labels == Label.MYOCARDIUM) & np.isfinite(images).all(axis=0)
        if wall.sum() < FEWEST:
            continue
        first_pass = find_first_pass(np.median(images[:, wall], axis=1), times)
        if first_pass.bolus and not first_pass.starts_late:
            onsets.append(first_pass.onset)
    return float(np.median(onsets)) if onsets else None


def _gaps(times: FloatArray) -> list[QualityFlag]:
    steps = np.diff(times, axis=1)
    longest = float(steps.max(initial=0.0))
    if longest <= GAP * max(1.0, float(np.median(steps))):
        return []
    text = f"The frames leave a gap of {longest:.1f} s; what the contrast agent did meanwhile was interpolated."
    return [QualityFlag("frames_gap", "warning", text)]
