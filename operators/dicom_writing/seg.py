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
from operators.dicom_writing.common import CREATOR, NAME, DicomObject, maker, stamp
from operators.dicom_writing.sources import (
    as_one_series,
    name_sources,
    object_identity,
    parallel_slices,
    reference_headers,
    source_images,
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
    """Shape (slice of the object, row, col)."""


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """What one segmentation object holds: the segments of the slices of one orientation."""

    index: int
    """Of the orientation."""
    slices: list[int]
    segments: list[Segment]
    """With at least one pixel: the chambers, then the AHA segments in their order."""
    identity: Dataset
    """Of the object, for others that refer to it."""

    def number(self, code: Code) -> int | None:
        """A segment's number in the object; None: it isn't there."""
        return next((n for n, segment in enumerate(self.segments, start=1) if segment.code == code), None)


def segmented(result: StudyResult, scan: ScanResult) -> list[Segmented]:
    """One for each orientation in which anything was segmented."""
    found = []
    for index, slices in enumerate(parallel_slices(scan)):
        if segments := _segments(scan, slices):
            identity = object_identity(result, scan, SegmentationStorage, "seg", index)
            found.append(Segmented(index, slices, segments, identity))
    return found


def _segments(scan: ScanResult, slices: list[int]) -> list[Segment]:
    labels, sectors = scan.segmentation.labels[slices], scan.sectors.sectors[slices]
    found = [Segment(name, code, colour, labels == label) for label, name, code, colour in _CHAMBERS]
    found += [
        Segment(f"AHA {number} {name}", SEGMENTS[number], TERRITORY_COLOURS[TERRITORY_OF[number]], sectors == number)
        for number, name in SEGMENT_NAMES.items()
    ]
    return [segment for segment in found if segment.mask.any()]


def segmentations(result: StudyResult, folder: Path) -> Iterator[DicomObject]:  # noqa: ARG001
    """One object for each orientation of a scan; none where nothing was segmented."""
    for index, scan in enumerate(result.scans):
        for part in segmented(result, scan):
            number = SERIES_NUMBER + index + 10 * part.index
            yield DicomObject("segmentation", scan.scan.state, _segmentation(result, scan, part, number))


def _segmentation(result: StudyResult, scan: ScanResult, part: Segmented, series_number: int) -> Dataset:
    sources = source_images(result, scan)
    images = [sources[k] for k in part.slices]
    uid = str(part.identity.SOPInstanceUID)
    dataset = SegmentationDataset(
        source_images=as_one_series(images),
        pixel_array=np.stack([segment.mask for segment in part.segments], axis=-1).astype(np.uint8),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, segment, scan, uid) for number, segment in enumerate(part.segments, start=1)
        ],
        series_instance_uid=part.identity.SeriesInstanceUID,
        series_number=series_number,
        sop_instance_uid=uid,
        instance_number=1,
        **maker(result),
        content_label="SEGMENTATION",
        content_description="LV cavity, LV myocardium, RV and AHA segments",
        content_creator_name=CREATOR,
    )
    name_sources(dataset, images)
    dataset.BodyPartExamined = "HEART"
    header = reference_headers(scan)[part.slices[0]]
    return stamp(dataset, result, header, f"Segmentation {scan.scan.state}")


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
