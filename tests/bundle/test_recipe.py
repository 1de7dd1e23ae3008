"""What each part of the training brings, with a tiny network trained for two steps."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from bundle_scripts import make_small_bundle
from test_search import FEW_STEPS

from benchmarks import recipe, search

FEW: dict[str, Any] = {
    **{key: value for key, value in FEW_STEPS.items() if not key.startswith("train#dataset")},
    "digital_patients#patients": 1,
    "digital_patients#shuffle": 0,
    "network_def#widths": [4, 4],
    "network_def#blocks": [2],
}


def test_every_variant_trains_otherwise_and_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NETWORK_SIZE", 32)
    bundle = make_small_bundle(tmp_path / "bundle")
    networks = {variant.name: recipe.trained(variant, tmp_path, FEW, bundle)[0] for variant in recipe.FROM_NOTHING}
    weights = [torch.cat([one.flatten() for one in network.parameters()]) for network in networks.values()]
    assert all(not torch.equal(ours, theirs) for ours, theirs in itertools.combinations(weights, 2))
    for variant in recipe.FROM_NOTHING:
        scores = recipe.judge(networks[variant.name], variant.judged, n_patients=1)
        assert len(scores) == 3
        assert ((scores >= 0) & (scores <= 1)).any()


def test_the_released_weights_are_trained_on(tmp_path: Path) -> None:
    bundle = make_small_bundle(tmp_path / "bundle")
    widths, blocks = search.KNOWN["released"]
    few = {**FEW, "network_def#widths": list(widths), "network_def#blocks": list(blocks)}
    weights = torch.load(recipe.RELEASED["start_from"], weights_only=True)
    trained = [recipe.trained(variant, tmp_path, few, bundle) for variant in recipe.ON]
    assert [steps for _, steps in trained] == [FEW["items_per_epoch"]] * 2
    ours, theirs = (network.state_dict() for network, _ in trained)
    moved = (ours["exit.2.weight"] - weights["exit.2.weight"]).abs().max()
    assert 0 < moved < 0.1
    assert not torch.equal(ours["exit.2.weight"], theirs["exit.2.weight"])


def test_half_of_a_distilled_label_is_the_mean_answer() -> None:
    item = series(12)
    mean = recipe.asked_again(recipe._released(), item["image"][None])[0].softmax(0)
    torch.testing.assert_close(2 * recipe.distilled(item)["label"] - item["label"], mean, atol=1e-5, rtol=0)


def series(arrival: int) -> recipe.Item:
    """Dark, then bright from a frame on; a label of two halves."""
    image = torch.full((48, 8, 8), 0.1)
    image[arrival:] = 1.0
    image[:, 0] = 0.0
    label = torch.zeros(4, 8, 8)
    label[1, :4], label[2, :4], label[0, 4:] = 0.6, 0.4, 1.0
    return {"image": image, "label": label}


@pytest.mark.parametrize("arrival", [3, 12, 30])
def test_without_shift_blood_arrives_at_one_frame(arrival: int) -> None:
    torch.testing.assert_close(recipe.no_shift(series(arrival))["image"], series(recipe.ARRIVAL)["image"])


def test_hard_labels_are_of_one_structure_each() -> None:
    label = recipe.hard_labels(series(5))["label"]
    assert label[1, :4].all()
    assert label[0, 4:].all()
    torch.testing.assert_close(label.sum(), torch.tensor(64.0))


def test_brightness_can_be_made_relative() -> None:
    frames = recipe.each_frame(series(5))["image"]
    torch.testing.assert_close(frames.mean((1, 2)), torch.zeros(48), atol=1e-5, rtol=0)
    torch.testing.assert_close(frames[0], frames[-1])
    above = recipe.above_baseline(series(5))["image"]
    assert not above[:5].any()
    torch.testing.assert_close(above[-1, 3], torch.full((8,), 0.9))
