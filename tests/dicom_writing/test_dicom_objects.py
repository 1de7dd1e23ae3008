"""What is written can be read back, names its sources, hides nothing and invents nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import CANARY_ID, CANARY_NAME, make_scan_result, make_study_result
from PIL import Image
from pydicom import Dataset, dcmread

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.dicom_writing.codes import SEGMENTS
from operators.dicom_writing.common import reference_headers
from operators.dicom_writing.writing import write_objects
from operators.series import Label, QualityFlag, State, StudyResult

PDF = b"%PDF-1.4\n%%EOF"


def write(folder: Path, result: StudyResult) -> dict[str, list[Dataset]]:
    """Write the objects beside a stand-in for the report; data sets by role."""
    folder.mkdir(exist_ok=True)
    (folder / "report.pdf").write_bytes(PDF)
    Image.fromarray(np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)).save(folder / "report.png")
    found: dict[str, list[Dataset]] = {}
    for path in write_objects(result, folder):
        found.setdefault(path.name.split("_")[0], []).append(dcmread(path))
    return found


def tool(name: str) -> str:
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def check_with_dciodvfy(folder: Path) -> None:
    for path in folder.glob("*.dcm"):
        done = subprocess.run([tool("dciodvfy"), str(path)], capture_output=True, text=True, check=False)
        errors = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
        assert not errors, (path.name, errors)


def items(dataset: Dataset) -> Iterator[Dataset]:
    """Every content item of a structured report."""
    for item in dataset.get("ContentSequence", []):
        yield item
        yield from items(item)


def units(dataset: Dataset) -> set[str]:
    return {
        item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue
        for item in items(dataset)
        if item.ValueType == "NUM"
    }


def groups(dataset: Dataset) -> dict[str, Dataset]:
    """Measurement groups by their tracking identifier."""
    measured = next(i for i in dataset.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "126010")
    named = {}
    for group in measured.ContentSequence:
        name = next(i.TextValue for i in group.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "112039")
        named[name] = group
    return named


def values(group: Dataset) -> list[float]:
    return [float(i.MeasuredValueSequence[0].NumericValue) for i in group.ContentSequence if i.ValueType == "NUM"]


@pytest.fixture(scope="module")
def result() -> StudyResult:
    flag = QualityFlag("bright_rim", "warning", "A dark rim may hide the endocardium.", slice=1)
    stress = make_scan_result(State.STRESS, n_frames=12, flags=(flag,))
    return make_study_result(stress, make_scan_result(State.REST, mbf=1.0, n_frames=12))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="module")
def written(result: StudyResult, folder: Path) -> dict[str, list[Dataset]]:
    return write(folder, result)


def test_segments_are_the_labels_pixel_for_pixel(written: dict[str, list[Dataset]], result: StudyResult) -> None:
    dataset, scan = written["segmentation"][0], result.scans[0]
    sources = [str(header.SOPInstanceUID) for header in reference_headers(scan)]
    expected = {
        "LV cavity": scan.segmentation.labels == Label.LV_CAVITY,
        "LV myocardium": scan.segmentation.labels == Label.MYOCARDIUM,
        "RV": scan.segmentation.labels == Label.RV,
        **{f"AHA {n} {name}": scan.sectors.sectors == n for n, name in SEGMENT_NAMES.items()},
    }
    names = {segment.SegmentNumber: segment.SegmentLabel for segment in dataset.SegmentSequence}
    found = {name: np.zeros_like(mask) for name, mask in expected.items()}
    for frame, item in zip(dataset.pixel_array, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        source = item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        name = names[item.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
        position = [float(v) for v in item.PlanePositionSequence[0].ImagePositionPatient]
        k = sources.index(source)
        found[name][k] = frame
        assert position == pytest.approx(list(scan.scan.perfusion.affines[k, :3, 3]))
    for name, mask in expected.items():
        np.testing.assert_array_equal(found[name], mask, err_msg=name)
    assert all("RecommendedDisplayCIELabValue" in segment for segment in dataset.SegmentSequence)


def test_map_holds_the_flow(written: dict[str, list[Dataset]], result: StudyResult) -> None:
    dataset, scan = written["parametric-map"][0], result.scans[0]
    pixels = np.frombuffer(dataset.FloatPixelData, "<f4").reshape(scan.flow.flow.shape)
    positions = [
        float(item.PlanePositionSequence[0].ImagePositionPatient[2])
        for item in dataset.PerFrameFunctionalGroupsSequence
    ]
    order = [int(np.argmin(abs(scan.scan.perfusion.affines[:, 2, 3] - z))) for z in positions]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_array_equal(pixels, scan.flow.flow[order])
    shared = dataset.SharedFunctionalGroupsSequence[0]
    mapping = shared.RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "ml/min/g"
    assert "FrameAnatomySequence" in shared


def test_report_holds_every_value(written: dict[str, list[Dataset]], result: StudyResult) -> None:
    dataset, sectors = written["measurements"][0], result.scans[0].sectors
    found = groups(dataset)
    assert len(found) == 1 + 16 + 3 + 32 + 1
    for number, name in SEGMENT_NAMES.items():
        statistics = sectors.by_sector[number]
        assert statistics is not None
        expected = [statistics.mean, statistics.sd, statistics.median]
        assert values(found[f"AHA {number} {name}"]) == pytest.approx(expected, rel=1e-5)
        site = next(
            i
            for i in found[f"AHA {number} {name}"].ContentSequence
            if i.ConceptNameCodeSequence[0].CodeValue == "363698007"
        )
        assert site.ConceptCodeSequence[0].CodeValue == SEGMENTS[number].value
    assert sectors.whole is not None
    assert values(found["global"])[0] == pytest.approx(sectors.whole.mean, rel=1e-5)
    assert units(dataset) == {"ml/min/g"}
    assert dataset.VerificationFlag == "UNVERIFIED"
    texts = [item.TextValue for item in items(dataset) if item.ValueType == "TEXT"]
    assert "warning: bright_rim: slice 2: A dark rim may hide the endocardium." in texts
    codes = {item.ConceptCodeSequence[0].CodeValue for item in items(dataset) if item.ValueType == "CODE"}
    assert "432655005" in codes


def test_report_points_at_the_segments_it_measured(written: dict[str, list[Dataset]]) -> None:
    segmentation = written["segmentation"][0]
    labels = {segment.SegmentNumber: segment.SegmentLabel for segment in segmentation.SegmentSequence}
    found = groups(written["measurements"][0])
    for name in ("AHA 1 basal anterior", "AHA 16 apical lateral"):
        images = [i.ReferencedSOPSequence[0] for i in found[name].ContentSequence if i.ValueType == "IMAGE"]
        segment = next(image for image in images if "ReferencedSegmentNumber" in image)
        assert segment.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
        assert labels[segment.ReferencedSegmentNumber] == name


def test_reserve_is_a_ratio(written: dict[str, list[Dataset]], result: StudyResult) -> None:
    dataset = written["reserve"][0]
    assert units(dataset) == {"1"}
    assert values(groups(dataset)["reserve global"]) == pytest.approx([result.reserve_global], rel=1e-5)


def test_pictures_and_document(written: dict[str, list[Dataset]]) -> None:
    for dataset in (*written["map-picture"], *written["report-picture"], *written["report"]):
        assert dataset.BurnedInAnnotation == "YES"
    assert written["report-picture"][0].pixel_array.tobytes() == bytes(range(105))
    assert written["map-picture"][0].pixel_array.shape == (560, 640, 3)
    document = written["report"][0]
    assert document.EncapsulatedDocument[: document.EncapsulatedDocumentLength] == PDF


def test_every_object_says_whose_and_what_for(written: dict[str, list[Dataset]], result: StudyResult) -> None:
    for dataset in (dataset for found in written.values() for dataset in found):
        assert dataset.PatientName == CANARY_NAME
        assert dataset.PatientID == CANARY_ID
        assert dataset.StudyInstanceUID == result.study.study_instance_uid
        assert dataset.StudyDate == dataset.ContentDate == "20250102"
        assert dataset.SeriesDescription.endswith("research use only")
        assert dataset.ContributingEquipmentSequence[-1].SoftwareVersions == result.software_version
    assert all(dataset.ContentQualification == "RESEARCH" for dataset in written["parametric-map"])


def test_relative_slice_without_identity(tmp_path: Path) -> None:
    scan = make_scan_result(State.UNKNOWN, n_slices=1, n_frames=12, absolute=False, empty_sectors=(2,))
    absent = "PatientBirthDate PatientSex PatientName ReferringPhysicianName AccessionNumber StudyTime SeriesTime"
    for header in scan.scan.perfusion.headers[0]:
        for keyword in absent.split():
            delattr(header, keyword)
    written = write(tmp_path, make_study_result(scan))
    check_with_dciodvfy(tmp_path)
    assert "reserve" not in written
    assert units(written["measurements"][0]) == {"1"}
    assert "AHA 2 basal anteroseptal" not in groups(written["measurements"][0])
    assert "AHA 2 basal anteroseptal" not in {s.SegmentLabel for s in written["segmentation"][0].SegmentSequence}
    for path in tmp_path.glob("*.dcm"):
        assert b"ml/min/g" not in path.read_bytes().lower(), path.name


def test_nothing_measured_still_gives_a_report(tmp_path: Path) -> None:
    scan = make_scan_result(State.REST, n_slices=1, n_frames=12)
    nothing = dict.fromkeys(range(1, 17))
    empty = replace(
        scan,
        flow=replace(scan.flow, flow=np.full_like(scan.flow.flow, np.nan)),
        segmentation=replace(scan.segmentation, labels=np.zeros_like(scan.segmentation.labels)),
        sectors=replace(
            scan.sectors,
            sectors=np.zeros_like(scan.sectors.sectors),
            layers=np.zeros_like(scan.sectors.layers),
            whole=None,
            by_sector=nothing,
            endocardial=nothing,
            epicardial=nothing,
            by_territory={},
        ),
    )
    written = write(tmp_path, make_study_result(empty))
    check_with_dciodvfy(tmp_path)
    assert list(groups(written["measurements"][0])) == ["quality"]
    assert "segmentation" not in written
    assert "parametric-map" not in written
