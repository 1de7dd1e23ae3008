"""The output objects: one file each, one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from operators.dicom_writing import encapsulated_pdf, parametric_map, secondary_capture, seg, sr
from operators.dicom_writing.common import DicomObject
from operators.series import StudyResult

OUTPUTS: dict[str, Callable[[StudyResult, Path], Iterator[DicomObject]]] = {
    "segmentation": seg.segmentations,
    "structured report": sr.measurement_reports,
    "parametric map": parametric_map.parametric_maps,
    "secondary capture": secondary_capture.secondary_captures,
    "encapsulated PDF": encapsulated_pdf.encapsulated_pdfs,
}
