"""Door of the flow mapping room."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment

from operators.door import ScanDoor
from operators.flow_mapping.mapping import map_flow
from operators.series import ArterialInput, FlowMap, Label, ResampledSeries, Segmentation


class FlowMapping(ScanDoor):
    """Maps each scan's myocardial blood flow."""

    inputs = ("resampled", "arterial_input", "segmentation")
    output = "flow"

    def __init__(self, fragment: Fragment, *args: Any, hematocrit: float, model: str, **kwargs: Any) -> None:
        self.hematocrit = hematocrit
        self.model = model
        super().__init__(fragment, *args, **kwargs)

    def work(  # type: ignore[override]
        self, resampled: ResampledSeries, arterial_input: ArterialInput, segmentation: Segmentation
    ) -> FlowMap:
        myocardium = segmentation.labels == Label.MYOCARDIUM
        return map_flow(resampled, arterial_input, self.hematocrit, myocardium, self.model)
