"""Tissues have structure, in the population that is to look like real frames, and nothing else changes."""

from __future__ import annotations

import torch
from torch import Tensor

from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.population import LIFELIKE, PLAUSIBLE, TURNED, WILD
from perf_app.phantom.shapes import Draw
from perf_app.phantom.training import draw_patches
from perf_app.phantom.training_curves import N_CURVES
from perf_app.phantom.training_marbling import UNEVEN, marbled


def full_of(tissue: int) -> Tensor:
    maps = torch.zeros(6, 3, N_CURVES, 96, 96)
    maps[:, :, tissue] = 1
    return maps


def changed(maps: Tensor, strength: float) -> Tensor:
    return marbled(Draw(torch.Generator().manual_seed(3), 6, 3), maps, torch.full((6, 1), strength), 1.0)


def test_without_strength_nothing_changes() -> None:
    maps = full_of(Tissue.LUNG)
    torch.testing.assert_close(changed(maps, 0.0), maps)


def test_brightness_varies_about_its_mean_as_told() -> None:
    muscle = changed(full_of(Tissue.MYOCARDIUM), 1.0)[:, :, Tissue.MYOCARDIUM]
    assert abs(float(muscle.mean()) - 1) < 0.02
    assert 0.7 * UNEVEN[Tissue.MYOCARDIUM] < float(muscle.std()) < 1.3 * UNEVEN[Tissue.MYOCARDIUM]


def test_lung_holds_some_vessels_and_the_right_ventricle_some_muscle() -> None:
    for around, structure in ((Tissue.LUNG, Tissue.VESSEL), (Tissue.RV_BLOOD, Tissue.RV_WALL)):
        maps = changed(full_of(around), 1.0)
        share = float(maps[:, :, structure].mean() / maps.sum(2).mean())
        assert 0.01 < share < 0.2
        assert (maps >= 0).all()


def test_only_lifelike_patients_are_marbled() -> None:
    assert LIFELIKE.pictures.marbling[0] > 0
    assert all(ranges.pictures.marbling == (0.0, 0.0) for ranges in (PLAUSIBLE, TURNED, WILD))


def test_lifelike_patients_are_what_the_network_takes() -> None:
    for patch in draw_patches(4, 96, torch.Generator().manual_seed(0), LIFELIKE):
        assert patch.image.isfinite().all()
        torch.testing.assert_close(patch.shares.sum(0), torch.ones(96, 96))
