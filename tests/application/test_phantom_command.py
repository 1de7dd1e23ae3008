"""The command that writes digital patients."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perf_app.cli import people
from perf_app.phantom import study, training_case
from perf_app.phantom.compression import JPEG_ENCODER
from perf_app.phantom.scene import QUICK


def test_patients_and_their_training_cases_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coarse ones: only the detail is not the command's own."""
    for module, name in ((study, "write_study"), (training_case, "write_training_case")):
        monkeypatch.setattr(module, name, partial(getattr(module, name), detail=QUICK))
    ended = CliRunner().invoke(people, ["phantom", str(tmp_path), "--seed", "5", "--dialect", "siemens", "--training"])
    assert ended.exit_code == 0, ended.output
    assert "patient0005" in ended.output
    assert json.loads((tmp_path / "patient0005" / "truth.json").read_text())["simulated"] is True
    assert len(list((tmp_path / "patient0005").rglob("*.dcm"))) > 100
    assert len(list((tmp_path / "training").rglob("*.nii.gz"))) >= 2


@pytest.mark.parametrize("option", [("--patients", "0"), ("--dialect", "klingon"), ("--transfer-syntax", "zip")])
def test_what_cannot_be_written_is_refused(tmp_path: Path, option: tuple[str, str]) -> None:
    ended = CliRunner().invoke(people, ["phantom", str(tmp_path), *option])
    assert ended.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_a_missing_encoder_is_told_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perf_app.phantom.compression.shutil.which", lambda _: None)
    ended = CliRunner().invoke(people, ["phantom", str(tmp_path), "--transfer-syntax", "jpeg-lossless"])
    assert ended.exit_code == 2
    assert JPEG_ENCODER in ended.stderr
    assert not list(tmp_path.iterdir())
