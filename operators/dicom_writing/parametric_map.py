"""Parametric map: float32 flow, or the relative index, on each slice's reference frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from highdicom import VOILUTFunctionValues, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom import Dataset
from pydicom.uid import ParametricMapStorage

from operators.dicom_writing.codes import private_scheme, quantity
from operators.dicom_writing.common import CREATOR, DicomObject, heart_item, maker, stamp
from operators.dicom_writing.sources import (
    as_one_series,
    name_sources,
    object_identity,
    parallel_slices,
    reference_headers,
    source_images,
)
from operators.report.colours import flow_scale
from operators.series import FloatArray, FlowUnit, ScanResult, StudyResult

SERIES_NUMBER = 9200


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """What one parametric map holds: the flow of the slices of one orientation."""

    index: int
    """Of the orientation."""
    slices: list[int]
    identity: Dataset
    """Of the object, for others that refer to it."""


def mapped(result: StudyResult, scan: ScanResult) -> list[Mapped]:
    """One for each orientation in which any pixel has a value."""
    found = []
    for index, slices in enumerate(parallel_slices(scan)):
        if np.isfinite(scan.flow.flow[slices]).any():
            identity = object_identity(result, scan, ParametricMapStorage, "map", index)
            found.append(Mapped(index, slices, identity))
    return found


def parametric_maps(result: StudyResult, folder: Path) -> Iterator[DicomObject]:  # noqa: ARG001
    """One object for each orientation of a scan; none where no pixel has a value. Pixels without a value are NaN."""
    for index, scan in enumerate(result.scans):
        for part in mapped(result, scan):
            number = SERIES_NUMBER + index + 10 * part.index
            yield DicomObject("parametric-map", scan.scan.state, _parametric_map(result, scan, part, number))


def _parametric_map(result: StudyResult, scan: ScanResult, part: Mapped, series_number: int) -> Dataset:
    flow, sources = scan.flow.flow[part.slices], source_images(result, scan)
    images = [sources[k] for k in part.slices]
    meaning = quantity(scan.flow.unit)[0].meaning
    scale = flow_scale(result.scans, scan.flow.unit)
    dataset = ParametricMap(
        source_images=as_one_series(images),
        pixel_array=np.array(flow, np.float32),
        series_instance_uid=part.identity.SeriesInstanceUID,
        series_number=series_number,
        sop_instance_uid=part.identity.SOPInstanceUID,
        instance_number=1,
        **maker(result),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping(flow, scan.flow.unit)],
        voi_lut_transformations=[
            # A plain linear window must not be narrower than 1.
            VOILUTTransformation(
                window_center=(scale.low + scale.high) / 2,
                window_width=scale.high - scale.low,
                voi_lut_function=VOILUTFunctionValues.LINEAR_EXACT,
            )
        ],
        content_label="PERFUSION_MAP",
        content_description=meaning,
        content_creator_name=CREATOR,
        coding_schemes=[private_scheme()],
    )
    dataset.Modality = "MR"
    _put_along_normal(dataset, scan.scan.perfusion.affines[part.slices[0], :3, 2])
    name_sources(dataset, images)
    dataset.BodyPartExamined = "HEART"
    anatomy = Dataset()
    anatomy.FrameLaterality = "U"
    anatomy.AnatomicRegionSequence = [heart_item()]
    dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [anatomy]
    header = reference_headers(scan)[part.slices[0]]
    return stamp(dataset, result, header, f"{_title(scan)} {scan.scan.state}")


def _mapping(flow: FloatArray, flow_unit: FlowUnit) -> RealWorldValueMapping:
    """Says that the pixels are the values themselves, of what and in which unit."""
    concept, unit = quantity(flow_unit)
    return RealWorldValueMapping(
        lut_label="MBF" if flow_unit == "mL/min/g" else "UPSLOPE",
        lut_explanation=concept.meaning,
        unit=unit,
        value_range=(float(np.nanmin(flow)), float(np.nanmax(flow))),
        slope=1.0,
        intercept=0.0,
        quantity_definition=concept,
    )


def _put_along_normal(dataset: Dataset, normal: FloatArray) -> None:
    """Frames in the direction of the slices' normal: some readers stack them so, whatever their positions say."""
    frames = list(dataset.PerFrameFunctionalGroupsSequence)
    along = [np.dot(frame.PlanePositionSequence[0].ImagePositionPatient, normal) for frame in frames]
    order = np.argsort(along)
    pixels = np.frombuffer(dataset.FloatPixelData, np.float32).reshape(len(frames), -1)
    dataset.FloatPixelData = pixels[order].tobytes()
    dataset.PerFrameFunctionalGroupsSequence = [frames[k] for k in order]
    for place, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence, start=1):
        frame.FrameContentSequence[0].DimensionIndexValues = place


def _title(scan: ScanResult) -> str:
    return "MBF map" if scan.flow.unit == "mL/min/g" else "Relative upslope map"
