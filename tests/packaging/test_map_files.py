"""The image's manifests, scripts and entry point agree with the package and with each other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def version(repository: Path) -> str:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_manifests_and_app_yaml_name_the_version_of_the_package(repository: Path, version: str) -> None:
    application = yaml.safe_load((repository / "app.yaml").read_text())
    assert application["application"]["version"] == version
    assert read(repository / "deploy/map/app.json")["version"] == version
    assert read(repository / "deploy/map/pkg.json")["version"] == version


def test_manifests_app_yaml_and_image_agree(repository: Path) -> None:
    app, package = read(repository / "deploy/map/app.json"), read(repository / "deploy/map/pkg.json")
    application = yaml.safe_load((repository / "app.yaml").read_text())
    dockerfile = (repository / "Dockerfile").read_text()
    assert app["title"] == application["application"]["title"]
    assert package["resources"] == application["resources"]
    for name, value in app["environment"].items():
        assert re.search(rf"{name}={re.escape(value)}\b", dockerfile), name
    assert app["command"] == json.dumps([re.findall(r'ENTRYPOINT \["(.*)"\]', dockerfile)[0]])
    assert package["models"]["bundle"].startswith(app["environment"]["HOLOSCAN_MODEL_PATH"])
    assert app["input"]["path"] in dockerfile
    assert app["output"]["path"] in dockerfile


def test_image_has_no_root_and_no_entry_point_override(repository: Path) -> None:
    dockerfile = (repository / "Dockerfile").read_text()
    user = re.findall(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE)
    assert user
    assert "0" not in user[-1]
    assert "/etc/monai" not in dockerfile


def test_scripts_stage_only_what_exists(repository: Path) -> None:
    script = (repository / "deploy/build_map.sh").read_text()
    staged = re.findall(r"^cp (?:-R )?(.*) \"\$stage", script, re.MULTILINE)
    for name in {word for line in staged for word in line.split()} - {"docs/."}:
        assert (repository / name).exists(), name


@pytest.fixture
def image(tmp_path: Path, repository: Path) -> Path:
    """A root that looks like the image's."""
    (tmp_path / "etc/holoscan").mkdir(parents=True)
    for name in ("app.json", "pkg.json"):
        shutil.copy(repository / "deploy/map" / name, tmp_path / "etc/holoscan")
    for part, file in (("app", "app.yaml"), ("models", "bundle/LICENSE"), ("docs", "README.md")):
        path = tmp_path / "opt/holoscan" / part / file
        path.parent.mkdir(parents=True)
        path.write_text(part)
    fake = tmp_path / "bin/python3"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "$@"\nexit "${FAKE_EXIT:-0}"\n')
    fake.chmod(0o755)
    return tmp_path


def enter(repository: Path, image: Path, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {"MAP_ROOT": str(image), "PATH": f"{image / 'bin'}:{os.environ['PATH']}", "FAKE_EXIT": str(exit_code)}
    return subprocess.run(
        [repository / "deploy/map/entrypoint", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_show_prints_both_manifests(repository: Path, image: Path) -> None:
    shown = enter(repository, image, "show")
    assert shown.returncode == 0
    first, end = json.JSONDecoder().raw_decode(shown.stdout)
    second = json.loads(shown.stdout[end:])
    assert first == read(repository / "deploy/map/app.json")
    assert second == read(repository / "deploy/map/pkg.json")


def test_extract_copies_every_part(repository: Path, image: Path) -> None:
    export = image / "var/run/holoscan/export"
    export.mkdir(parents=True)
    assert enter(repository, image, "extract").returncode == 0
    found = {str(path.relative_to(export)) for path in export.rglob("*") if path.is_file()}
    expected = {"config/app.json", "config/pkg.json", "app/app.yaml", "models/bundle/LICENSE", "docs/README.md"}
    assert found == expected


def test_extract_without_a_mount_says_what_to_do(repository: Path, image: Path) -> None:
    refused = enter(repository, image, "extract")
    assert refused.returncode == 4
    assert "/var/run/holoscan/export" in refused.stderr


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_exit_code_is_the_commands_own(repository: Path, image: Path, code: int) -> None:
    assert enter(repository, image, exit_code=code).returncode == code


def test_options_reach_the_command_and_anything_else_is_refused(repository: Path, image: Path) -> None:
    assert enter(repository, image, "--state", "rest").stdout == "-m perf_app --state rest\n"
    assert enter(repository, image, "sh").returncode == 2
