"""Doors of the DICOM loading room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.conditions import CountCondition
from monai.deploy.core import Fragment

from operators.dicom_loading.loader import load_study
from operators.dicom_loading.rules import DEFAULT_RULES, Rules
from operators.door import Door
from operators.series import PerfusionScan, PerfusionStudy, State


class DicomLoading(Door):
    """Loads the study in a folder, once: an operator without inputs would otherwise be run again and again."""

    output = "study"

    def __init__(
        self,
        fragment: Fragment,
        *args: Any,
        folder: Path,
        state: State | None = None,
        rules: Rules = DEFAULT_RULES,
        **kwargs: Any,
    ) -> None:
        self.folder = folder
        self.state = state
        self.rules = rules
        super().__init__(fragment, CountCondition(fragment, 1), *args, **kwargs)

    def work(self) -> PerfusionStudy:  # type: ignore[override]
        return load_study(self.folder, self.state, self.rules)


class Scans(Door):
    """Hands on the study's scans, for the doors that take scan by scan; not worth timing."""

    inputs = ("study",)
    output = "scan"

    def run(self, received: dict[str, PerfusionStudy]) -> tuple[PerfusionScan, ...]:
        return received["study"].scans
