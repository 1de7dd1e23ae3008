"""results.json: every number of a study, checked against its schema before it is written.

``python -m operators.report.results`` prints the JSON Schema.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_TERRITORY
from operators.errors import OutputError
from operators.report import schema
from operators.report.schema import Results
from operators.report.summary import all_assumptions, motion_rms
from operators.series import FlowComparison, Label, QualityFlag, ScanResult, Statistics, StudyResult

logger = logging.getLogger(__name__)

FILE_NAME = "results.json"


def build_results(result: StudyResult, files: Sequence[str] = ()) -> Results:
    """All numbers of a study as the contract has them; NaN becomes null.

    Args:
        result: of the study.
        files: names of what else the run wrote.
    """
    segmentation = result.scans[0].segmentation
    return Results(
        schema_version="1.0",
        software=schema.Software(
            name="perf_app",
            version=result.software_version,
            bundle_version=segmentation.bundle_version,
            model_sha256=segmentation.model_sha256,
        ),
        study=schema.Study(study_instance_uid=result.study.study_instance_uid),
        scans=[_scan(scan) for scan in result.scans],
        reserve=schema.Reserve(
            global_=_rounded(result.reserve_global, 3),
            sectors={str(number): _rounded(result.reserve_by_sector.get(number), 3) for number in SEGMENT_NAMES},
            territories={name: _rounded(value, 3) for name, value in result.reserve_by_territory.items()},
        ),
        quality=_quality(result.flags),
        files=list(files),
    )


def write_results(result: StudyResult, folder: Path) -> Path:
    """Write results.json into a folder that holds all else that the run wrote, and return its path.

    Raises:
        OutputError: the file can't be written.
    """
    path = folder / FILE_NAME
    try:
        files = sorted(file.name for file in folder.iterdir() if file.is_file() and file != path)
        results = build_results(result, files).model_dump(mode="json", by_alias=True)
        text = json.dumps(results, indent=1, allow_nan=False)
        Results.model_validate_json(text)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{FILE_NAME} could not be written: {error.strerror}",
            where=str(folder),
            hint="Choose a folder that can be written to.",
        ) from error
    logger.info("%s: %d scans", FILE_NAME, len(result.scans))
    return path


def json_schema() -> dict[str, Any]:
    """JSON Schema of results.json, draft 2020-12."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Results.model_json_schema()}


def _scan(result: ScanResult) -> schema.Scan:
    scan, motion, aif = result.scan, result.motion, result.arterial_input
    absolute = result.flow.unit == "mL/min/g"
    before, after = motion_rms(result)
    return schema.Scan(
        series_instance_uids=list(scan.perfusion.series_instance_uids),
        state=scan.state.value,
        state_from=scan.state_from,
        manufacturer=scan.manufacturer,
        field_strength_t=_rounded(scan.field_strength_t, 3),
        n_slices=scan.perfusion.n_slices,
        n_frames=scan.perfusion.n_frames,
        heart_rate_bpm=_rounded(scan.heart_rate_bpm, 1),
        quantification="absolute" if absolute else "relative",
        why_relative=None if absolute else result.flow.why_relative,
        aif=schema.ArterialInput(
            source=aif.source,
            peak_mmol_per_l=_rounded(aif.peak, 4) if aif.unit == "mmol/L" else None,
            onset_s=_rounded(aif.onset, 3),
        ),
        motion=schema.Motion(
            rms_mm_before=_rounded(before, 3),
            rms_mm_after=_rounded(after, 3),
            reference_frame=[int(frame) for frame in motion.reference_frame],
        ),
        flow=_flow(result),
        slices=[_slice(result, index) for index in range(scan.perfusion.n_slices)],
        assumptions={
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in all_assumptions(result).items()
        },
        quality=_quality(result.flags),
        timings_s={room: round(float(seconds), 3) for room, seconds in result.timings_s.items()},
    )


def _flow(result: ScanResult) -> schema.Flow:
    sectors = result.sectors
    return schema.Flow(
        model=result.flow.model,
        unit=result.flow.unit,
        global_=_statistics(sectors.whole),
        sectors=_by_segment(sectors.by_sector),
        territories=schema.Territories(
            **{name: _statistics(sectors.by_territory[name]) for name in SEGMENTS_OF_TERRITORY}
        ),
        layers=schema.Layers(endocardial=_by_segment(sectors.endocardial), epicardial=_by_segment(sectors.epicardial)),
        comparison=_comparison(result.flow.comparison),
    )


def _comparison(found: FlowComparison | None) -> schema.FlowComparison | None:
    if found is None:
        return None
    return schema.FlowComparison(
        model=found.model,
        n_pixels=found.n_pixels,
        mean_difference=round(found.mean_difference, 4),
        sd_of_differences=round(found.sd_of_differences, 4),
        correlation=_rounded(found.correlation, 4),
    )


def _slice(result: ScanResult, index: int) -> schema.Slice:
    sectors, series = result.sectors, result.motion.series
    row_step, column_step = np.linalg.norm(series.affines[index, :3, :2], axis=0)
    center = [_rounded(float(value), 2) for value in sectors.lv_center_lps_mm[index]]
    x, y, z = center
    confidence = result.segmentation.confidence
    return schema.Slice(
        level=sectors.levels[index],
        reference_sop_instance_uid=str(series.headers[index][int(result.motion.reference_frame[index])].SOPInstanceUID),
        lv_center_lps_mm=None if x is None or y is None or z is None else (x, y, z),
        rv_insertion_anterior_deg=_rounded(math.degrees(sectors.insertion_anterior[index]), 1),
        rv_insertion_inferior_deg=_rounded(math.degrees(sectors.insertion_inferior[index]), 1),
        myocardium_area_mm2=round(
            float(np.sum(result.segmentation.labels[index] == Label.MYOCARDIUM) * row_step * column_step), 1
        ),
        segmentation_confidence=None if confidence is None else _rounded(float(confidence[index]), 3),
    )


def _by_segment(values: Mapping[int, Statistics | None]) -> dict[str, schema.SectorStatistics | None]:
    shown = {number: _statistics(values[number]) for number in SEGMENT_NAMES}
    return {
        str(number): None
        if value is None
        else schema.SectorStatistics(**value.model_dump(), name=SEGMENT_NAMES[number])
        for number, value in shown.items()
    }


def _statistics(value: Statistics | None) -> schema.Statistics | None:
    if value is None or not math.isfinite(value.mean):
        return None
    return schema.Statistics(
        mean=round(value.mean, 4),
        sd=round(value.sd, 4),
        median=round(value.median, 4),
        n_pixels=value.n_pixels,
        uncertainty=_rounded(value.uncertainty, 4),
    )


def _quality(flags: Sequence[QualityFlag]) -> list[schema.Quality]:
    return [
        schema.Quality(code=flag.code, severity=flag.severity, slice=flag.slice, message=flag.message) for flag in flags
    ]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits) + 0.0  # no -0.0


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
