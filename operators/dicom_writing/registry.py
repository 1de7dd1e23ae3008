"""The output objects: one file each, one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import (
    UID,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    ParametricMapStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from operators.dicom_writing import encapsulated_pdf, parametric_map, secondary_capture, seg, sr
from operators.dicom_writing.common import DicomObject
from operators.series import StudyResult


@dataclass(frozen=True, slots=True)
class Output:
    """One kind of object."""

    make: Callable[[StudyResult, Path], Iterator[DicomObject]]
    """From a study's result and the folder that holds its report."""
    sop_class: UID
    modality: str
    roles: tuple[str, ...]
    """What its files' names begin with."""
    description: str
    """One line for people: what it holds, and by which templates."""


OUTPUTS: dict[str, Output] = {
    "segmentation": Output(
        seg.segmentations,
        SegmentationStorage,
        "SEG",
        ("segmentation",),
        "binary; LV cavity, LV myocardium, RV and AHA segments on each slice's motion reference frame, which is an "
        "unprocessed source image; one object for each state and orientation",
    ),
    "structured report": Output(
        sr.measurement_reports,
        ComprehensiveSRStorage,
        "SR",
        ("measurements", "reserve"),
        "TID 1500 Measurement Report; TID 1411 for the whole wall and the AHA segments, TID 1501 for territories, "
        "layers, quality flags and the reserve, TID 310 for uncertainty, TID 4019 for program and weights; one report "
        "for each state, one for the reserve",
    ),
    "parametric map": Output(
        parametric_map.parametric_maps,
        ParametricMapStorage,
        "MR",
        ("parametric-map",),
        "32-bit float pixels with real-world values, NaN where there is none; one for each state and orientation",
    ),
    "secondary capture": Output(
        secondary_capture.secondary_captures,
        SecondaryCaptureImageStorage,
        "OT",
        ("map-picture", "report-picture"),
        "RGB; each slice's map with contours, and the report's page",
    ),
    "encapsulated PDF": Output(
        encapsulated_pdf.encapsulated_pdfs, EncapsulatedPDFStorage, "DOC", ("report",), "the report"
    ),
}
