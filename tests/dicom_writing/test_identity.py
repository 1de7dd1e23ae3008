"""Whose the objects are, from which run, and for what use: told where DICOM tells it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import CANARIES, CANARY_ID, CANARY_NAME, make_study_result
from pydicom import dcmread
from pydicom.uid import SecondaryCaptureImageStorage
from written_objects import CASES, NAMES, OPTIONAL, PAGE, PDF, Written, headers, small, stress_and_rest, write

from operators.dicom_writing.writing import write_objects
from operators.errors import OutputError
from operators.series import State, StudyResult


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for the pictures, where a test is about something else."""
    plain = np.zeros((8, 10, 3), np.uint8)
    monkeypatch.setattr("operators.dicom_writing.secondary_capture.slice_picture", lambda *_, **__: plain)


def uids(written: Written) -> set[str]:
    return {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in written.paths}


def test_every_object_says_whose_and_what_for(written: Written) -> None:
    for path in written.paths:
        dataset = dcmread(path)
        assert (dataset.PatientName, dataset.PatientID) == (CANARY_NAME, CANARY_ID)
        assert dataset.StudyInstanceUID == written.result.study.study_instance_uid
        assert dataset.StudyDate == dataset.ContentDate == "20250102"
        assert dataset.SeriesDescription.endswith("research use only")
        equipment = dataset.ContributingEquipmentSequence[-1]
        assert (equipment.ManufacturerModelName, equipment.SoftwareVersions) == (
            "perf_app",
            written.result.software_version,
        )
    assert all(dataset.ContentQualification == "RESEARCH" for dataset in written.read("parametric-map"))


def test_what_is_burned_in_is_declared(written: Written) -> None:
    pictures = (*written.read("map-picture"), *written.read("report-picture"), *written.read("report"))
    assert {dataset.BurnedInAnnotation for dataset in pictures} == {"YES"}
    np.testing.assert_array_equal(written.read("report-picture")[0].pixel_array, PAGE)
    assert written.read("map-picture")[0].pixel_array.shape == (560, 640, 3)
    document = written.read("report_study")[0]
    assert document.EncapsulatedDocument[: document.EncapsulatedDocumentLength] == PDF


def test_identity_is_where_dicom_puts_it_and_nowhere_else(written: Written) -> None:
    for path in written.paths:
        assert not any(canary in path.name for canary in CANARIES)
        dataset = dcmread(path)
        for keyword in ("PatientName", "PatientID", "PatientBirthDate"):
            delattr(dataset, keyword)
        assert not any(canary in str(dataset) for canary in CANARIES)


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize("character_set", NAMES)
def test_names_survive_their_character_set(character_set: str, tmp_path: Path) -> None:
    written = write(CASES[f"name in {character_set}"](), tmp_path)
    for path in written.paths:
        dataset = dcmread(path)
        assert dataset.SpecificCharacterSet == "ISO_IR 192"
        assert str(dataset.PatientName) == NAMES[character_set]
        assert not any(part in path.name for part in NAMES[character_set].split("^"))


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize("keyword", [k for k in OPTIONAL if k.startswith(("Patient", "Study", "Acc", "Ref"))])
def test_what_the_source_lacks_is_empty_not_invented(keyword: str, tmp_path: Path) -> None:
    result = make_study_result(small(n_slices=1))
    for header in headers(result):
        delattr(header, keyword)
    for path in write(result, tmp_path).paths:
        dataset = dcmread(path)
        assert keyword in dataset
        assert not dataset[keyword].value


@pytest.mark.usefixtures("plain_pictures")
def test_relative_results_name_no_absolute_unit(tmp_path: Path) -> None:
    for path in write(CASES["relative"](), tmp_path).paths:
        if dcmread(path, stop_before_pixels=True).SOPClassUID != SecondaryCaptureImageStorage:
            assert b"ml/min/g" not in path.read_bytes().lower(), path.name


@pytest.mark.usefixtures("plain_pictures")
def test_same_result_same_bytes(tmp_path: Path) -> None:
    one, two = write(stress_and_rest(), tmp_path / "1"), write(stress_and_rest(), tmp_path / "2")
    assert [path.name for path in one.paths] == [path.name for path in two.paths]
    for first, second in zip(one.paths, two.paths, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def _with_assumption(result: StudyResult) -> StudyResult:
    scan = result.scans[0]
    assumed = replace(scan, flow=replace(scan.flow, assumptions={"hematocrit": 0.3}))
    return replace(result, scans=(assumed,))


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize(
    "other",
    [
        lambda: make_study_result(small(n_slices=1, mbf=2.0)),
        lambda: make_study_result(small(State.REST, n_slices=1)),
        lambda: _with_assumption(make_study_result(small(n_slices=1))),
        lambda: replace(make_study_result(small(n_slices=1)), software_version="0.2.0"),
    ],
    ids=["other numbers", "other state", "other assumption", "other version"],
)
def test_other_results_or_settings_other_uids(other: object, tmp_path: Path) -> None:
    assert callable(other)
    one = write(make_study_result(small(n_slices=1)), tmp_path / "1")
    assert uids(one).isdisjoint(uids(write(other(), tmp_path / "2")))


def test_without_the_report_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        write_objects(make_study_result(small(n_slices=1)), tmp_path)
