"""Door of the AHA sectors room."""

from __future__ import annotations

from operators.aha_sectors.measurement import measure_sectors
from operators.door import ScanDoor
from operators.series import FlowMap, GadoliniumSeries, SectorReport, Segmentation


class AhaSectors(ScanDoor):
    """Divides each scan's myocardium into AHA segments and measures the flow in them."""

    inputs = ("segmentation", "flow", "gadolinium")
    output = "sectors"

    def work(  # type: ignore[override]
        self, segmentation: Segmentation, flow: FlowMap, gadolinium: GadoliniumSeries
    ) -> SectorReport:
        return measure_sectors(segmentation, flow, gadolinium)
