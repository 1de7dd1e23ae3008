"""Door of the DICOM writing room."""

from __future__ import annotations

from pathlib import Path

from operators.dicom_writing.writing import write_objects
from operators.door import WritingDoor
from operators.series import StudyResult


class DicomWriting(WritingDoor):
    """Writes the DICOM objects."""

    def write(self, result: StudyResult, folder: Path) -> None:
        write_objects(result, folder)
