"""Multi-frame objects come apart into frames that are images of their own, and damage is told as for any other file."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import LegacyConvertedEnhancedMRImageStorage

from operators.dicom_loading import multi_frame
from operators.dicom_loading.files import read_images
from operators.dicom_loading.inspection import inspect_folder
from operators.dicom_loading.loader import load_study
from operators.errors import IncompleteSeriesError, PerfusionError, UnsupportedSeriesError
from operators.series import Role, State
from perf_app.phantom.dialect import Dialect
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.scene import QUICK
from perf_app.phantom.simulation import simulate
from perf_app.phantom.study import write_scan

PATIENT = draw_patient(3, field_strength_t=3.0)
SLICES, FRAMES = 3, 22


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The main images of a scan as one object."""
    folder = tmp_path_factory.mktemp("multi-frame")
    detail = replace(QUICK, n_beats=20, n_proton_density=2)
    write_scan(folder, PATIENT, simulate(PATIENT, State.REST, detail), Dialect.PHILIPS_ENHANCED)
    return (folder / "series_20" / "0001.dcm").read_bytes()


def write(folder: Path, content: bytes, change: Callable[[Dataset], None] | None = None) -> Path:
    path = folder / "object.dcm"
    dataset = dcmread(io.BytesIO(content))
    if change is not None:
        change(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_each_frame_has_its_own_header_and_shares_no_change(tmp_path: Path, one_file: bytes) -> None:
    source = dcmread(io.BytesIO(one_file))
    images = read_images(write(tmp_path, one_file), "here")
    assert [image.frame for image in images] == list(range(SLICES * FRAMES))
    for number, (image, groups) in enumerate(
        zip(images, source.PerFrameFunctionalGroupsSequence, strict=True), start=1
    ):
        header = image.header
        assert header.ImagePositionPatient == groups.PlanePositionSequence[0].ImagePositionPatient
        assert header.RescaleSlope == groups.PixelValueTransformationSequence[0].RescaleSlope
        assert header.TemporalPositionIdentifier == groups.FrameContentSequence[0].TemporalPositionIndex
        assert header.ReferencedFrameNumber == number
        assert not any(element.VR == "SQ" for element in header)
    images[0].header.EchoTime = 99.0
    images[0].header.SliceThickness = 99.0
    assert images[1].header.EchoTime != 99.0
    # What frames have in common is one element, so that it must be replaced and never altered.
    assert images[1].header["PatientID"] is images[2].header["PatientID"]


def test_frames_stated_and_frames_described_must_agree(tmp_path: Path, one_file: bytes) -> None:
    def shorten(dataset: Dataset) -> None:
        del dataset.PerFrameFunctionalGroupsSequence[-1]

    write(tmp_path, one_file, shorten)
    with pytest.raises(IncompleteSeriesError, match="states 66 frames and describes 65"):
        load_study(tmp_path)


def test_too_many_frames(tmp_path: Path, one_file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_frame, "MAX_FRAMES", 65)
    write(tmp_path, one_file)
    with pytest.raises(UnsupportedSeriesError, match="more than 65 frames"):
        load_study(tmp_path)


def test_truncated_pixels(tmp_path: Path, one_file: bytes) -> None:
    (tmp_path / "object.dcm").write_bytes(one_file[:-1000])
    with pytest.raises(IncompleteSeriesError, match="truncated") as caught:
        load_study(tmp_path)
    assert "Digital" not in str(caught.value)


def test_phase_frames_are_set_apart(tmp_path: Path, one_file: bytes) -> None:
    """As where magnitude and phase of every frame are in one object."""

    def add_phase(dataset: Dataset) -> None:
        phase = dcmread(io.BytesIO(one_file))
        for groups in phase.PerFrameFunctionalGroupsSequence:
            groups.MRImageFrameTypeSequence[0].ComplexImageComponent = "PHASE"
        dataset.PerFrameFunctionalGroupsSequence.extend(phase.PerFrameFunctionalGroupsSequence)
        dataset.NumberOfFrames *= 2
        dataset.PixelData += phase.PixelData

    write(tmp_path, one_file)
    alone = load_study(tmp_path).scans[0]
    write(tmp_path, one_file, add_phase)
    np.testing.assert_array_equal(load_study(tmp_path).scans[0].perfusion.pixels, alone.perfusion.pixels)
    rows = inspect_folder(tmp_path).series
    assert [(row.label, row.role, row.used) for row in rows] == [
        ("20.1", Role.PERFUSION, True),
        ("20.2", Role.OTHER, False),
    ]


def test_classic_images_that_an_archive_converted(tmp_path: Path, one_file: bytes) -> None:
    """Attributes that have no functional group are kept as they were."""

    def convert(dataset: Dataset) -> None:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = LegacyConvertedEnhancedMRImageStorage
        dataset.Manufacturer = "Example"
        for number, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
            beat, place = divmod(number, SLICES)
            item = Dataset()
            item.AcquisitionTime = f"1000{beat:02d}.{place}"
            item.FlipAngle = 5 if beat < 2 else 14
            groups.UnassignedPerFrameConvertedAttributesSequence = [item]
            del groups.FrameContentSequence[0].FrameComments
            groups.PixelValueTransformationSequence[0].RescaleSlope = 1

    write(tmp_path, one_file, convert)
    (scan,) = load_study(tmp_path).scans
    assert scan.proton_density is not None
    assert scan.perfusion.pixels.shape[:2] == (SLICES, FRAMES - 2)
    np.testing.assert_allclose(np.diff(scan.perfusion.times), 1.0, atol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # it says what is odd, and reads on
def test_random_damage_never_raises_anything_else(tmp_path: Path, one_file: bytes) -> None:
    head = len(one_file) - len(dcmread(io.BytesIO(one_file)).PixelData)
    generator = np.random.default_rng(3)
    path = tmp_path / "damaged.dcm"
    for _ in range(12):
        damaged = bytearray(one_file[: head + 100])
        for place in generator.integers(132, head, generator.integers(1, 12)):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged)
        with suppress(PerfusionError):
            read_images(path, "here")
