"""What MONAI's model zoo asks of a bundle beyond the schema of its metadata, as far as it can be checked here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from bundle_scripts import BUNDLE, make_small_bundle
from packaging.version import Version

LARGEST_FILE = 25e6
"""Larger ones would have to be downloaded from elsewhere [bytes]."""
LARGEST_WEIGHTS = 20e6
"""Our own limit [bytes]."""
KEYS = {
    "inference": ("bundle_root", "device", "network_def", "inferer", "output_dir"),
    "train": (
        *("bundle_root", "device", "dataset_dir", "output_dir", "val_interval"),
        *("train#trainer", "train#trainer#max_epochs", "train#dataset", "train#dataset#data", "train#handlers"),
        *("validate#evaluator", "validate#handlers", "validate#dataset", "validate#dataset#data"),
        *(f"{part}#{key}" for part in ("train", "validate") for key in ("preprocessing", "postprocessing")),
        *(f"{part}#{key}" for part in ("train", "validate") for key in ("inferer", "key_metric")),
    ),
}
SECTIONS = ("Data", "Input", "Output", "Performance", "System configuration", "Limitations", "References", "License")


def read(name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((BUNDLE / "configs" / f"{name}.json").read_text())
    return config


def files() -> list[Path]:
    """Of the bundle, without what runs have left in it."""
    skipped = {"runs", "data", "output", "evaluation", "__pycache__"}
    return [path for path in BUNDLE.rglob("*") if path.is_file() and not skipped & set(path.relative_to(BUNDLE).parts)]


@pytest.mark.parametrize("name", KEYS)
def test_configurations_have_the_keys_that_other_programs_look_for(name: str) -> None:
    for path in KEYS[name]:
        part: Any = read(name)
        for key in path.split("#"):
            assert key in part, path
            part = part[key]


def test_validation_comes_at_the_interval_that_the_configuration_names() -> None:
    (handler,) = [h for h in read("train")["train"]["handlers"] if h["_target_"] == "ValidationHandler"]
    assert handler["interval"] == "@val_interval"


def test_files_are_small_enough_to_lie_in_a_repository() -> None:
    sizes = {path.name: path.stat().st_size for path in files()}
    assert "model.pt" in sizes
    assert max(sizes.values()) <= LARGEST_FILE
    assert sizes["model.pt"] <= LARGEST_WEIGHTS


def strings(value: object) -> Iterator[str]:
    """All strings within a configuration."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def test_no_configuration_names_a_folder_of_one_machine() -> None:
    found = [text for path in (BUNDLE / "configs").glob("*.json") for text in strings(json.loads(path.read_text()))]
    assert "$@bundle_root + '/data'" in found
    assert not [text for text in found if text.startswith(("/", "~")) or "/home/" in text]


def test_packages_named_in_the_metadata_exist_and_are_not_newer_than_ours() -> None:
    metadata = read("metadata")
    named = {"monai": metadata["monai_version"], "torch": metadata["pytorch_version"]}
    assert {name: Version(version(name)).base_version for name in named} == named
    for name, oldest in (metadata["required_packages_version"] | {"numpy": metadata["numpy_version"]}).items():
        assert Version(oldest) <= Version(version(name)), name


def test_readme_has_the_sections_of_the_zoos_template() -> None:
    text = (BUNDLE / "docs/README.md").read_text()
    headings = {line.lstrip("# ") for line in text.splitlines() if line.startswith("#")}
    assert headings >= set(SECTIONS)
    for word in ("Authors:", "Tags:", "TensorRT"):
        assert word in text, word


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_checks_of_the_network_run_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from monai.bundle import ckpt_export, verify_net_in_out

    bundle = make_small_bundle(tmp_path / "models/bundle")
    monkeypatch.chdir(tmp_path)
    paths = {"meta_file": str(bundle / "configs/metadata.json"), "config_file": str(bundle / "configs/inference.json")}
    verify_net_in_out("network_def", bundle_root=str(bundle), device="cpu", **paths)
    exported, weights = bundle / "models/verify_model.ts", str(bundle / "models/model.pt")
    ckpt_export("network_def", str(exported), ckpt_file=weights, bundle_root=str(bundle), **paths)
    assert exported.stat().st_size > 0
