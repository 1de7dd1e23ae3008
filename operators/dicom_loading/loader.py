"""From a folder of DICOM files to the record of the study."""

from __future__ import annotations

import logging
from pathlib import Path

from operators.dicom_loading.assembly import assemble_scan
from operators.dicom_loading.files import read_folder
from operators.dicom_loading.gathering import gather
from operators.dicom_loading.one_study import check_one_study
from operators.dicom_loading.plan import plan_study
from operators.dicom_loading.rules import DEFAULT_RULES, Rules
from operators.series import PerfusionScan, PerfusionStudy, QualityFlag, State

logger = logging.getLogger(__name__)


def load_study(folder: Path, state: State | None = None, rules: Rules = DEFAULT_RULES) -> PerfusionStudy:
    """Load the perfusion scans of one study, stress first.

    Args:
        folder: searched recursively; what isn't DICOM is passed over.
        state: the operator's word for a study of one scan; wins over the header's.
        rules: what the words of descriptions mean.

    Raises:
        SettingError: no such folder, or a state for more than one scan.
        UnsupportedSeriesError: no DICOM images, several patients or studies, or images of a kind that isn't processed.
        IncompleteSeriesError: main images, times, positions or pixels are missing.
    """
    contents = read_folder(folder)
    if contents.problems:
        raise contents.problems[0]
    study = check_one_study(image.header for image in contents.images)
    plan = plan_study(gather(contents.images, rules), state, rules)
    scans = tuple(assemble_scan(scan) for scan in plan.scans)
    for scan in scans:
        shape = " x ".join(map(str, scan.perfusion.pixels.shape))
        low, high = scan.perfusion.pixels.min(), scan.perfusion.pixels.max()
        logger.info("%s: %s, %.4g to %.4g %s", scan.state.value, shape, low, high, scan.perfusion.unit)
    logger.info("%d images read, %d other files passed over", len(contents.images), contents.passed_over)
    return PerfusionStudy(study, scans, (*plan.flags, *_simulated(scans)))


def _simulated(scans: tuple[PerfusionScan, ...]) -> tuple[QualityFlag, ...]:
    """Whoever reads the results of a digital patient must know it."""
    models = {str(scan.perfusion.headers[0][0].get("ManufacturerModelName", "")) for scan in scans}
    if not any("simulated" in model.lower() for model in models):
        return ()
    return (QualityFlag("simulated", "info", "These images were simulated: this is a digital patient."),)
