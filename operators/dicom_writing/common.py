"""What all objects share: identity from the source images, marks of origin, UIDs that a rerun gives again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from operators.dicom_writing.codes import HEART
from operators.series import ScanResult, SectorReport, Statistics, StudyResult

NAME = "perf_app"
RESEARCH_ONLY = "research use only"
CREATOR = "perf_app^research"
NO_DATE, NO_TIME = "19000101", "000000"
"""Where the source has none but the standard asks for one."""

REQUIRED = (
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
"""Of the patient and study modules, taken from the source; empty where it lacks them (type 2)."""
OPTIONAL = (
    "IssuerOfPatientID",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyDescription",
)
"""Taken from the source where it has them."""


@dataclass(frozen=True, slots=True, eq=False)
class DicomObject:
    """One file to be written."""

    role: str
    """What it is, in the file's name."""
    state: str
    """stress, rest, unknown, or study where it belongs to all scans."""
    dataset: Dataset


def content_digest(scan: ScanResult) -> str:
    """Fingerprint of what a scan's objects are made from: other results or settings have other UIDs."""
    flow, sectors = scan.flow, scan.sectors
    digest = hashlib.sha256()
    confidence = scan.segmentation.confidence
    arrays = (flow.flow, scan.segmentation.labels, sectors.sectors, sectors.layers, scan.motion.reference_frame)
    for array in (*arrays, *(() if confidence is None else (confidence,))):
        digest.update(np.ascontiguousarray(array).tobytes())
    assumptions = [sorted(record.assumptions.items()) for record in (scan.gadolinium, scan.arterial_input, scan.flow)]
    measured = (sectors.whole, *(sorted(by.items()) for by in _tables(sectors)))
    parts = (flow.unit, flow.model, scan.segmentation.model_sha256, scan.scan.state, scan.flags, assumptions, measured)
    for part in parts:
        digest.update(repr(part).encode())
    return digest.hexdigest()


def _tables(sectors: SectorReport) -> tuple[Mapping[Any, Statistics | None], ...]:
    return sectors.by_sector, sectors.by_territory, sectors.endocardial, sectors.epicardial


def make_uid(result: StudyResult, scans: Sequence[ScanResult], *words: object) -> str:
    """UID of an object of those scans; the same for the same results of the same software."""
    sources = [uid for scan in scans for uid in scan.scan.perfusion.series_instance_uids]
    digests = [content_digest(scan) for scan in scans]
    study = (result.study.study_instance_uid, repr(result.flags))
    parts = [NAME, result.software_version, *study, *sources, *digests, *map(str, words)]
    return str(generate_uid(entropy_srcs=parts))


def maker(result: StudyResult) -> dict[str, str]:
    """This program as the equipment that made an object, as arguments of the library's classes with frames."""
    version = result.software_version
    return {
        "manufacturer": NAME,
        "manufacturer_model_name": NAME,
        "software_versions": version,
        "device_serial_number": version,
    }


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
    for keyword in (*REQUIRED, *OPTIONAL):
        value = header.get(keyword)
        if value not in (None, ""):
            setattr(dataset, keyword, str(value))
        elif keyword in REQUIRED:
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
