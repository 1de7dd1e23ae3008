"""What is held back where an input can't be right: a wrong number is worse than none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from operators.series import FlowMap, QualityFlag, SectorReport

NO_FLOW = frozenset({"aif_after_tissue", "aif_no_bolus"})
"""Codes of flags with which no flow can be told."""


def hold_back(flow: FlowMap, sectors: SectorReport, flags: Iterable[QualityFlag]) -> tuple[FlowMap, SectorReport]:
    """Map and sectors, without their values where a flag says that there can't be any."""
    if not NO_FLOW & {flag.code for flag in flags}:
        return flow, sectors
    nothing = np.full_like(flow.flow, np.nan)
    without = replace(
        flow, flow=nothing, parameters=dict.fromkeys(flow.parameters, nothing), residual=None, comparison=None
    )
    return without, replace(
        sectors,
        whole=None,
        by_sector=dict.fromkeys(sectors.by_sector),
        by_territory=dict.fromkeys(sectors.by_territory),
        endocardial=dict.fromkeys(sectors.endocardial),
        epicardial=dict.fromkeys(sectors.epicardial),
    )
