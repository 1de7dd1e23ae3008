"""Write the DICOM objects of a study."""

from __future__ import annotations

import logging
from pathlib import Path

from operators.dicom_writing.registry import OUTPUTS
from operators.errors import OutputError
from operators.series import StudyResult

logger = logging.getLogger(__name__)


def write_objects(result: StudyResult, folder: Path) -> tuple[Path, ...]:
    """Write every object of `OUTPUTS` into a folder that already holds report.pdf and report.png.

    File names consist of the object's role, the scan's state and the SOP instance UID.

    Raises:
        OutputError: a file can't be written, or the report is not there.
    """
    written: list[Path] = []
    try:
        for output in OUTPUTS.values():
            for made in output.make(result, folder):
                path = folder / f"{made.role}_{made.state}_{made.dataset.SOPInstanceUID}.dcm"
                made.dataset.save_as(path, enforce_file_format=True)
                written.append(path)
    except OSError as error:
        raise OutputError(
            f"The DICOM objects could not be written: {error.strerror}",
            where=str(folder),
            hint="Choose a folder that can be written to; the report is written there before the objects.",
        ) from error
    logger.info("DICOM objects: %d files, %.1f MB", len(written), sum(p.stat().st_size for p in written) / 1e6)
    return tuple(written)
