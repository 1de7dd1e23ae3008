"""results.json says what the records say, in the shape its schema promises."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from builders import CANARIES, make_scan_result, make_study_result
from pydantic import ValidationError

from operators.errors import OutputError
from operators.report.results import build_results, json_schema, write_results
from operators.report.schema import Results
from operators.series import QualityFlag, State


def test_schema_in_docs_is_the_program_s(repository: Path) -> None:
    text = (repository / "docs" / "results.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == json_schema(), "run: python -m operators.report.results > docs/results.schema.json"


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("n_slices", [1, 3])
def test_file_fits_its_schema_and_bears_no_identity(tmp_path: Path, absolute: bool, n_slices: int) -> None:
    result = make_study_result(make_scan_result(absolute=absolute, n_slices=n_slices, empty_sectors=(5,)))
    text = write_results(result, tmp_path).read_text(encoding="utf-8")
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(text), schema)
    assert Results.model_validate_json(text) == build_results(result)
    assert not [canary for canary in CANARIES if canary in text]


def test_files_beside_it_are_listed(tmp_path: Path) -> None:
    for name in ("report.pdf", "map.dcm"):
        (tmp_path / name).touch()
    for _ in range(2):
        assert json.loads(write_results(make_study_result(), tmp_path).read_text())["files"] == [
            "map.dcm",
            "report.pdf",
        ]


def test_numbers_are_the_records() -> None:
    stress = make_scan_result(State.STRESS, empty_sectors=(5,))
    results = build_results(make_study_result(stress, make_scan_result(State.REST, mbf=1.0)))
    scan = results.scans[0]
    whole, seventh = stress.sectors.whole, stress.sectors.by_sector[7]
    assert whole is not None
    assert seventh is not None
    assert scan.flow.global_ is not None
    assert scan.flow.global_.mean == pytest.approx(whole.mean, abs=1e-4)
    shown = scan.flow.sectors["7"]
    assert shown is not None
    assert (shown.name, shown.n_pixels) == ("mid anterior", seventh.n_pixels)
    assert results.reserve.sectors["7"] == pytest.approx(2.4, rel=0.1)
    assert results.reserve.territories == pytest.approx(dict.fromkeys(("LAD", "RCA", "LCx"), 2.4), rel=0.1)
    reference = stress.motion.series.headers[1][int(stress.motion.reference_frame[1])].SOPInstanceUID
    assert scan.slices[1].reference_sop_instance_uid == reference
    assert scan.slices[0].rv_insertion_anterior_deg == pytest.approx(61.0)
    pixels = int(np.sum(stress.segmentation.labels[0] == 2))
    assert scan.slices[0].myocardium_area_mm2 == pytest.approx(pixels * 1.9**2, abs=0.1)


def test_empty_sector_is_null_and_quality_says_why() -> None:
    scan = build_results(make_study_result(make_scan_result(empty_sectors=(5,)))).scans[0]
    assert scan.flow.sectors["5"] is None
    assert scan.flow.layers.endocardial["5"] is None
    assert any("Sector 5" in flag.message for flag in scan.quality)


def test_relative_scan_says_nothing_absolute(tmp_path: Path) -> None:
    path = write_results(make_study_result(make_scan_result(absolute=False)), tmp_path)
    scan = json.loads(path.read_text())["scans"][0]
    assert "mL/min/g" not in path.read_text()
    assert scan["quantification"] == "relative"
    assert scan["why_relative"]
    assert scan["aif"]["peak_mmol_per_l"] is None


def test_unknown_numbers_become_null() -> None:
    scan = make_scan_result()
    nan = np.full(3, math.nan)
    sectors = dataclasses.replace(
        scan.sectors, lv_center_lps_mm=np.full((3, 3), math.nan), insertion_anterior=nan, insertion_inferior=nan
    )
    motion = dataclasses.replace(scan.motion, rms_mm_before=nan)
    shown = build_results(make_study_result(dataclasses.replace(scan, sectors=sectors, motion=motion))).scans[0]
    assert shown.motion.rms_mm_before is None
    assert shown.slices[0].lv_center_lps_mm is None
    assert shown.slices[0].rv_insertion_inferior_deg is None


def test_same_result_gives_same_bytes(tmp_path: Path) -> None:
    first = write_results(make_study_result(), tmp_path).read_bytes()
    assert write_results(make_study_result(), tmp_path).read_bytes() == first


def test_nothing_extra_is_let_in() -> None:
    value = build_results(make_study_result()).model_dump(by_alias=True)
    value["patient_name"] = "x"
    with pytest.raises(ValidationError):
        Results.model_validate(value)


def test_flag_codes_are_checked() -> None:
    scan = make_scan_result(flags=(QualityFlag("Not A Code", "info", "x"),))
    with pytest.raises(ValidationError):
        build_results(make_study_result(scan))


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_results(make_study_result(), tmp_path / "absent")
