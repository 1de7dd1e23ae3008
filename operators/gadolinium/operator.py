"""Door of the gadolinium room."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment

from operators.door import ScansTogetherDoor
from operators.gadolinium.conversion import to_gadolinium
from operators.protocol import Protocol
from operators.series import GadoliniumSeries, MotionCorrection, PerfusionScan


class GadoliniumConverter(ScansTogetherDoor):
    """Turns each scan's signal into Gd concentration."""

    inputs = ("scan", "motion")
    output = "gadolinium"

    def __init__(self, fragment: Fragment, *args: Any, protocol: Protocol, **kwargs: Any) -> None:
        self.protocol = protocol
        super().__init__(fragment, *args, **kwargs)

    def work(self, scan: PerfusionScan, motion: MotionCorrection) -> GadoliniumSeries:  # type: ignore[override]
        return to_gadolinium(scan, motion, self.protocol)
