"""Parametric map: float32 flow, or the relative index, on each slice's reference frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from highdicom import VOILUTFunctionValues, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom import Dataset

from operators.dicom_writing.codes import private_scheme, quantity
from operators.dicom_writing.common import (
    CREATOR,
    NAME,
    DicomObject,
    as_one_series,
    heart_item,
    make_uid,
    name_series,
    reference_headers,
    source_images,
    stamp,
)
from operators.report.colours import flow_scale
from operators.series import ScanResult, StudyResult

SERIES_NUMBER = 9200


def parametric_maps(result: StudyResult, folder: Path) -> Iterator[DicomObject]:  # noqa: ARG001
    """One object a scan; none where no pixel has a value. Pixels without a value are NaN."""
    for index, scan in enumerate(result.scans):
        if np.isfinite(scan.flow.flow).any():
            yield DicomObject("parametric-map", scan.scan.state, _parametric_map(result, scan, index))


def _parametric_map(result: StudyResult, scan: ScanResult, index: int) -> Dataset:
    flow = scan.flow.flow
    images = source_images(result, scan)
    concept, unit = quantity(scan.flow.unit)
    scale = flow_scale(result.scans, scan.flow.unit)
    lowest, highest = float(np.nanmin(flow)), float(np.nanmax(flow))
    dataset = ParametricMap(
        source_images=as_one_series(images),
        pixel_array=np.array(flow, np.float32),
        series_instance_uid=make_uid(result, [scan], "map series"),
        series_number=SERIES_NUMBER + index,
        sop_instance_uid=make_uid(result, [scan], "map"),
        instance_number=1,
        manufacturer=NAME,
        manufacturer_model_name=NAME,
        software_versions=result.software_version,
        device_serial_number=result.software_version,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[
            RealWorldValueMapping(
                lut_label="MBF" if scan.flow.unit == "mL/min/g" else "UPSLOPE",
                lut_explanation=concept.meaning,
                unit=unit,
                value_range=(lowest, highest),
                slope=1.0,
                intercept=0.0,
                quantity_definition=concept,
            )
        ],
        voi_lut_transformations=[
            # A plain linear window must not be narrower than 1.
            VOILUTTransformation(
                window_center=(scale.low + scale.high) / 2,
                window_width=scale.high - scale.low,
                voi_lut_function=VOILUTFunctionValues.LINEAR_EXACT,
            )
        ],
        content_label="PERFUSION_MAP",
        content_description=concept.meaning,
        content_creator_name=CREATOR,
        coding_schemes=[private_scheme()],
    )
    dataset.Modality = "MR"
    name_series(dataset, images)
    dataset.BodyPartExamined = "HEART"
    anatomy = Dataset()
    anatomy.FrameLaterality = "U"
    anatomy.AnatomicRegionSequence = [heart_item()]
    dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [anatomy]
    return stamp(dataset, result, reference_headers(scan)[0], f"{_title(scan)} {scan.scan.state}")


def _title(scan: ScanResult) -> str:
    return "MBF map" if scan.flow.unit == "mL/min/g" else "Relative upslope map"
