"""Door of the DICOM writing room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment

from operators.dicom_writing.writing import write_objects
from operators.door import Door
from operators.series import StudyResult


class DicomWriting(Door):
    """Writes the DICOM objects, then passes the result on."""

    inputs = ("result",)
    output = "result"

    def __init__(self, fragment: Fragment, *args: Any, folder: Path, **kwargs: Any) -> None:
        self.folder = folder
        super().__init__(fragment, *args, **kwargs)

    def work(self, result: StudyResult) -> StudyResult:  # type: ignore[override]
        write_objects(result, self.folder)
        return result
