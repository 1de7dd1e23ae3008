"""`perf-app inspect` prints what a technician needs, in a narrow terminal too, and nothing of the patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import CANARIES
from dicom_series import MORNING, write_series
from typer.testing import CliRunner

from operators.series import FloatArray
from perf_app.cli import people


def images(seed: int) -> FloatArray:
    return np.random.default_rng(seed).integers(50, 400, (2, 22, 6, 5)).astype(float)


def inspect(*arguments: str, width: int = 80) -> str:
    ended = CliRunner().invoke(people, ["inspect", *arguments], env={"COLUMNS": str(width)})
    assert ended.exit_code == 0, ended.output
    return " ".join(ended.output.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    study = tmp_path / "study"
    write_series(study, images(1), description="Belastung_perf Canary^Bird", number=3)
    write_series(study, images(2), description="rest_perf", number=4, start=MORNING + 900)
    write_series(study, images(3), description="rest_perf", name="again", number=5, start=MORNING + 1500)
    (study / "notes.txt").write_text("Canary")
    return study


@pytest.mark.parametrize("width", [80, 160])
def test_every_series_has_its_reason(folder: Path, width: int) -> None:
    said = inspect(str(folder), width=width)
    for phrase in ("3 yes", "4 no", "5 yes", "perfusion", "siemens", "2 × 22", "75", "the same one again: 1 files"):
        assert phrase in said
    assert "A state that isn't told can be named" in said
    assert not any(canary in said for canary in CANARIES)
    if width == 160:
        assert "left out: series 5 shows the latest injection of this state" in said


def test_a_site_s_rules_and_the_operator_s_state_count(folder: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("stress: [belastung]\nseries: {4: {role: ignore}}\n", encoding="utf-8")
    said = inspect(str(folder), "--rules", str(rules), width=160)
    assert "used as main images of the stress scan" in said
    assert "4 no other" in said
    assert "isn't told" not in said
    only = tmp_path / "only"
    write_series(only, images(1), description="perfusion")
    assert "used as main images of the rest scan" in inspect(str(only), "--state", "rest", width=160)


def test_a_refusal_says_why_and_what_to_do(tmp_path: Path) -> None:
    write_series(tmp_path / "study", images(1), description="stress_perf_2CH")
    said = inspect(str(tmp_path / "study"), width=160)
    assert "Nothing would be analysed: The series is described as a long-axis view." in said
    assert "Give short-axis slices" in said


def test_bad_rules_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("stres: [x]")
    ended = CliRunner().invoke(people, ["inspect", str(folder), "--rules", str(tmp_path / "rules.yaml")])
    assert ended.exit_code == 2
    assert "docs/selection.md" in ended.output
