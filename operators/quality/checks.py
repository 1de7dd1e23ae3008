"""What a reader must know that no single room could tell, and what is withheld for it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from operators.quality.pixels import check_pixels
from operators.quality.timing import check_timing
from operators.series import (
    ArterialInput,
    FlowMap,
    GadoliniumSeries,
    MotionCorrection,
    PerfusionScan,
    QualityFlag,
    SectorReport,
    Segmentation,
    State,
)

FEW_FRAMES = 40
"""The first pass of a slow circulation takes about that many beats."""
PLAUSIBLE_MBF = (0.2, 6.0)
"""Mean of a whole myocardium, from shock to extreme hyperaemia [mL/min/g]."""


def check_scan(
    scan: PerfusionScan,
    motion: MotionCorrection,
    gadolinium: GadoliniumSeries,
    arterial_input: ArterialInput,
    flow: FlowMap,
    segmentation: Segmentation,
    sectors: SectorReport,
) -> tuple[QualityFlag, ...]:
    """All flags of all rooms in the order of the chain, then those that need more than one room's results."""
    rooms = (scan, motion, gadolinium, arterial_input, flow, segmentation, sectors)
    return collect_flags(
        chain.from_iterable(room.flags for room in rooms),
        check_pixels(scan.perfusion),
        check_timing(scan, gadolinium, arterial_input, flow, segmentation),
        _across_rooms(scan, flow, sectors),
    )


def collect_flags(*groups: Iterable[QualityFlag]) -> tuple[QualityFlag, ...]:
    """Their union in order, each flag once."""
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def _across_rooms(scan: PerfusionScan, flow: FlowMap, sectors: SectorReport) -> list[QualityFlag]:
    flags = []
    if flow.unit == "relative upslope":
        text = (
            "Blood flow is not quantified: the values are upslopes relative to the blood's, and compare within a scan."
        )
        flags.append(QualityFlag("relative_only", "warning", text))
    if scan.state == State.UNKNOWN:
        text = "Neither the series' description nor a setting says whether this is stress or rest."
        flags.append(QualityFlag("state_unknown", "warning", text))
    if scan.perfusion.n_frames < FEW_FRAMES:
        text = f"There are {scan.perfusion.n_frames} frames only; the first pass may not be complete."
        flags.append(QualityFlag("few_frames", "info", text))
    if sectors.whole is None:
        text = "No myocardium could be measured, so there is no value at all."
        flags.append(QualityFlag("nothing_measured", "withheld", text))
    elif flow.unit == "mL/min/g" and not PLAUSIBLE_MBF[0] <= sectors.whole.mean <= PLAUSIBLE_MBF[1]:
        text = (
            f"The mean MBF of {sectors.whole.mean:.2f} mL/min/g is not one of a living heart; check the input function."
        )
        flags.append(QualityFlag("mbf_implausible", "warning", text))
    return flags
