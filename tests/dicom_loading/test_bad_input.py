"""Input that can't be processed: the right error, with what, where and a cure, and never the patient's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import CANARIES
from dicom_series import PATIENT, short_axis_affines, write_series
from pydicom import Dataset, dcmread
from pydicom.uid import SecondaryCaptureImageStorage
from scipy.spatial.transform import Rotation

from operators.dicom_loading.dialects.registry import DIALECTS, PLAIN
from operators.dicom_loading.inspection import inspect_folder
from operators.dicom_loading.loader import load_study
from operators.errors import IncompleteSeriesError, PerfusionError, SettingError, UnsupportedSeriesError
from operators.series import FloatArray, State

Write = Callable[[Path], object]


def images(frames: int = 24, slices: int = 1) -> FloatArray:
    return np.random.default_rng(1).integers(50, 400, (slices, frames, 4, 4)).astype(float)


def refusal(folder: Path, expected: type[PerfusionError], state: State | None = None) -> PerfusionError:
    with pytest.raises(expected) as caught:
        load_study(folder, state)
    error = caught.value
    told = str(error)
    chain = [repr(link) for link in (error.__cause__, error.__context__) if link is not None]
    assert not any(canary in text for canary in CANARIES for text in (told, *chain))
    assert error.message.endswith((".", ")"))
    assert error.where
    assert error.hint
    assert type(error) is expected
    assert error.exit_code == 2
    return error


def alter(**values: object) -> Callable[[Dataset, int, int], None]:
    def change(header: Dataset, _slice: int, _frame: int) -> None:
        for keyword, value in values.items():
            if value is None:
                delattr(header, keyword)
            else:
                setattr(header, keyword, value)

    return change


def test_missing_folder(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nowhere", SettingError).message


def test_file_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "study.zip").write_bytes(b"")
    error = refusal(tmp_path / "study.zip", SettingError)
    assert "is a file" in error.message
    assert "Unpack" in error.hint


def test_empty_folder(tmp_path: Path) -> None:
    assert "no DICOM image" in refusal(tmp_path, UnsupportedSeriesError).message


def test_folder_of_other_files(tmp_path: Path) -> None:
    for name in ("Canary^Bird.txt", "DICOMDIR", "x.dcm.json"):
        (tmp_path / name).write_text("CANARY " * 100)
    (tmp_path / "empty.dcm").touch()
    error = refusal(tmp_path, UnsupportedSeriesError)
    assert "4 other files" in error.message
    assert "DICM" in error.hint
    (tmp_path / "study.zip").touch()
    assert "Unpack" in refusal(tmp_path, UnsupportedSeriesError).hint


def test_only_links(tmp_path: Path) -> None:
    write_series(tmp_path / "real", images())
    (tmp_path / "linked").mkdir()
    for number, path in enumerate((tmp_path / "real").iterdir()):
        (tmp_path / "linked" / f"{number}.dcm").symlink_to(path)
    (tmp_path / "linked" / "folder").symlink_to(tmp_path / "real")
    assert "25 other files" in refusal(tmp_path / "linked", UnsupportedSeriesError).message


def test_one_frame(tmp_path: Path) -> None:
    assert "1 frames" in refusal(write_series(tmp_path, images(1)), IncompleteSeriesError).message


def test_fewer_frames_than_a_first_pass(tmp_path: Path) -> None:
    assert "19 frames" in refusal(write_series(tmp_path, images(19)), IncompleteSeriesError).message


def test_fewer_frames_once_proton_density_is_set_apart(tmp_path: Path) -> None:
    write_series(tmp_path, images(22), comments=["PD"] * 3 + [""] * 19)
    refusal(tmp_path, IncompleteSeriesError)


def test_one_short_slice(tmp_path: Path) -> None:
    write_series(tmp_path, images(28, 2))
    for path in sorted(tmp_path.iterdir()):
        header = dcmread(path, stop_before_pixels=True)
        if header.InstanceNumber % 2 and header.AcquisitionNumber > 22:
            path.unlink()
    assert "28" in refusal(tmp_path, IncompleteSeriesError).message


@pytest.mark.parametrize("kept", [0.999, 0.9, 0.5, 0.3, 0.2])
def test_truncated_file(tmp_path: Path, kept: float) -> None:
    write_series(tmp_path, images())
    path = sorted(tmp_path.iterdir())[7]
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    refusal(tmp_path, IncompleteSeriesError)


def test_two_patients(tmp_path: Path) -> None:
    write_series(tmp_path, images())
    write_series(tmp_path, images(), name="other", patient=("Canary^Second", "CANARY-2", "19010204"))
    assert "more than one patient" in refusal(tmp_path, UnsupportedSeriesError).message


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_image_of_another_patient_is_named(tmp_path: Path, which: int) -> None:
    write_series(tmp_path, images())
    path = sorted(tmp_path.iterdir())[5]
    header = dcmread(path)
    keyword = ("PatientName", "PatientID", "PatientBirthDate")[which]
    setattr(header, keyword, ("Canary^Second", "CANARY-2", "19010204")[which])
    header.save_as(path)
    error = refusal(tmp_path, UnsupportedSeriesError)
    assert "1 of 24 images" in error.message
    assert error.where == header.SOPInstanceUID
    assert not any(word in str(error) for word in ("Second", "CANARY-2", "19010204"))


def test_one_patient_spelt_in_two_ways(tmp_path: Path) -> None:
    write_series(tmp_path, images())
    write_series(tmp_path, images(1), description="scout", patient=("CANARY^BIRD^^", *PATIENT[1:]))
    assert len(load_study(tmp_path).scans) == 1


def test_several_studies(tmp_path: Path) -> None:
    write_series(tmp_path, images())
    write_series(tmp_path, images(), name="other", study="another")
    assert "2 studies" in refusal(tmp_path, UnsupportedSeriesError).message


@pytest.mark.parametrize(
    ("keyword", "named"),
    [
        ("ImagePositionPatient", "(0020,0032)"),
        ("ImageOrientationPatient", "(0020,0037)"),
        ("PixelSpacing", "(0028,0030)"),
    ],
)
def test_no_geometry(tmp_path: Path, keyword: str, named: str) -> None:
    write_series(tmp_path, images(), change=alter(**{keyword: None}))
    assert named in refusal(tmp_path, IncompleteSeriesError).message


def test_impossible_orientation(tmp_path: Path) -> None:
    write_series(tmp_path, images(), change=alter(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]))
    refusal(tmp_path, IncompleteSeriesError)


def test_mixed_orientations(tmp_path: Path) -> None:
    affines = short_axis_affines(2)
    affines[1, :3, :3] = Rotation.from_euler("x", 30, degrees=True).as_matrix() @ affines[1, :3, :3]
    write_series(tmp_path, images(slices=2), affines=affines)
    assert "different orientations" in refusal(tmp_path, UnsupportedSeriesError).message


@pytest.mark.parametrize("words", ["stress_perf_4CH", "Perfusion LAX rest", "perf 2 chamber", "perf_long-axis"])
def test_long_axis_by_its_words(tmp_path: Path, words: str) -> None:
    assert "long-axis" in refusal(write_series(tmp_path, images(), description=words), UnsupportedSeriesError).message


def test_long_axis_by_its_normal(tmp_path: Path) -> None:
    along = -np.array([-0.65, 0.6, 0.45]) / np.linalg.norm([-0.65, 0.6, 0.45])
    lateral = np.cross([0.0, 0.0, 1.0], along)
    lateral /= np.linalg.norm(lateral)
    change = alter(ImageOrientationPatient=[round(float(v), 6) for v in (*lateral, *along)])
    assert "90 degrees" in refusal(write_series(tmp_path, images(), change=change), UnsupportedSeriesError).message


def test_colour(tmp_path: Path) -> None:
    change = alter(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    assert "colour" in refusal(write_series(tmp_path, images(), change=change), UnsupportedSeriesError).message


def test_no_size(tmp_path: Path) -> None:
    assert "no rows" in refusal(write_series(tmp_path, images(), change=alter(Rows=0)), IncompleteSeriesError).message


def test_mixed_sizes(tmp_path: Path) -> None:
    def change(header: Dataset, _slice: int, frame: int) -> None:
        header.Rows = 4 if frame else 2

    assert (
        "differ in matrix" in refusal(write_series(tmp_path, images(), change=change), UnsupportedSeriesError).message
    )


def test_kind_of_object_that_no_dialect_reads(tmp_path: Path) -> None:
    def change(header: Dataset, _slice: int, _frame: int) -> None:
        header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage

    message = refusal(write_series(tmp_path, images(), change=change), UnsupportedSeriesError).message
    assert all(name in message for name in (*DIALECTS, PLAIN))


def test_no_times_at_all(tmp_path: Path) -> None:
    change = alter(AcquisitionTime=None, ContentTime=None, TriggerTime=None)
    assert (
        "when the frames were made"
        in refusal(write_series(tmp_path, images(), change=change), IncompleteSeriesError).message
    )


def test_aif_alone(tmp_path: Path) -> None:
    write_series(tmp_path, images(), description="Perfusion_AIF")
    assert "main perfusion images are missing" in refusal(tmp_path, IncompleteSeriesError).message


def test_state_for_two_scans(tmp_path: Path) -> None:
    write_series(tmp_path, images(), description="stress_perf")
    write_series(tmp_path, images(), description="rest_perf", start=40_000.0)
    refusal(tmp_path, SettingError, State.REST)


def test_gd_images_without_scale(tmp_path: Path) -> None:
    write_series(tmp_path, images() + 4000, description="rest_perf_Gd", comments="Gd")
    assert "mmol/L" in refusal(tmp_path, UnsupportedSeriesError).message


def test_what_is_wrong_with_one_series_is_told_where_another_is_used(tmp_path: Path) -> None:
    write_series(tmp_path, images(), description="stress_perf")
    write_series(tmp_path, images(), description="stress_perf_2CH")
    study = load_study(tmp_path)
    assert [flag.code for flag in study.flags] == ["series_left_out"]
    assert "long-axis" in study.flags[0].message


WRITERS: list[Write] = [
    lambda folder: write_series(folder, images(1)),
    lambda folder: write_series(folder, images(), change=alter(ImagePositionPatient=None)),
    lambda folder: write_series(folder, images(), description="stress_perf_4CH"),
    lambda folder: write_series(folder, images(), change=alter(SOPClassUID=SecondaryCaptureImageStorage)),
    lambda folder: write_series(folder, images(), change=alter(Rows=0)),
]


@pytest.mark.parametrize("write", WRITERS)
def test_inspection_names_the_reason_instead_of_raising(tmp_path: Path, write: Write) -> None:
    write(tmp_path)
    with pytest.raises(PerfusionError) as caught:
        load_study(tmp_path)
    (row,) = inspect_folder(tmp_path).series
    assert row.action == f"refused: {caught.value.message}"
