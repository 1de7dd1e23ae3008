"""Door of the motion correction room."""

from __future__ import annotations

from operators.door import Door
from operators.motion_correction.correction import correct_scans
from operators.series import MotionCorrection, PerfusionScan


class MotionCorrector(Door):
    """Holds the heart still in all scans of the study, slices side by side."""

    inputs = ("scan",)
    output = "motion"

    def work(self, scan: tuple[PerfusionScan, ...]) -> tuple[MotionCorrection, ...]:  # type: ignore[override]
        return correct_scans(scan)
