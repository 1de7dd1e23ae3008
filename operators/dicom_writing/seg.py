"""Segmentation (binary): LV cavity, LV myocardium, RV and AHA segments on each slice's reference frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, SegmentationTypeValues, SegmentDescription
from highdicom.seg import Segmentation as SegmentationDataset
from matplotlib.colors import to_rgb
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import SegmentationStorage, generate_uid

from operators.aha_sectors.model import SEGMENT_NAMES, TERRITORY_OF
from operators.dicom_writing.codes import LV_CAVITY, LV_MYOCARDIUM, RV, SEGMENTS
from operators.dicom_writing.common import (
    CREATOR,
    NAME,
    DicomObject,
    as_one_series,
    make_uid,
    name_series,
    reference_headers,
    source_images,
    stamp,
)
from operators.report.colours import TERRITORY_COLOURS
from operators.series import BoolArray, Label, ScanResult, StudyResult

SERIES_NUMBER = 9100
_CHAMBERS = (
    (Label.LV_CAVITY, "LV cavity", LV_CAVITY, "#ff453a"),
    (Label.MYOCARDIUM, "LV myocardium", LV_MYOCARDIUM, "#30d158"),
    (Label.RV, "RV", RV, "#0a84ff"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One segment of the object; its number is its place in the list, from 1."""

    name: str
    code: Code
    colour: str
    mask: BoolArray
    """Shape (slice, row, col)."""


def segments_of(scan: ScanResult) -> list[Segment]:
    """Segments with at least one pixel: the chambers, then the AHA segments in their order."""
    labels, sectors = scan.segmentation.labels, scan.sectors.sectors
    found = [Segment(name, code, colour, labels == label) for label, name, code, colour in _CHAMBERS]
    found += [
        Segment(f"AHA {number} {name}", SEGMENTS[number], TERRITORY_COLOURS[TERRITORY_OF[number]], sectors == number)
        for number, name in SEGMENT_NAMES.items()
    ]
    return [segment for segment in found if segment.mask.any()]


def segmentation_reference(result: StudyResult, scan: ScanResult) -> Dataset:
    """Identity of the scan's segmentation object, for others that refer to it."""
    image = source_images(result, scan)[0]
    image.SOPClassUID = SegmentationStorage
    image.SOPInstanceUID = make_uid(result, [scan], "seg")
    image.SeriesInstanceUID = make_uid(result, [scan], "seg series")
    return image


def segmentations(result: StudyResult, folder: Path) -> Iterator[DicomObject]:  # noqa: ARG001
    """One object a scan; none where nothing was segmented."""
    for index, scan in enumerate(result.scans):
        segments = segments_of(scan)
        if segments:
            yield DicomObject("segmentation", scan.scan.state, _segmentation(result, scan, index, segments))


def _segmentation(result: StudyResult, scan: ScanResult, index: int, segments: list[Segment]) -> Dataset:
    identity = segmentation_reference(result, scan)
    images = source_images(result, scan)
    dataset = SegmentationDataset(
        source_images=as_one_series(images),
        pixel_array=np.stack([segment.mask for segment in segments], axis=-1).astype(np.uint8),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, segment, scan, str(identity.SOPInstanceUID))
            for number, segment in enumerate(segments, start=1)
        ],
        series_instance_uid=identity.SeriesInstanceUID,
        series_number=SERIES_NUMBER + index,
        sop_instance_uid=identity.SOPInstanceUID,
        instance_number=1,
        manufacturer=NAME,
        manufacturer_model_name=NAME,
        software_versions=result.software_version,
        device_serial_number=result.software_version,
        content_label="SEGMENTATION",
        content_description="LV cavity, LV myocardium, RV and AHA segments",
        content_creator_name=CREATOR,
    )
    name_series(dataset, images)
    dataset.BodyPartExamined = "HEART"
    return stamp(dataset, result, reference_headers(scan)[0], f"Segmentation {scan.scan.state}")


def _description(number: int, segment: Segment, scan: ScanResult, uid: str) -> SegmentDescription:
    algorithm = AlgorithmIdentificationSequence(
        name=f"{NAME} segmentation",
        family=codes.DCM.ArtificialIntelligence,
        version=scan.segmentation.bundle_version,
        parameters={"model_sha256": scan.segmentation.model_sha256},
    )
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.name,
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=segment.code,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
        tracking_uid=_tracking_uid(uid, number),
        tracking_id=segment.name,
        display_color=CIELabColor.from_rgb(*(round(255 * part) for part in to_rgb(segment.colour))),
    )


def _tracking_uid(uid: str, number: int) -> str:
    return str(generate_uid(entropy_srcs=[uid, "segment", str(number)]))
