"""All that the report leaves in the study's folder for people to read."""

from __future__ import annotations

import logging
from pathlib import Path

from operators.errors import OutputError
from operators.report.figure import write_figure
from operators.report.page import write_page
from operators.series import StudyResult

logger = logging.getLogger(__name__)


def write_report(result: StudyResult, folder: Path) -> tuple[Path, ...]:
    """Write report.png, report.pdf and report.html into a folder that exists.

    Raises:
        OutputError: a file can't be written.
    """
    try:
        files = (*write_figure(result, folder), write_page(result, folder))
    except OSError as error:
        raise OutputError(
            f"The report could not be written: {error.strerror}",
            where=str(folder),
            hint="Choose a folder that can be written to.",
        ) from error
    logger.info("report: %s", ", ".join(f"{file.name} {file.stat().st_size / 1e3:.0f} kB" for file in files))
    return files
