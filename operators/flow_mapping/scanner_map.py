"""Blood flow that the scanner has mapped already: taken as it is, and on request compared with flow computed here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from operators.series import BoolArray, FloatArray, FlowComparison, FlowMap, ImageSeries, QualityFlag

logger = logging.getLogger(__name__)

MODEL = "scanner"
ScannerFlow = Literal["use", "compare", "ignore"]
"""What is done with the scanner's maps: take them, take them and compute flow beside them, or compute flow alone."""
FEWEST = 20
"""So many pixels are worth a comparison."""


def choose_flow(
    maps: Sequence[ImageSeries | None],
    walls: Sequence[BoolArray],
    what: ScannerFlow,
    compute: Callable[[], tuple[FlowMap, ...]],
) -> tuple[FlowMap, ...]:
    """Flow of each scan of a study: the scanner's where all its scans have it, because a reserve needs both alike.

    Args:
        maps: the scanner's, unit mL/min/g, one frame; None: there is none.
        walls: myocardium, shape (slice, row, col) each.
        what: to be done with them.
        compute: flow of all scans by the model of the settings; called only where it is needed.
    """
    there = [one for one in maps if one is not None]
    if what == "ignore" or not there:
        return compute()
    if len(there) < len(maps):
        message = "The scanner mapped blood flow of some scans only, so that of all scans was computed here."
        flag = QualityFlag("scanner_flow_unused", "info", message)
        return tuple(replace(flow, flags=(*flow.flags, flag)) for flow in compute())
    taken = tuple(_taken(one) for one in there)
    if what == "use":
        return taken
    return tuple(_compared(*both) for both in zip(taken, compute(), walls, strict=True))


def _taken(mapped: ImageSeries) -> FlowMap:
    message = "Blood flow is the scanner's own map; it was not computed here."
    flag = QualityFlag("scanner_flow", "info", message)
    logger.info("flow mapping: the scanner's own map")
    return FlowMap(mapped.pixels[:, 0], "mL/min/g", MODEL, np.full(mapped.n_slices, np.nan), flags=(flag,))


def _compared(taken: FlowMap, computed: FlowMap, wall: BoolArray) -> FlowMap:
    if computed.unit != "mL/min/g":
        text = "The scanner's blood flow could not be compared: without an arterial input none can be computed here."
        return replace(taken, flags=(*taken.flags, QualityFlag("scanner_flow_not_compared", "info", text)))
    both = wall & np.isfinite(taken.flow) & np.isfinite(computed.flow)
    if both.sum() < FEWEST:
        text = "The scanner's blood flow could not be compared: too few pixels of the myocardium have both values."
        return replace(taken, flags=(*taken.flags, QualityFlag("scanner_flow_not_compared", "info", text)))
    found = compare(taken.flow[both], computed.flow[both], computed.model)
    text = (
        f"The scanner's blood flow is {found.mean_difference:+.2f} ± {found.sd_of_differences:.2f} mL/min/g (mean ± SD "
        f"over {found.n_pixels} pixels) off that computed here ({found.model})."
    )
    flags = (*taken.flags, QualityFlag("scanner_flow_compared", "info", text))
    return replace(taken, flags=flags, comparison=found)


def compare(taken: FloatArray, computed: FloatArray, model: str) -> FlowComparison:
    """Statistics of two flows of the same pixels [mL/min/g], shape (pixel,) each."""
    one, other = taken.astype(np.float64), computed.astype(np.float64)
    varies = one.std() > 0 and other.std() > 0
    correlation = float(np.corrcoef(one, other)[0, 1]) if varies else None
    difference = one - other
    return FlowComparison(model, len(one), float(difference.mean()), float(difference.std()), correlation)
