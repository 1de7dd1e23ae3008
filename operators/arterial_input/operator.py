"""Door of the arterial input room."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment

from operators.arterial_input.input_function import find_arterial_input
from operators.door import ScansTogetherDoor
from operators.protocol import Protocol
from operators.series import ArterialInput, GadoliniumSeries, PerfusionScan


class ArterialInputFinder(ScansTogetherDoor):
    """Finds the arterial input of each scan; a file stands in for every scan's own."""

    inputs = ("scan", "gadolinium")
    output = "arterial_input"

    def __init__(
        self, fragment: Fragment, *args: Any, protocol: Protocol, file: ArterialInput | None = None, **kwargs: Any
    ) -> None:
        self.protocol = protocol
        self.file = file
        super().__init__(fragment, *args, **kwargs)

    def work(self, scan: PerfusionScan, gadolinium: GadoliniumSeries) -> ArterialInput:  # type: ignore[override]
        return find_arterial_input(scan, gadolinium, self.protocol, self.file)
