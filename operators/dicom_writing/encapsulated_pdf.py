"""The report as an encapsulated PDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom.uid import EncapsulatedPDFStorage

from operators.dicom_writing.common import (
    RESEARCH_ONLY,
    DicomObject,
    make_uid,
    new_dataset,
    stamp,
)
from operators.dicom_writing.sources import reference, reference_headers, source_images
from operators.series import StudyResult

SERIES_NUMBER = 9500


def encapsulated_pdfs(result: StudyResult, folder: Path) -> Iterator[DicomObject]:
    """One object with the whole report.

    Raises:
        OSError: report.pdf can't be read.
    """
    document = (folder / "report.pdf").read_bytes()
    series_uid, uid = make_uid(result, result.scans, "pdf series"), make_uid(result, result.scans, "pdf")
    dataset = new_dataset(EncapsulatedPDFStorage, "DOC", series_uid, uid, SERIES_NUMBER, 1)
    dataset.ConversionType = "WSD"
    dataset.AcquisitionDateTime = None
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = f"Myocardial perfusion, {RESEARCH_ONLY}"
    dataset.ConceptNameCodeSequence = []
    dataset.SourceInstanceSequence = [
        reference(image) for scan in result.scans for image in source_images(result, scan)
    ]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    dataset.EncapsulatedDocumentLength = len(document)
    header = reference_headers(result.scans[0])[0]
    yield DicomObject("report", "study", stamp(dataset, result, header, "Perfusion report"))
