"""Door of the flow mapping room."""

from __future__ import annotations

from functools import partial
from typing import Any

from monai.deploy.core import Fragment

from operators.door import Door
from operators.flow_mapping.mapping import map_flow
from operators.flow_mapping.scanner_map import ScannerFlow, choose_flow
from operators.series import ArterialInput, FlowMap, Label, PerfusionScan, ResampledSeries, Segmentation


class FlowMapping(Door):
    """Maps the myocardial blood flow of all scans of a study, which tell the delay together; or takes the scanner's."""

    inputs = ("scan", "resampled", "arterial_input", "segmentation")
    output = "flow"

    def __init__(
        self,
        fragment: Fragment,
        *args: Any,
        hematocrit: float,
        hematocrit_from: str,
        model: str,
        scanner_flow: ScannerFlow,
        **kwargs: Any,
    ) -> None:
        self.hematocrit = hematocrit
        self.hematocrit_from = hematocrit_from
        self.model = model
        self.scanner_flow = scanner_flow
        super().__init__(fragment, *args, **kwargs)

    def work(  # type: ignore[override]
        self,
        scan: tuple[PerfusionScan, ...],
        resampled: tuple[ResampledSeries, ...],
        arterial_input: tuple[ArterialInput, ...],
        segmentation: tuple[Segmentation, ...],
    ) -> tuple[FlowMap, ...]:
        labels = [one.labels for one in segmentation]
        scans = tuple(zip(resampled, arterial_input, labels, strict=True))
        compute = partial(map_flow, scans, self.hematocrit, self.model, self.hematocrit_from)
        walls = [drawn == Label.MYOCARDIUM for drawn in labels]
        return choose_flow([one.scanner_flow for one in scan], walls, self.scanner_flow, compute)
