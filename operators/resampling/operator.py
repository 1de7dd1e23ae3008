"""Door of the resampling room."""

from __future__ import annotations

from operators.door import ScanDoor
from operators.resampling.regular_grid import resample
from operators.series import ArterialInput, GadoliniumSeries, ResampledSeries


class Resampler(ScanDoor):
    """Puts each scan's arterial input on a regular time grid."""

    inputs = ("gadolinium", "arterial_input")
    output = "resampled"

    def work(self, gadolinium: GadoliniumSeries, arterial_input: ArterialInput) -> ResampledSeries:  # type: ignore[override]
        return resample(gadolinium, arterial_input)
