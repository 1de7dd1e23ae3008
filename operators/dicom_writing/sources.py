"""What an object was made from: the source images that it names, and on which of them its pixels lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, MRImageStorage, generate_uid

from operators.dicom_writing.common import NAME, REQUIRED, make_uid
from operators.flow_mapping.scanner_map import MODEL
from operators.series import ImageSeries, ScanResult, StudyResult

_GEOMETRY = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient")
SAME_GEOMETRY = 1e-4
"""Largest difference of direction cosines and of pixel spacing [mm] between slices of one object."""


def reference_headers(scan: ScanResult) -> tuple[Dataset, ...]:
    """Header of each slice's reference frame: the unprocessed image that labels and map lie on."""
    frames = scan.motion.reference_frame
    return tuple(row[int(frame)] for row, frame in zip(scan.scan.perfusion.headers, frames, strict=True))


def parallel_slices(scan: ScanResult) -> list[list[int]]:
    """Indices of the slices of each orientation, in their order: an object with frames can hold only one."""
    groups: list[list[int]] = []
    affines = scan.scan.perfusion.affines
    for index, affine in enumerate(affines):
        for group in groups:
            if np.abs(affines[group[0], :3, :3] - affine[:3, :3]).max() < SAME_GEOMETRY:
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def source_images(result: StudyResult, scan: ScanResult) -> list[Dataset]:
    """The reference frames as far as an object refers to them: what they are and where they lie, nobody's name.

    Attributes of patient and study are there but empty; `stamp` fills them in as the source has them.
    """
    return [
        _source_image(result, header, float(np.linalg.norm(affine[:3, 2])))
        for header, affine in zip(reference_headers(scan), scan.scan.perfusion.affines, strict=True)
    ]


def _source_image(result: StudyResult, header: Dataset, thickness: float) -> Dataset:
    image = _identity(result, header)
    for keyword in ("Rows", "Columns", *_GEOMETRY):
        setattr(image, keyword, deepcopy(header[keyword].value))
    image.Modality = "MR"
    image.SliceThickness = thickness
    image.FrameOfReferenceUID = header.get("FrameOfReferenceUID") or str(
        generate_uid(entropy_srcs=[NAME, "frame of reference", result.study.study_instance_uid])
    )
    image.PositionReferenceIndicator = ""
    return image


def _identity(result: StudyResult, header: Dataset) -> Dataset:
    image = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID"):
        setattr(image, keyword, header[keyword].value)
    if "ReferencedFrameNumber" in header:
        image.ReferencedFrameNumber = header.ReferencedFrameNumber
    image.StudyInstanceUID = result.study.study_instance_uid
    for keyword in REQUIRED:
        setattr(image, keyword, None)
    return image


def object_identity(result: StudyResult, scan: ScanResult, sop_class: UID, word: str, orientation: int) -> Dataset:
    """What others refer to one of a scan's objects by: its UIDs, and attributes as of `source_images`."""
    image = source_images(result, scan)[0]
    image.SOPClassUID = sop_class
    image.SOPInstanceUID = make_uid(result, [scan], word, orientation)
    image.SeriesInstanceUID = make_uid(result, [scan], f"{word} series", orientation)
    return image


def evidence(result: StudyResult, scan: ScanResult) -> list[Dataset]:
    """Identity of every image that the scan's numbers come from: all frames, not just those that pixels lie on."""
    return [_identity(result, header) for header in _used_headers(scan)]


def _used_headers(scan: ScanResult) -> Iterator[Dataset]:
    aif = scan.scan.aif if scan.arterial_input.source == "aif_series" else None
    images: list[ImageSeries | None] = [scan.scan.perfusion, scan.scan.proton_density]
    if aif:
        images += [aif.first_echo, aif.second_echo, aif.proton_density]
    if scan.flow.model == MODEL:
        images.append(scan.scan.scanner_flow)
    for series in images:
        for row in series.headers if series else ():
            yield from row


def as_one_series(images: Sequence[Dataset]) -> list[Dataset]:
    """Copies that claim to be single-frame images of one series, as the library asks for.

    Some scanners make each slice a series of its own, others put several slices into one object; `name_sources` puts
    the references right afterwards.
    """
    copies = [deepcopy(image) for image in images]
    for index, copy in enumerate(copies):
        copy.SOPClassUID, copy.SOPInstanceUID = MRImageStorage, _placeholder(index)
        copy.SeriesInstanceUID = images[0].SeriesInstanceUID
        copy.FrameOfReferenceUID = images[0].FrameOfReferenceUID
    return copies


def _placeholder(index: int) -> str:
    return f"1.2.3.{index}"


def name_sources(dataset: Dataset, images: Sequence[Dataset]) -> None:
    """Refer to the source images themselves, and list them under the series that they are part of."""
    real = {_placeholder(index): image for index, image in enumerate(images)}
    for element in dataset.iterall():
        for item in element.value if element.VR == "SQ" else ():
            if (image := real.get(str(item.get("ReferencedSOPInstanceUID")))) is not None:
                item.update(reference(image))
    by_series: dict[str, dict[str, Dataset]] = {}
    for image in images:
        by_series.setdefault(str(image.SeriesInstanceUID), {})[str(image.SOPInstanceUID)] = _instance(image)
    dataset.ReferencedSeriesSequence = []
    for uid, references in by_series.items():
        item = Dataset()
        item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid, list(references.values())
        dataset.ReferencedSeriesSequence.append(item)


def _instance(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def reference(image: Dataset) -> Dataset:
    """Item of a sequence that refers to an image, or to one frame of a multi-frame object."""
    item = _instance(image)
    if "ReferencedFrameNumber" in image:
        item.ReferencedFrameNumber = image.ReferencedFrameNumber
    return item


def content_reference(image: Dataset) -> dict[str, Any]:
    """The same, as arguments of a report's content items."""
    frame = image.get("ReferencedFrameNumber")
    return {
        "referenced_sop_class_uid": image.SOPClassUID,
        "referenced_sop_instance_uid": image.SOPInstanceUID,
        "referenced_frame_numbers": None if frame is None else [int(frame)],
    }
