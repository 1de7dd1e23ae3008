"""Made-up results of every kind, written as DICOM objects, and the programs of others that read them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import affines, make_scan_result, make_study_result, uid
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import EnhancedMRImageStorage

from operators.dicom_writing.writing import write_objects
from operators.series import QualityFlag, ScanResult, State, StudyResult

PDF = b"%PDF-1.4\n%%EOF"
PAGE = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
NAMES = {
    "ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "ISO_IR 126": "Διονυσιος^Άννα",
    "ISO_IR 100": "Buc^Jérôme",
}
"""A name in each character set."""
OPTIONAL = (
    *("PatientBirthDate", "PatientSex", "PatientName", "PatientID"),
    *("ReferringPhysicianName", "AccessionNumber", "StudyID", "StudyDate", "StudyTime"),
    *("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime"),
    "FrameOfReferenceUID",
)
FLAGS = (
    QualityFlag("bright_rim", "warning", "A dark rim may hide the endocardium.", slice=0),
    QualityFlag("simulated", "info", "These images were simulated."),
)

STUDY_FLAGS = (QualityFlag("several_studies", "warning", "A flag of the study as a whole."),)


def small(state: State = State.STRESS, **settings: Any) -> ScanResult:
    """A scan's result with few frames."""
    return make_scan_result(state, **{"n_frames": 12, "n_slices": 3, **settings})


def stress_and_rest(**settings: Any) -> StudyResult:
    result = make_study_result(small(flags=FLAGS, **settings), small(State.REST, mbf=1.0, **settings))
    return replace(result, flags=STUDY_FLAGS)


def headers(result: StudyResult) -> Iterator[Dataset]:
    """Of all source images."""
    for scan in result.scans:
        for row in scan.scan.perfusion.headers:
            yield from row


def without(keywords: Sequence[str]) -> StudyResult:
    """A study whose images lack some attributes."""
    result = make_study_result(small(State.UNKNOWN, n_slices=1, absolute=False))
    for header in headers(result):
        for keyword in keywords:
            delattr(header, keyword)
    return result


def named_in(character_set: str) -> StudyResult:
    """A study whose patient's name came in bytes of that character set."""
    source = Dataset()
    source.SpecificCharacterSet = ["", character_set] if "2022" in character_set else character_set
    source.PatientName = NAMES[character_set]
    buffer = BytesIO()
    source.save_as(buffer, implicit_vr=False, little_endian=True)
    name = dcmread(BytesIO(buffer.getvalue()), force=True).PatientName
    result = make_study_result(small(n_slices=1))
    for header in headers(result):
        header.SpecificCharacterSet, header.PatientName = source.SpecificCharacterSet, name
    return result


def nothing_measured() -> StudyResult:
    """A study in which no heart was found."""
    scan = small(State.REST, n_slices=1)
    sectors, nothing = scan.sectors, dict.fromkeys(range(1, 17))
    return make_study_result(
        replace(
            scan,
            flow=replace(scan.flow, flow=np.full_like(scan.flow.flow, np.nan)),
            segmentation=replace(scan.segmentation, labels=np.zeros_like(scan.segmentation.labels)),
            sectors=replace(
                sectors,
                sectors=np.zeros_like(sectors.sectors),
                layers=np.zeros_like(sectors.layers),
                whole=None,
                by_sector=nothing,
                endocardial=nothing,
                epicardial=nothing,
                by_territory={},
            ),
        )
    )


def slices_apart() -> StudyResult:
    """A study whose slices are a series each."""
    scan = small()
    for k, row in enumerate(scan.scan.perfusion.headers):
        for header in row:
            header.SeriesInstanceUID = f"1.2.3.{k}"
    return make_study_result(scan)


def frames_of_one_object() -> StudyResult:
    """A study whose source is one multi-frame object for each time."""
    scan = small()
    for k, row in enumerate(scan.scan.perfusion.headers):
        for t, header in enumerate(row):
            header.SOPClassUID, header.SOPInstanceUID = EnhancedMRImageStorage, uid("enhanced", t)
            header.ReferencedFrameNumber = k + 1
    return make_study_result(scan)


CASES: Mapping[str, Callable[[], StudyResult]] = {
    "stress and rest": stress_and_rest,
    "one slice": lambda: make_study_result(small(n_slices=1, flags=FLAGS)),
    "irregular gaps": lambda: make_study_result(small(stack=affines(3, depths=(0, 11, 37)))),
    "mixed orientations": lambda: stress_and_rest(stack=affines(3, tilts=(0, 0, 12))),
    "every slice turned": lambda: make_study_result(small(stack=affines(3, tilts=(-4, 0, 12)))),
    "relative": lambda: make_study_result(small(absolute=False, flags=FLAGS)),
    "empty segments": lambda: stress_and_rest(empty_sectors=(4, 16)),
    "no patient data": lambda: without(OPTIONAL),
    "nothing measured": nothing_measured,
    "a series a slice": slices_apart,
    "enhanced": frames_of_one_object,
    **{f"name in {charset}": lambda charset=charset: named_in(charset) for charset in NAMES},  # type: ignore[misc]
}


@dataclass(frozen=True)
class Written:
    """A result and its files."""

    result: StudyResult
    folder: Path
    paths: list[Path]

    def of(self, role: str, state: str = "") -> list[Path]:
        return [path for path in self.paths if path.name.startswith(f"{role}_{state}")]

    def read(self, role: str, state: str = "") -> list[Dataset]:
        return [dcmread(path) for path in self.of(role, state)]


def write(result: StudyResult, folder: Path) -> Written:
    """Write a result's objects beside stand-ins for its report."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PAGE).save(folder / "report.png")
    (folder / "report.pdf").write_bytes(PDF)
    return Written(result, folder, list(write_objects(result, folder)))


def _named(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]


def only(*names: str) -> pytest.MarkDecorator:
    """Mark of a test that asks for `case`, about these cases alone."""
    return pytest.mark.parametrize("case", _named(names), indirect=True)


@pytest.fixture(scope="session", params=_named(CASES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """One of the cases, with stand-ins for the pictures."""
    with pytest.MonkeyPatch.context() as patch:
        plain = np.zeros((8, 10, 3), np.uint8)
        patch.setattr("operators.dicom_writing.secondary_capture.slice_picture", lambda *_, **__: plain)
        return write(CASES[request.param](), tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Stress and rest, with their pictures."""
    return write(CASES["stress and rest"](), tmp_path_factory.mktemp("objects"))


def write_sources(result: StudyResult, folder: Path) -> list[Path]:
    """The images that a result claims to come from; of a multi-frame object one frame."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[Path, None] = {}
    for scan in result.scans:
        series = scan.scan.perfusion
        pixels = np.clip(800 * series.pixels, 0, 4095).astype("<u2")
        for k, t in np.ndindex(series.n_slices, series.n_frames):
            image = Dataset()
            image.update(series.headers[k][t])
            image.pop("ReferencedFrameNumber", None)
            image.file_meta = series.headers[k][t].file_meta
            image.WindowCenter, image.WindowWidth = 1500, 3000
            image.PixelData = pixels[k, t].tobytes()
            path = folder / f"{image.SOPInstanceUID}.dcm"
            image.save_as(path, enforce_file_format=True)
            paths[path] = None
    return list(paths)


def tool(name: str, *arguments: str | Path, check: bool = True) -> str:
    """What a program printed, both streams; the test skips where it isn't installed.

    Raises:
        AssertionError: it failed, where `check`.
    """
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: make tools")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, errors="replace")
    printed = done.stdout + done.stderr
    assert not check or done.returncode == 0, (name, printed)
    return printed


def items(dataset: Dataset) -> Iterator[Dataset]:
    """Every content item of a structured report."""
    for item in dataset.get("ContentSequence", []):
        yield item
        yield from items(item)


def concept(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def groups(dataset: Dataset) -> dict[str, Dataset]:
    """Measurement groups by their tracking identifier."""
    measured = next(item for item in dataset.ContentSequence if concept(item) == "126010")
    return {
        next(i.TextValue for i in group.ContentSequence if concept(i) == "112039"): group
        for group in measured.ContentSequence
    }


def values(group: Dataset) -> list[float]:
    """Mean, standard deviation and median of a group, or whatever else it measured."""
    return [float(i.MeasuredValueSequence[0].NumericValue) for i in group.ContentSequence if i.ValueType == "NUM"]


def units(dataset: Dataset) -> set[str]:
    return {
        item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue
        for item in items(dataset)
        if item.ValueType == "NUM"
    }
