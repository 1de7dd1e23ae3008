"""The commands read from a server and send to one; what goes wrong there has its exit code and harms no result."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner
from written_objects import Written

from operators.errors import ArchiveReadError, NotSentError
from perf_app.cli import orchestrators, people
from perf_app.config import Settings

URL = "http://127.0.0.1:9/dicom-web"
"""Nobody listens there."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perf_app.archive.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def seen(written: Written, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for the chain; the input folders that it was given."""
    folders: list[Path] = []

    def process(settings: Settings, _: Callable[[str, int | None], None] | None) -> tuple[object, tuple[Path, ...]]:
        assert settings.input_path is not None
        folders.append(settings.input_path)
        assert settings.input_path.is_dir()
        out = settings.resolved(settings.output_path)
        out.mkdir(parents=True, exist_ok=True)
        return written.result, tuple(Path(shutil.copy(path, out)) for path in written.paths)

    monkeypatch.setattr("perf_app.run._process", process)
    return folders


def error(out: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((out / "error.json").read_text())
    return found


def test_a_server_that_can_not_be_read_refuses_the_run(seen: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["-o", str(out), "--from-dicomweb", URL, "--study", "1.2.3"]
    assert CliRunner().invoke(orchestrators, arguments).exit_code == ArchiveReadError.exit_code == 2
    assert error(out)["code"] == "archive"
    assert [file.name for file in out.iterdir()] == ["error.json"]
    assert seen == []


def test_a_server_that_takes_nothing_leaves_the_results(written: Written, seen: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = CliRunner().invoke(people, ["run", str(tmp_path), str(out), "--to-dicomweb", URL])
    assert ended.exit_code == NotSentError.exit_code == 4
    assert error(out)["code"] == "not_sent"
    assert "perf-app send" in ended.stderr
    assert "reserve" in ended.stdout
    assert {file.name for file in out.glob("*.dcm")} == {path.name for path in written.paths}
    assert seen == [tmp_path]


def test_what_came_from_a_server_is_not_kept(seen: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perf_app.archive.fetch_study", lambda url, study, folder: len(url + study) + len(str(folder)))
    arguments = ["run", str(tmp_path / "out"), "--from-dicomweb", URL, "--study", "1.2.3"]
    assert CliRunner().invoke(people, arguments).exit_code == 0
    assert not seen[0].exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--from-dicomweb", URL],
        ["-i", ".", "--study", "1.2.3"],
        ["--from-dicomweb", "ftp://there", "--study", "1.2.3"],
        ["--from-dicomweb", URL, "--study", "../../1"],
        ["-i", ".", "--to-dicomweb", "archive"],
        [],
    ],
)
def test_settings_that_do_not_fit_are_refused(arguments: list[str], tmp_path: Path) -> None:
    ended = CliRunner().invoke(orchestrators, ["-o", str(tmp_path / "out"), *arguments])
    assert ended.exit_code == 2
    assert "--from-dicomweb" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_and_a_server_are_one_too_many(tmp_path: Path) -> None:
    arguments = ["run", str(tmp_path), str(tmp_path / "out"), "--from-dicomweb", URL, "--study", "1.2.3"]
    assert CliRunner().invoke(people, arguments).exit_code == 2


def test_sending_needs_a_url_and_objects(written: Written, tmp_path: Path) -> None:
    assert CliRunner().invoke(people, ["send", str(written.folder), "archive"]).exit_code == 2
    assert CliRunner().invoke(people, ["send", str(tmp_path), URL]).exit_code == 2


def test_only_the_last_run_s_objects_are_sent(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("perf_app.archive.send_objects", lambda _, paths: sent.extend(path.name for path in paths))
    names = [path.name for path in map(Path, (shutil.copy(path, tmp_path) for path in written.paths))]
    earlier, last = names[:2], names[2:]
    (tmp_path / "results.json").write_text(json.dumps({"files": last}))
    assert CliRunner().invoke(people, ["send", str(tmp_path), URL]).exit_code == 0
    assert sorted(sent) == sorted(last)
    assert all((tmp_path / name).exists() for name in earlier)
