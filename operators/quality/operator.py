"""Door of the quality room."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment

from operators.door import Door
from operators.quality.assembly import assemble_study
from operators.quality.checks import check_scan
from operators.quality.withholding import hold_back
from operators.series import PerfusionStudy, ScanResult, StudyResult


class Quality(Door):
    """Joins what all rooms found, with every flag, to the study's result."""

    rooms = ("motion", "gadolinium", "arterial_input", "flow", "segmentation", "sectors")
    inputs = ("study", *rooms)
    output = "result"

    def __init__(self, fragment: Fragment, *args: Any, software_version: str, **kwargs: Any) -> None:
        self.software_version = software_version
        super().__init__(fragment, *args, **kwargs)

    def work(self, study: PerfusionStudy, **rooms: tuple[Any, ...]) -> StudyResult:  # type: ignore[override]
        results = []
        for index, scan in enumerate(study.scans):
            found = {room: rooms[room][index] for room in self.rooms}
            flags = check_scan(scan, **found)
            found["flow"], found["sectors"] = hold_back(found["flow"], found["sectors"], flags)
            results.append(ScanResult(scan, **found, flags=flags, timings_s=self.stopwatch.of_scan(index)))
        return assemble_study(study, tuple(results), self.software_version)
