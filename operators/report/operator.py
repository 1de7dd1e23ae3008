"""Door of the report room."""

from __future__ import annotations

from pathlib import Path

from operators.door import WritingDoor
from operators.report.writing import write_report
from operators.series import StudyResult


class Report(WritingDoor):
    """Writes the report."""

    def write(self, result: StudyResult, folder: Path) -> None:
        write_report(result, folder)
