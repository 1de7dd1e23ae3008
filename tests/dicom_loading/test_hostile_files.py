"""Files made to hurt: they are refused before they cost memory or time, and they never crash the reader."""

from __future__ import annotations

import io
import os
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from dicom_series import write_series
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from operators.dicom_loading import files, image_series
from operators.dicom_loading.codestream import claimed_size
from operators.dicom_loading.files import read_folder, read_header
from operators.dicom_loading.headers import number
from operators.dicom_loading.loader import load_study
from operators.errors import IncompleteSeriesError, PerfusionError, UnsupportedSeriesError
from operators.series import FloatArray


def images(frames: int = 20, size: int = 8) -> FloatArray:
    return np.random.default_rng(1).integers(50, 400, (frames, size, size)).astype(float)


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = write_series(tmp_path_factory.mktemp("one"), images(1))
    return next(folder.iterdir()).read_bytes()


def nested(depth: int) -> bytes:
    """Sequences of undefined length inside each other, group 0008, explicit VR."""
    opening = struct.pack("<HH2sHI", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    closing = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return opening * depth + closing * depth


def test_deep_nesting_is_refused(tmp_path: Path, one_file: bytes) -> None:
    meta_end = 144 + struct.unpack_from("<I", one_file, 140)[0]
    (tmp_path / "deep.dcm").write_bytes(one_file[:meta_end] + nested(400) + one_file[meta_end:])
    with pytest.raises(UnsupportedSeriesError, match="deeper"):
        load_study(tmp_path)


def test_deflated_files_are_not_inflated(tmp_path: Path, one_file: bytes) -> None:
    dataset = dcmread(io.BytesIO(one_file))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dcmwrite(tmp_path / "bomb.dcm", dataset)
    with pytest.raises(UnsupportedSeriesError, match="deflated"):
        load_study(tmp_path)


def test_size_that_only_the_header_claims(tmp_path: Path) -> None:
    def claim(header: Dataset, _slice: int, _frame: int) -> None:
        header.Rows = header.Columns = 40_000
        header.file_meta.TransferSyntaxUID = RLELossless
        header.PixelData = encapsulate([bytes(64)])

    write_series(tmp_path, images(), change=claim)
    with pytest.raises(UnsupportedSeriesError, match="too large"):
        load_study(tmp_path)


def test_size_that_only_the_codestream_claims(tmp_path: Path) -> None:
    header_of_j2k = b"\xff\x4f\xff\x51" + struct.pack(">HHIIII", 41, 0, 60_000, 60_000, 0, 0) + bytes(16) + b"\x00\x01"

    def claim(header: Dataset, _slice: int, _frame: int) -> None:
        header.file_meta.TransferSyntaxUID = JPEG2000Lossless
        header.PixelData = encapsulate([header_of_j2k + bytes(64)])
        header["PixelData"].VR = "OB"

    write_series(tmp_path, images(), change=claim)
    with pytest.raises(IncompleteSeriesError, match="damaged"):
        load_study(tmp_path)


def test_lossy_compression_is_refused(tmp_path: Path) -> None:
    def lossy(header: Dataset, _slice: int, _frame: int) -> None:
        header.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        header.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
        header["PixelData"].VR = "OB"

    write_series(tmp_path, images(), change=lossy)
    with pytest.raises(UnsupportedSeriesError, match="transfer syntax"):
        load_study(tmp_path)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_lossless_compression_changes_no_pixel(tmp_path: Path, syntax: str) -> None:
    def compress(header: Dataset, _slice: int, _frame: int) -> None:
        header.compress(syntax, generate_instance_uid=False)

    write_series(tmp_path, images(size=64), change=compress)
    np.testing.assert_array_equal(load_study(tmp_path).scans[0].perfusion.pixels[0], images(size=64))


def test_size_claimed_by_jpeg() -> None:
    jfif = b"\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    frame = b"\xff\xd8" + jfif + b"\xff\xc3" + struct.pack(">HBHHB", 11, 16, 600, 700, 1)
    assert claimed_size(frame) == (600, 700, 1)
    for odd in (b"", b"\xff\xd8", b"\xff\xd8\xff", frame[:25], b"\xff\xd8\xff\xe0\x00\x00", b"\xff\x4f\xff\x51\x00"):
        assert claimed_size(odd) is None


def test_caps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path, images())
    with monkeypatch.context() as patch:
        patch.setattr(files, "MAX_FILES", 19)
        with pytest.raises(UnsupportedSeriesError, match="more than 19 files"):
            load_study(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(files, "MAX_FILE_BYTES", 500)
        with pytest.raises(UnsupportedSeriesError, match="larger"):
            load_study(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(image_series, "MAX_IMAGE_BYTES", 500)
        with pytest.raises(UnsupportedSeriesError, match="too large"):
            load_study(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(image_series, "MAX_VALUES", 1000)
        with pytest.raises(UnsupportedSeriesError, match="too large"):
            load_study(tmp_path)


def test_pipes_and_directory_records_are_passed_over(tmp_path: Path, one_file: bytes) -> None:
    write_series(tmp_path, images())
    os.mkfifo(tmp_path / "pipe.dcm")
    (tmp_path / "DICOMDIR").write_bytes(one_file)
    dataset = dcmread(io.BytesIO(one_file))
    dataset.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    dcmwrite(tmp_path / "directory", dataset)
    (tmp_path / "copy").write_bytes(next(path for path in tmp_path.glob("*.dcm") if path.is_file()).read_bytes())
    contents = read_folder(tmp_path)
    assert (len(contents.images), contents.passed_over, contents.problems) == (20, 4, ())


def test_an_element_that_cannot_be_read_counts_as_absent(tmp_path: Path, one_file: bytes) -> None:
    (tmp_path / "odd.dcm").write_bytes(one_file.replace(b"81.4", b"8I.4"))
    image = read_header(tmp_path / "odd.dcm", "here")
    assert image is not None
    assert number(image.header, "InversionTime") is None
    assert number(image.header, "EchoTime") == 1.04


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # it says what is odd, and reads on
def test_random_damage_never_raises_anything_else(tmp_path: Path, one_file: bytes) -> None:
    generator = np.random.default_rng(7)
    path = tmp_path / "damaged.dcm"
    for _ in range(300):
        damaged = bytearray(one_file)
        for place in generator.integers(132, len(damaged), generator.integers(1, 12)):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged[: generator.integers(140, len(damaged) + 1)])
        with suppress(PerfusionError):
            read_header(path, "here")
