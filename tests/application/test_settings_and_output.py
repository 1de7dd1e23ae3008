"""Settings come from one place; outputs appear all at once or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from operators.errors import OutputError, SettingError
from perf_app.config import read_settings
from perf_app.output_folder import refuse_other_study, staged, write_error, written_files
from perf_app.protocol_file import read_protocol


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLOSCAN_INPUT_PATH", "/from/environment")
    monkeypatch.setenv("HOLOSCAN_OUTPUT_PATH", "/out")
    assert read_settings().input_path == Path("/from/environment")
    assert read_settings(input_path=Path("/given")).input_path == Path("/given")
    assert read_settings(state="rest", nifti=True).nifti


def test_a_missing_input_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLOSCAN_INPUT_PATH", raising=False)
    with pytest.raises(SettingError, match="input_path"):
        read_settings(output_path=Path("/out"))


def test_a_protocol_is_read_in_its_units(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text("perfusion: {flip_angle_deg: 12, echo_spacing_ms: 2.1}\nhematocrit: 0.4\n")
    protocol = read_protocol(file)
    assert protocol.perfusion.flip_angle == pytest.approx(math.radians(12))
    assert protocol.perfusion.repetition_time == pytest.approx(0.0021)
    assert protocol.hematocrit == 0.4


@pytest.mark.parametrize("content", ["flip: 3", "hematocrit: 45", "[unclosed", "perfusion: 3"])
def test_an_impossible_protocol_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(content)
    with pytest.raises(SettingError):
        read_protocol(file)


def test_a_failed_run_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    def fail() -> None:
        with staged(tmp_path) as staging:
            (staging / "half.dcm").write_text("half")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_results_appear_together_and_clear_an_old_error(tmp_path: Path) -> None:
    write_error(tmp_path, "code", "message", "where", "hint")
    assert json.loads((tmp_path / "error.json").read_text())["hint"] == "hint"
    with staged(tmp_path) as staging:
        (staging / "a.dcm").write_text("a")
        assert not (tmp_path / "a.dcm").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["a.dcm"]


def run_that_writes(folder: Path, *names: str, listed: Sequence[str] | None = None) -> set[str]:
    """Names of all that is there afterwards."""
    with staged(folder) as staging:
        for name in names:
            (staging / name).write_text("x")
        (staging / "results.json").write_text(json.dumps({"files": names if listed is None else listed}))
    return {file.name for file in folder.iterdir()}


def test_a_rerun_replaces_what_the_last_run_wrote_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine.dcm").write_text("mine")
    run_that_writes(tmp_path, "report.pdf", "map_1.dcm", "flow.nii.gz")
    there = run_that_writes(tmp_path, "report.pdf", "map_2.dcm")
    assert there == {"mine.dcm", "report.pdf", "map_2.dcm", "results.json"}
    assert {file.name for file in written_files(tmp_path)} == there - {"mine.dcm"}


def test_a_list_of_files_elsewhere_harms_none(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    out = tmp_path / "out"
    run_that_writes(out, listed=["../mine.txt", str(tmp_path / "mine.txt"), "..", ".", "", 7])  # type: ignore[list-item]
    run_that_writes(out, "report.pdf")
    assert (tmp_path / "mine.txt").exists()


def test_without_a_list_all_files_are_the_run_s(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{}")
    (tmp_path / "map.dcm").write_text("x")
    assert {file.name for file in written_files(tmp_path)} == {"results.json", "map.dcm"}
    assert written_files(tmp_path / "nowhere") == ()


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError), staged(tmp_path / "file" / "out"):
        pass


def test_one_folder_holds_one_study(tmp_path: Path) -> None:
    refuse_other_study(tmp_path, "1.2")
    (tmp_path / "results.json").write_text('{"study": {"study_instance_uid": "1.2"}}')
    refuse_other_study(tmp_path, "1.2")
    with pytest.raises(OutputError):
        refuse_other_study(tmp_path, "1.3")
