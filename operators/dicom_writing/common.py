"""What all objects share: identity from the source images, marks of origin, UIDs that a rerun gives again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from operators.dicom_writing.codes import HEART
from operators.series import ScanResult, StudyResult

NAME = "perf_app"
RESEARCH_ONLY = "research use only"
CREATOR = "perf_app^research"
NO_DATE, NO_TIME = "19000101", "000000"
"""Where the source has none but the standard asks for one."""

_REQUIRED = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Of the patient and study modules; empty where the source lacks them (type 2)."""
_OPTIONAL = (
    "IssuerOfPatientID",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyDescription",
)
_GEOMETRY = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient")


@dataclass(frozen=True, slots=True, eq=False)
class DicomObject:
    """One file to be written."""

    role: str
    """What it is, in the file's name."""
    state: str
    """stress, rest, unknown, or study where it belongs to all scans."""
    dataset: Dataset


def content_digest(scan: ScanResult) -> str:
    """Fingerprint of what a scan's objects are made from: other results must not come under the same UIDs."""
    digest = hashlib.sha256()
    for array in (scan.flow.flow, scan.segmentation.labels, scan.sectors.sectors, scan.motion.reference_frame):
        digest.update(np.ascontiguousarray(array).tobytes())
    for part in (scan.flow.unit, scan.flow.model, scan.segmentation.model_sha256, scan.scan.state, scan.flags):
        digest.update(repr(part).encode())
    return digest.hexdigest()


def make_uid(result: StudyResult, scans: Sequence[ScanResult], *words: object) -> str:
    """UID of an object of those scans; the same for the same results of the same software."""
    sources = [uid for scan in scans for uid in scan.scan.perfusion.series_instance_uids]
    digests = [content_digest(scan) for scan in scans]
    parts = [NAME, result.software_version, result.study.study_instance_uid, *sources, *digests, *map(str, words)]
    return str(generate_uid(entropy_srcs=parts))


def reference_headers(scan: ScanResult) -> tuple[Dataset, ...]:
    """Header of each slice's reference frame: the unprocessed image that labels and map lie on."""
    frames = scan.motion.reference_frame
    return tuple(row[int(frame)] for row, frame in zip(scan.scan.perfusion.headers, frames, strict=True))


def source_images(result: StudyResult, scan: ScanResult) -> list[Dataset]:
    """The reference frames as far as an object refers to them: what they are and where they lie, nobody's name.

    Attributes of patient and study are there but empty; `stamp` fills them in as the source has them.
    """
    return [
        _source_image(result, header, float(np.linalg.norm(affine[:3, 2])))
        for header, affine in zip(reference_headers(scan), scan.scan.perfusion.affines, strict=True)
    ]


def _source_image(result: StudyResult, header: Dataset, thickness: float) -> Dataset:
    image = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Rows", "Columns", *_GEOMETRY):
        setattr(image, keyword, deepcopy(header[keyword].value))
    image.StudyInstanceUID = result.study.study_instance_uid
    image.Modality = "MR"
    image.SliceThickness = thickness
    image.FrameOfReferenceUID = header.get("FrameOfReferenceUID") or str(
        generate_uid(entropy_srcs=[NAME, "frame of reference", result.study.study_instance_uid])
    )
    image.PositionReferenceIndicator = ""
    for keyword in _REQUIRED:
        setattr(image, keyword, None)
    return image


def as_one_series(images: Sequence[Dataset]) -> list[Dataset]:
    """Copies that claim the first one's series and frame of reference, as the library asks for.

    Some scanners make each slice a series of its own; `name_series` puts the references right afterwards.
    """
    copies = [deepcopy(image) for image in images]
    for copy in copies:
        copy.SeriesInstanceUID = images[0].SeriesInstanceUID
        copy.FrameOfReferenceUID = images[0].FrameOfReferenceUID
    return copies


def name_series(dataset: Dataset, images: Sequence[Dataset]) -> None:
    """List the source images under the series that they are part of."""
    by_series: dict[str, list[Dataset]] = {}
    for image in images:
        by_series.setdefault(str(image.SeriesInstanceUID), []).append(reference(image))
    dataset.ReferencedSeriesSequence = []
    for uid, references in by_series.items():
        item = Dataset()
        item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid, references
        dataset.ReferencedSeriesSequence.append(item)


def new_dataset(
    sop_class_uid: UID, modality: str, series_uid: str, sop_uid: str, series: int, instance: int
) -> Dataset:
    """An object's beginning, for classes written attribute by attribute."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = sop_uid
    dataset.SeriesInstanceUID = series_uid
    dataset.Modality = modality
    dataset.SeriesNumber, dataset.InstanceNumber = series, instance
    dataset.Manufacturer = dataset.ManufacturerModelName = NAME
    return dataset


def stamp(dataset: Dataset, result: StudyResult, header: Dataset, description: str) -> Dataset:
    """Give an object its patient, study and dates as the source has them, and say who made it and for what use.

    Args:
        dataset: changed in place.
        result: of the study.
        header: of a source image.
        description: of the series, without "research use only", which is added.
    """
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword in (*_REQUIRED, *_OPTIONAL):
        value = header.get(keyword)
        if value not in (None, ""):
            setattr(dataset, keyword, str(value))
        elif keyword in _REQUIRED:
            setattr(dataset, keyword, None)
    dataset.StudyInstanceUID = result.study.study_instance_uid
    dataset.SeriesDescription = f"{description}, {RESEARCH_ONLY}"
    dataset.SeriesDate = dataset.ContentDate = _first(header, ("SeriesDate", "AcquisitionDate", "StudyDate"), NO_DATE)
    dataset.SeriesTime = dataset.ContentTime = _first(header, ("SeriesTime", "AcquisitionTime", "StudyTime"), NO_TIME)
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.SoftwareVersions = result.software_version
    dataset.ContributingEquipmentSequence = _equipment(result, header)
    if "DimensionOrganizationSequence" in dataset:
        _name_dimensions(dataset)
    return dataset


def _first(header: Dataset, keywords: Sequence[str], otherwise: str) -> str:
    return next((str(header.get(keyword)) for keyword in keywords if header.get(keyword)), otherwise)


def _equipment(result: StudyResult, header: Dataset) -> list[Dataset]:
    scanner = Dataset()
    scanner.PurposeOfReferenceCodeSequence = [code_item("109101", "DCM", "Acquisition Equipment")]
    scanner.Manufacturer = str(header.get("Manufacturer") or "unknown")
    software = Dataset()
    software.PurposeOfReferenceCodeSequence = [code_item("109102", "DCM", "Processing Equipment")]
    software.Manufacturer = software.ManufacturerModelName = NAME
    software.SoftwareVersions = result.software_version
    bundle = result.scans[0].segmentation.bundle_version
    software.ContributionDescription = f"Myocardial perfusion, {RESEARCH_ONLY}; segmentation bundle {bundle}"
    return [scanner, software]


def _name_dimensions(dataset: Dataset) -> None:
    """Replace the random UID of the dimensions by one that a rerun gives again."""
    uid = str(generate_uid(entropy_srcs=[str(dataset.SOPInstanceUID), "dimensions"]))
    for item in (*dataset.DimensionOrganizationSequence, *dataset.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """Item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def heart_item() -> Dataset:
    """The heart, as item of an anatomic region sequence."""
    return code_item(HEART.value, HEART.scheme_designator, HEART.meaning)


def reference(image: Dataset) -> Dataset:
    """Item of a sequence that refers to an image."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item
