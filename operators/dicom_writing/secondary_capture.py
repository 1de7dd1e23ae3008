"""Colour secondary captures: each slice's map with contours, and the report's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from operators.dicom_writing.common import (
    DicomObject,
    make_uid,
    new_dataset,
    stamp,
)
from operators.dicom_writing.sources import reference, reference_headers, source_images
from operators.report.colours import RgbArray, flow_scale
from operators.report.map_picture import slice_picture
from operators.series import ScanResult, StudyResult

MAP_SERIES_NUMBER = 9300
PAGE_SERIES_NUMBER = 9400


def secondary_captures(result: StudyResult, folder: Path) -> Iterator[DicomObject]:
    """A series of one picture a slice for each scan, then the report's page.

    Raises:
        OSError: report.png can't be read.
    """
    for index, scan in enumerate(result.scans):
        scale = flow_scale(result.scans, scan.flow.unit)
        series_uid = make_uid(result, [scan], "picture series")
        for k, image in enumerate(source_images(result, scan)):
            uid = make_uid(result, [scan], "picture", k)
            dataset = new_dataset(SecondaryCaptureImageStorage, "OT", series_uid, uid, MAP_SERIES_NUMBER + index, k + 1)
            _fill(dataset, slice_picture(scan, k, scale=scale), [image])
            header = reference_headers(scan)[k]
            stamp(dataset, result, header, f"Perfusion map in colour {scan.scan.state}")
            yield DicomObject("map-picture", scan.scan.state, dataset)
    yield DicomObject("report-picture", "study", _page(result, result.scans, folder / "report.png"))


def _page(result: StudyResult, scans: Sequence[ScanResult], path: Path) -> Dataset:
    with Image.open(path) as picture:
        pixels = np.array(picture.convert("RGB"))
    series_uid, uid = make_uid(result, scans, "page series"), make_uid(result, scans, "page")
    dataset = new_dataset(SecondaryCaptureImageStorage, "OT", series_uid, uid, PAGE_SERIES_NUMBER, 1)
    _fill(dataset, pixels, [image for scan in scans for image in source_images(result, scan)])
    return stamp(dataset, result, reference_headers(scans[0])[0], "Perfusion report page")


def _fill(dataset: Dataset, pixels: RgbArray, sources: Sequence[Dataset]) -> None:
    dataset.ConversionType = "WSD"
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    dataset.BurnedInAnnotation = "YES"
    dataset.BodyPartExamined = "HEART"
    dataset.PatientOrientation = None
    dataset.SourceImageSequence = [reference(image) for image in sources]
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    data = pixels.tobytes()
    dataset.add_new("PixelData", "OB", data + b"\0" * (len(data) % 2))
