"""Training patients that were scanned physically, and the views of them that a network is given."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from operators.series import Label
from perf_app.phantom.scanned import HALF, InTurn, ScannedPatients, scan_patients, view
from perf_app.phantom.training_curves import N_FRAMES

SIDE = 2 * HALF


def slice_of(labels: Tensor, n_frames: int = 60) -> dict[str, Tensor]:
    """A slice whose pixels are as bright as their label, in every frame brighter."""
    coarse = torch.nn.functional.avg_pool2d(labels[None].float(), 2)[0]
    series = coarse * (1 + torch.arange(n_frames)[:, None, None])
    centre = (labels == Label.LV_CAVITY).nonzero().float().mean(0) / 2
    return {"gd": series.half(), "signal": series.half(), "label": labels, "centre": centre}


def half_disc() -> Tensor:
    """A cavity that looks another way when it is turned or mirrored."""
    row, col = torch.meshgrid(*(torch.arange(2 * SIDE) - SIDE,) * 2, indexing="ij")
    inside = (torch.hypot(row.float(), col.float()) < 40) & ((row < 0) | (col < 10))
    return (inside * Label.LV_CAVITY).to(torch.uint8)


def views(n: int, seed: int = 0, size: int = 120) -> list[dict[str, Tensor]]:
    generator, one = torch.Generator().manual_seed(seed), slice_of(half_disc())
    return [view(one, size, generator) for _ in range(n)]


def test_labels_move_with_the_picture() -> None:
    middles, areas = [], []
    for one in views(40):
        assert (one["image"].shape, one["image"].dtype) == ((N_FRAMES, 120, 120), torch.float32)
        assert (one["label"].shape, one["label"].dtype) == ((len(Label), 120, 120), torch.float32)
        torch.testing.assert_close(one["label"].sum(0), torch.ones(120, 120))
        bright, labelled = one["image"][10:].mean(0) > 0.4, one["label"][Label.LV_CAVITY] > 0.5
        shared = 2 * (bright & labelled).sum() / (bright.sum() + labelled.sum())
        assert shared > 0.93
        middles.append(labelled.nonzero().float().mean(0) - 59.5)
        areas.append(float(labelled.sum()))
    offset = torch.stack(middles)
    assert offset.abs().max() > 8, "hearts lie off the middle"
    assert offset.mean(0).abs().max() < 6, "on every side of it"
    assert max(areas) > 1.3 * min(areas), "some are stretched"


def test_views_are_seeded_and_differ() -> None:
    first, again = views(2), views(2)
    assert torch.equal(first[1]["image"], again[1]["image"])
    assert not torch.equal(first[0]["image"], first[1]["image"])


def test_some_views_hold_a_late_frame() -> None:
    held = [torch.equal(one["image"][-1], one["image"][-2]) for one in views(60)]
    assert 0.05 < sum(held) / len(held) < 0.6


def test_a_short_series_holds_its_last_frame() -> None:
    one = slice_of(half_disc(), n_frames=20)
    image = view(one, 64, torch.Generator().manual_seed(1))["image"]
    assert image.shape[0] == N_FRAMES
    assert image.isfinite().all()


def test_several_populations_take_turns() -> None:
    class Numbers(ScannedPatients):
        def __init__(self, *values: int) -> None:
            self.values = values

        def __iter__(self) -> itertools.chain[dict[str, Tensor]]:
            return itertools.chain({"image": torch.tensor(value)} for value in self.values)

    mixed = InTurn([Numbers(1, 3, 5), Numbers(2, 4, 6, 8)])
    assert [int(item["image"]) for item in mixed] == [1, 2, 3, 4, 5, 6]


@pytest.mark.xdist_group("scanned")
def test_a_scanned_patient_is_made_once(scanned_folder: Path) -> None:
    (file,) = scanned_folder.glob("*")
    made = file.stat().st_mtime_ns
    assert scan_patients(scanned_folder, 1) == (file,)
    assert file.stat().st_mtime_ns == made


@pytest.mark.xdist_group("scanned")
def test_a_scanned_patient_holds_what_its_labels_say(scanned_folder: Path) -> None:
    (file,) = scanned_folder.glob("*")
    slices = torch.load(file, weights_only=True)
    assert len(slices) == 6, "three at stress, three at rest"
    for one in slices:
        gd, label = one["gd"].float(), one["label"][::2, ::2]
        assert gd.shape[1:] == one["signal"].shape[1:] == label.shape == (SIDE, SIDE)
        blood, wall = gd[:, label == Label.LV_CAVITY].quantile(0.9, dim=1), gd[:, label == Label.MYOCARDIUM].mean(1)
        assert 2 < blood.max() < 8, "Gd in mmol/L"
        assert wall.max() < 0.6 * blood.max()
        assert blood.argmax() < wall.argmax(), "blood comes first"
        assert (one["centre"] - HALF).abs().max() < 20


@pytest.mark.xdist_group("scanned")
def test_a_pass_has_its_length_and_goes_on_in_workers(scanned_folder: Path) -> None:
    data = ScannedPatients(str(scanned_folder), 1, size=48, length=3)
    first, second = list(data), list(data)
    assert len(first) == len(second) == 3
    assert not torch.equal(first[0]["image"], second[0]["image"])
    loaded = list(DataLoader(ScannedPatients(str(scanned_folder), 1, size=48, length=5), batch_size=1, num_workers=2))
    assert len(loaded) == 5
