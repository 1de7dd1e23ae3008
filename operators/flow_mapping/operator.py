"""Door of the flow mapping room."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment

from operators.door import Door
from operators.flow_mapping.mapping import map_flow
from operators.series import ArterialInput, FlowMap, Label, ResampledSeries, Segmentation


class FlowMapping(Door):
    """Maps the myocardial blood flow of all scans of a study, which share one delay."""

    inputs = ("resampled", "arterial_input", "segmentation")
    output = "flow"

    def __init__(self, fragment: Fragment, *args: Any, hematocrit: float, model: str, **kwargs: Any) -> None:
        self.hematocrit = hematocrit
        self.model = model
        super().__init__(fragment, *args, **kwargs)

    def work(  # type: ignore[override]
        self,
        resampled: tuple[ResampledSeries, ...],
        arterial_input: tuple[ArterialInput, ...],
        segmentation: tuple[Segmentation, ...],
    ) -> tuple[FlowMap, ...]:
        walls = [one.labels == Label.MYOCARDIUM for one in segmentation]
        return map_flow(tuple(zip(resampled, arterial_input, walls, strict=True)), self.hematocrit, self.model)
