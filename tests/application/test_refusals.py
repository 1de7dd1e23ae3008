"""What the command does with what it can't process: exit code, error.json, nothing else, never the patient's name."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import CANARIES
from dicom_series import PATIENT, write_series
from pydicom import Dataset
from typer.testing import CliRunner

from perf_app.cli import orchestrators

pytestmark = pytest.mark.xdist_group("graph")


def series(folder: Path, frames: int = 24, **details: object) -> Path:
    """A noisy series of one slice."""
    pixels = np.random.default_rng(1).integers(50, 400, (1, frames, 16, 16)).astype(float)
    return write_series(folder, pixels, **details)  # type: ignore[arg-type]


def texts(folder: Path) -> None:
    folder.mkdir()
    (folder / "Canary^Bird.txt").write_text("CANARY")


def truncated(folder: Path) -> None:
    series(folder)
    file = sorted(folder.iterdir())[3]
    file.write_bytes(file.read_bytes()[:-300])


def two_patients(folder: Path) -> None:
    series(folder, name="one")
    series(folder, name="two", patient=("Other^Canary", "CANARY-2", PATIENT[2]))


def without_positions(folder: Path) -> None:
    series(folder, change=lambda header, _slice, _time: delattr(header, "ImagePositionPatient"))


def mixed_orientations(folder: Path) -> None:
    def turn(header: Dataset, _slice: int, frame: int) -> None:
        if frame >= 12:
            header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]

    series(folder, change=turn)


REFUSED: dict[str, Callable[[Path], object]] = {
    "empty folder": Path.mkdir,
    "no such folder": lambda _: None,
    "text files": texts,
    "one frame": lambda folder: series(folder, 1),
    "too few frames": lambda folder: series(folder, 12),
    "truncated file": truncated,
    "two patients": two_patients,
    "no positions": without_positions,
    "mixed orientations": mixed_orientations,
    "long axis": lambda folder: series(folder, description="stress_perf_4ch"),
    "AIF series alone": lambda folder: series(folder, description="stress_perf_AIF"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_input(case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    REFUSED[case](tmp_path / "in")
    out = tmp_path / "out"
    ended = CliRunner().invoke(orchestrators, ["-i", str(tmp_path / "in"), "-o", str(out)])
    assert ended.exit_code == 2
    assert [file.name for file in out.iterdir()] == ["error.json"]
    written = (out / "error.json").read_text()
    error = json.loads(written)
    assert set(error) == {"code", "message", "where", "hint"}
    assert all(error.values())
    told = written + caplog.text + ended.output
    assert not any(canary in told for canary in CANARIES)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    series(tmp_path / "in")
    arguments = ["-i", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-m", str(tmp_path / "nowhere")]
    assert CliRunner().invoke(orchestrators, arguments).exit_code == 2
    assert json.loads((tmp_path / "out" / "error.json").read_text())["code"] == "model"


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    series(tmp_path / "in")
    texts(tmp_path / "model")
    arguments = ["-i", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-m", str(tmp_path / "model")]
    assert CliRunner().invoke(orchestrators, arguments).exit_code == 2
    assert "bundle" in json.loads((tmp_path / "out" / "error.json").read_text())["message"]


def test_an_output_that_cannot_be_written_is_told_by_the_exit_code(tmp_path: Path) -> None:
    series(tmp_path / "in")
    (tmp_path / "file").touch()
    arguments = ["-i", str(tmp_path / "in"), "-o", str(tmp_path / "file" / "out")]
    assert CliRunner().invoke(orchestrators, arguments).exit_code == 4


def test_what_was_in_the_output_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    ended = CliRunner().invoke(orchestrators, ["-i", str(tmp_path / "in"), "-o", str(tmp_path / "out")])
    assert ended.exit_code == 2
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["error.json", "mine.txt"]
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_a_refused_study_leaves_the_garbage_collector_on(tmp_path: Path) -> None:
    texts(tmp_path / "in")
    assert CliRunner().invoke(orchestrators, ["-i", str(tmp_path / "in"), "-o", str(tmp_path / "out")]).exit_code == 2
    assert gc.isenabled()
