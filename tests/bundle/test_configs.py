"""The configurations keep MONAI's conventions and agree with each other."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from bundle_scripts import BUNDLE, make_small_bundle

MERGED = (
    ("inference",),
    ("inference", "evaluate"),
    ("train",),
    ("train", "multi_gpu_train"),
    ("train", "train_digital"),
)


@pytest.fixture(scope="module")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle with few filters and random weights, in a folder of its own."""
    return make_small_bundle(tmp_path_factory.mktemp("small") / "bundle")


def read(name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((BUNDLE / "configs" / f"{name}.json").read_text())
    return config


def test_the_bundle_imports_nothing_of_the_application() -> None:
    for file in sorted((BUNDLE / "scripts").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            assert not {name.partition(".")[0] for name in names} & {"perf_app", "operators"}, file


def test_only_the_overlays_of_digital_patients_know_the_application() -> None:
    knowing = {path.name for path in (BUNDLE / "configs").glob("*.json") if '"perf_app.' in path.read_text()}
    assert knowing == {"train_digital.json", "train_scanned.json"}


def test_training_and_inference_describe_one_network_and_one_preprocessing() -> None:
    inference, train = read("inference"), read("train")
    assert train["network_def"] == inference["network_def"]
    assert train["validate"]["inferer"] == inference["inferer"]

    def own(transforms: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ours = [t for t in transforms if t["_target_"].startswith("scripts.")]
        return [{key: value for key, value in t.items() if key != "keys"} for t in ours]

    assert own(train["train"]["deterministic_transforms"]) == own(inference["preprocessing"]["transforms"])


def test_the_training_recipe_is_the_papers() -> None:
    train = read("train")
    assert train["optimizer"]["_target_"] == "torch.optim.Adam"
    assert train["learning_rate"] == 1e-3
    schedule = train["lr_scheduler"]
    assert (schedule["_target_"], schedule["step_size"], schedule["gamma"]) == (
        "torch.optim.lr_scheduler.StepLR",
        10,
        0.5,
    )
    assert train["epochs"] == 60
    assert "held_out=0.125" in train["datalist"]


@pytest.mark.parametrize("names", MERGED, ids=" + ".join)
def test_every_reference_of_a_configuration_is_defined(names: tuple[str, ...]) -> None:
    from monai.bundle import ConfigParser, ReferenceResolver

    parser = ConfigParser()
    parser.read_config([BUNDLE / "configs" / f"{name}.json" for name in names])
    parser.parse()
    for identity, item in parser.ref_resolver.items.items():
        for reference in ReferenceResolver.find_refs_in_config(item.get_config(), identity):
            assert parser.ref_resolver.normalize_id(reference) in parser, (identity, reference)


def test_metadata_fit_their_schema(shared_data: Path) -> None:
    from monai.bundle import verify_metadata

    schema = shared_data / "monai/meta_schema_20240725.json"
    verify_metadata(
        meta_file=str(BUNDLE / "configs/metadata.json"),
        filepath=str(schema),
        hash_val=hashlib.sha256(schema.read_bytes()).hexdigest(),
        hash_type="sha256",
    )


def test_metadata_describe_the_network(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from monai.bundle import verify_net_in_out

    monkeypatch.chdir(small_bundle)
    verify_net_in_out("network_def", "configs/metadata.json", "configs/inference.json", device="cpu")


def test_version_and_changelog_agree() -> None:
    metadata = read("metadata")
    assert metadata["version"] in metadata["changelog"]
    assert (
        metadata["network_data_format"]["inputs"]["image"]["num_channels"]
        == read("inference")["network_def"]["in_channels"]
    )
    labels = metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
    assert labels == {"0": "background", "1": "LV cavity", "2": "LV myocardium", "3": "RV"}


def test_customary_files_are_there() -> None:
    for part in (
        "LICENSE",
        "docs/README.md",
        "docs/data_license.txt",
        "configs/logging.conf",
        "configs/multi_gpu_train.json",
    ):
        assert (BUNDLE / part).is_file(), part


EXPORT = {
    "ckpt_file": "models/model.pt",
    "meta_file": "configs/metadata.json",
    "config_file": "configs/inference.json",
}
"""What both exports are made from, in the bundle's folder."""


def answer_of_the_network() -> tuple[Any, Any]:
    """A picture, and what the network in this folder says to it."""
    import torch
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config(EXPORT["config_file"])
    network = parser.get_parsed_content("network_def").eval()
    network.load_state_dict(torch.load(EXPORT["ckpt_file"], weights_only=True))
    image = torch.rand(1, 48, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return image, network(image)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::torch.jit.TracerWarning")
def test_the_network_is_exported_to_onnx_and_answers_the_same(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np
    import onnxruntime
    from monai.bundle import onnx_export

    monkeypatch.chdir(small_bundle)
    target = tmp_path / "model.onnx"
    onnx_export("network_def", str(target), input_shape=[1, 48, 16, 16], **EXPORT)
    image, expected = answer_of_the_network()
    session = onnxruntime.InferenceSession(str(target))
    (found,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_the_network_is_exported_to_torchscript_and_answers_the_same(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from monai.bundle import ckpt_export

    monkeypatch.chdir(small_bundle)
    target = tmp_path / "model.ts"
    ckpt_export("network_def", str(target), **EXPORT)
    image, expected = answer_of_the_network()
    exported = torch.jit.load(str(target))  # type: ignore[no-untyped-call]
    torch.testing.assert_close(exported(image), expected)
