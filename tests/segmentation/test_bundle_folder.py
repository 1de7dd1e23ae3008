"""A bundle that isn't the released one is refused, with the reason and the cure."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from bundle_scripts import make_small_bundle

from operators.errors import ModelError
from operators.segmentation.inference import Segmenter


@pytest.fixture(scope="module")
def random_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle that draws nonsense, always the same; not to be changed."""
    return make_small_bundle(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture
def own_bundle(random_bundle: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(random_bundle, tmp_path / "models/perfusion"))


def test_the_parent_folder_will_do(own_bundle: Path) -> None:
    assert Segmenter(own_bundle.parent).model_sha256 == Segmenter(own_bundle).model_sha256


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist") as caught:
        Segmenter(tmp_path / "nowhere")
    assert caught.value.where == str(tmp_path / "nowhere")
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_folder_without_a_bundle_and_one_with_two_are_refused(own_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="holds no bundle"):
        Segmenter(tmp_path / "empty")
    shutil.copytree(own_bundle, own_bundle.with_name("second"))
    with pytest.raises(ModelError, match="several bundles"):
        Segmenter(own_bundle.parent)


@pytest.mark.parametrize("part", ["models/model.pt", "models/model.sha256", "configs/inference.json"])
def test_a_missing_part_is_named(own_bundle: Path, part: str) -> None:
    (own_bundle / part).unlink()
    with pytest.raises(ModelError, match=part):
        Segmenter(own_bundle)


def flip_a_byte(bundle: Path) -> None:
    path = bundle / "models/model.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap_weights(bundle: Path) -> None:
    torch.save(torch.nn.Linear(2, 2).state_dict(), bundle / "models/model.pt")
    digest = hashlib.sha256((bundle / "models/model.pt").read_bytes()).hexdigest()
    (bundle / "models/model.sha256").write_text(f"{digest}  model.pt\n")


def spoil_metadata(bundle: Path) -> None:
    (bundle / "configs/metadata.json").write_text("{}")


def spoil_config(bundle: Path) -> None:
    (bundle / "configs/inference.json").write_text("{")


def forget_preprocessing(bundle: Path) -> None:
    path = bundle / "configs/inference.json"
    config = json.loads(path.read_text())
    del config["preprocessing"]
    path.write_text(json.dumps(config))


def ask_once(bundle: Path) -> None:
    path = bundle / "configs/inference.json"
    config = json.loads(path.read_text())
    config["inferer"] = {"_target_": "SliceInferer", "roi_size": [176, 176], "spatial_dim": 2, "sw_batch_size": 1}
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (flip_a_byte, "says otherwise"),
        (swap_weights, "doesn't fit the network"),
        (spoil_metadata, "names no version"),
        (spoil_config, "configuration can't be used"),
        (forget_preprocessing, "configuration can't be used"),
        (ask_once, "asks the network once only"),
    ],
)
def test_an_altered_bundle_is_refused(own_bundle: Path, spoil: Callable[[Path], None], reason: str) -> None:
    spoil(own_bundle)
    with pytest.raises(ModelError, match=reason) as caught:
        Segmenter(own_bundle)
    assert str(own_bundle) in caught.value.where
    assert len(str(caught.value)) < 900
