"""Door of the motion correction room."""

from __future__ import annotations

from operators.door import ScanDoor
from operators.motion_correction.correction import correct_motion
from operators.series import MotionCorrection, PerfusionScan


class MotionCorrector(ScanDoor):
    """Holds the heart still in each scan."""

    inputs = ("scan",)
    output = "motion"

    def work(self, scan: PerfusionScan) -> MotionCorrection:  # type: ignore[override]
        return correct_motion(scan)
