from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import CANARIES, make_scan_result, make_study_result
from highdicom.seg import segread
from PIL import Image
from pydicom import Dataset, config
from pydicom.uid import SecondaryCaptureImageStorage, SegmentationStorage

from operators.dicom_writing.writing import write_objects
from operators.errors import OutputError
from operators.series import QualityFlag, ScanResult, State, StudyResult

TOOLS = Path(sys.executable).parent


def write(result: StudyResult, folder: Path) -> list[Path]:
    """Objects of a result beside a stand-in for its report."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 60), "white").save(folder / "report.png")
    (folder / "report.pdf").write_bytes(b"%PDF-1.4 stand-in\n%%EOF\n")
    return list(write_objects(result, folder))


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for the pictures, where a test is about something else."""
    plain = np.zeros((8, 10, 3), np.uint8)
    monkeypatch.setattr("operators.dicom_writing.secondary_capture.slice_picture", lambda *_, **__: plain)


def small(state: State = State.STRESS, **settings: object) -> ScanResult:
    return make_scan_result(state, **{"n_frames": 12, "n_slices": 3, **settings})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def study() -> StudyResult:
    flag = QualityFlag("rv_missing", "warning", "The RV can't be seen.", 2)
    return make_study_result(small(flags=(flag,)), small(State.REST, mbf=1.0, empty_sectors=(4, 16)))


@pytest.fixture(scope="module")
def files(study: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write(study, tmp_path_factory.mktemp("objects"))


def read(paths: list[Path], role: str, state: str | None = None) -> Dataset:
    chosen = [path for path in paths if path.name.startswith(f"{role}_{state or ''}")]
    return pydicom.dcmread(chosen[0])


def measurements(path: Path, folder: Path) -> list[dict[str, object]]:
    """Groups as dcmqi reads them."""
    out = folder / "measurements.json"
    command: list[str | Path] = [TOOLS / "tid1500reader", "--inputDICOM", path, "--outputMetadata", out]
    subprocess.run(command, check=True, capture_output=True)
    groups: list[dict[str, object]] = json.loads(out.read_text())["Measurements"]
    return groups


def test_validator_finds_no_error(files: list[Path]) -> None:
    for path in files:
        said = subprocess.run([TOOLS / "dciodvfy", path], capture_output=True, text=True, check=False)
        errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
        assert errors == [], path.name


def test_strict_reading(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.RAISE)
    for path in files:
        dataset = pydicom.dcmread(path)
        assert "research use only" in dataset.SeriesDescription
        assert dataset.ContributingEquipmentSequence[-1].ManufacturerModelName == "perf_app"
        assert sum(1 for _ in dataset.iterall()) > len(dataset)


def test_segments_are_the_labels_on_the_reference_frames(study: StudyResult, files: list[Path]) -> None:
    for scan in study.scans:
        path = next(p for p in files if p.name.startswith(f"segmentation_{scan.scan.state}"))
        segmentation = segread(path)
        uids = [str(row[9].SOPInstanceUID) for row in scan.scan.perfusion.headers]
        pixels = segmentation.get_pixels_by_source_instance(uids)
        named = {item.SegmentLabel: item.SegmentNumber for item in segmentation.SegmentSequence}
        for label, name in ((1, "LV cavity"), (2, "LV myocardium"), (3, "RV")):
            expected = scan.segmentation.labels == label
            np.testing.assert_array_equal(pixels[..., named[name] - 1] > 0, expected)
        for name, number in named.items():
            if name.startswith("AHA"):
                expected = scan.sectors.sectors == int(name.split()[1])
                np.testing.assert_array_equal(pixels[..., number - 1] > 0, expected)
        assert all("RecommendedDisplayCIELabValue" in item for item in segmentation.SegmentSequence)
        referred = {
            item.ReferencedSOPInstanceUID
            for series in segmentation.ReferencedSeriesSequence
            for item in series.ReferencedInstanceSequence
        }
        assert referred == set(uids)


def test_other_readers_find_the_same_values(study: StudyResult, files: list[Path], tmp_path: Path) -> None:
    for scan in study.scans:
        path = next(p for p in files if p.name.startswith(f"measurements_{scan.scan.state}"))
        by_segment = {}
        for group in measurements(path, tmp_path):
            finding = group.get("Finding")
            if "ReferencedSegment" in group and isinstance(finding, dict):
                items = group["measurementItems"]
                assert isinstance(items, list)
                assert {item["units"]["CodeValue"] for item in items} == {"ml/min/g"}
                by_segment[finding["CodeValue"]] = [float(item["value"]) for item in items]
        assert scan.sectors.whole is not None
        whole = scan.sectors.whole
        np.testing.assert_allclose(by_segment["49848007"], [whole.mean, whole.sd, whole.median], rtol=1e-4)
        basal_anterior = scan.sectors.by_sector[1]
        assert basal_anterior is not None
        np.testing.assert_allclose(by_segment["264850008"][0], basal_anterior.mean, rtol=1e-4)
        measured = [value for value in scan.sectors.by_sector.values() if value is not None]
        assert len(by_segment) == 1 + len(measured)


def test_parametric_map_round_trip(study: StudyResult, files: list[Path], tmp_path: Path) -> None:
    dataset = read(files, "parametric-map", "stress")
    frames = np.frombuffer(dataset.FloatPixelData, np.float32).reshape(-1, dataset.Rows, dataset.Columns)
    flow = study.scans[0].flow.flow
    place = {str(row[9].SOPInstanceUID): k for k, row in enumerate(study.scans[0].scan.perfusion.headers)}
    for frame, item in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        source = item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        np.testing.assert_array_equal(frame, flow[place[source]])
    path = next(p for p in files if p.name.startswith("parametric-map_stress"))
    command: list[str | Path] = [
        TOOLS / "paramap2itkimage",
        "--inputDICOM",
        path,
        "--outputDirectory",
        tmp_path,
        "-t",
        "nrrd",
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "pmap.nrrd").exists()


def test_segmentation_is_read_by_others(files: list[Path], tmp_path: Path) -> None:
    path = next(p for p in files if p.name.startswith("segmentation_rest"))
    command: list[str | Path] = [
        TOOLS / "segimage2itkimage",
        "--inputDICOM",
        path,
        "--outputDirectory",
        tmp_path,
        "-t",
        "nrrd",
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert len(list(tmp_path.glob("*.nrrd"))) == len(pydicom.dcmread(path).SegmentSequence)


def test_same_result_same_bytes(study: StudyResult, files: list[Path], tmp_path: Path) -> None:
    again = write(study, tmp_path)
    assert [path.name for path in again] == [path.name for path in files]
    for one, two in zip(files, again, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


@pytest.mark.usefixtures("plain_pictures")
def test_other_numbers_other_uids(files: list[Path], tmp_path: Path) -> None:
    others = write(make_study_result(small(mbf=2.0), small(State.REST, mbf=1.1)), tmp_path)
    uids = {pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in files}
    assert uids.isdisjoint({pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in others})


def test_identity_is_where_dicom_puts_it_and_nowhere_else(files: list[Path]) -> None:
    for path in files:
        assert not any(canary in path.name for canary in CANARIES)
        dataset = pydicom.dcmread(path)
        assert dataset.PatientName == "Canary^Bird"
        for keyword in ("PatientName", "PatientID", "PatientBirthDate"):
            delattr(dataset, keyword)
        assert not any(canary in str(dataset) for canary in CANARIES)


@pytest.mark.usefixtures("plain_pictures")
def test_relative_results_name_no_absolute_unit(tmp_path: Path) -> None:
    paths = write(make_study_result(small(absolute=False)), tmp_path)
    for path in paths:
        dataset = pydicom.dcmread(path)
        if dataset.SOPClassUID != SecondaryCaptureImageStorage:
            assert b"ml/min/g" not in path.read_bytes().lower(), path.name
    assert not any(path.name.startswith("reserve") for path in paths)


@pytest.mark.usefixtures("plain_pictures")
def test_one_slice(tmp_path: Path) -> None:
    paths = write(make_study_result(small(n_slices=1)), tmp_path)
    dataset = read(paths, "segmentation")
    assert dataset.SOPClassUID == SegmentationStorage
    labels = {item.SegmentLabel for item in dataset.SegmentSequence}
    assert not any(label.startswith("AHA 7") for label in labels)


@pytest.mark.usefixtures("plain_pictures")
def test_slices_that_are_series_of_their_own(tmp_path: Path) -> None:
    scan = small()
    for k, row in enumerate(scan.scan.perfusion.headers):
        for header in row:
            header.SeriesInstanceUID = f"1.2.3.{k}"
    dataset = read(write(make_study_result(scan), tmp_path), "segmentation")
    found = {
        series.SeriesInstanceUID: len(series.ReferencedInstanceSequence) for series in dataset.ReferencedSeriesSequence
    }
    assert found == {"1.2.3.0": 1, "1.2.3.1": 1, "1.2.3.2": 1}


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize("keyword", ["PatientBirthDate", "PatientSex", "PatientName", "StudyDate", "AccessionNumber"])
def test_optional_patient_data_may_be_missing(keyword: str, tmp_path: Path) -> None:
    scan = small(n_slices=1)
    for header in scan.scan.perfusion.headers[0]:
        delattr(header, keyword)
    for path in write(make_study_result(scan), tmp_path):
        dataset = pydicom.dcmread(path)
        assert keyword in dataset
        assert not dataset[keyword].value


def test_without_the_report_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        write_objects(make_study_result(small(n_slices=1)), tmp_path)
