"""Door of the report room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment

from operators.door import Door
from operators.report.writing import write_report
from operators.series import StudyResult


class Report(Door):
    """Writes the report, then passes the result on to what needs these files."""

    inputs = ("result",)
    output = "result"

    def __init__(self, fragment: Fragment, *args: Any, folder: Path, **kwargs: Any) -> None:
        self.folder = folder
        super().__init__(fragment, *args, **kwargs)

    def work(self, result: StudyResult) -> StudyResult:  # type: ignore[override]
        write_report(result, self.folder)
        return result
