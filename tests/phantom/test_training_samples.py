"""Samples for the network's training, drawn on the fly."""

from __future__ import annotations

import itertools

import pytest
import torch
from scripts.transforms import ScaleByPercentilesd
from torch import Tensor
from torch.utils.data import DataLoader

from operators.series import Label
from perf_app.phantom import training_images as images
from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.population import PLAUSIBLE
from perf_app.phantom.shapes import Draw
from perf_app.phantom.training import DigitalPatients, draw_patches, scale_intensity
from perf_app.phantom.training_curves import N_CURVES, N_FRAMES, Recovery, draw_curves, draw_recovery


def take(n_items: int, seed: int = 5) -> list[dict[str, Tensor]]:
    return list(itertools.islice(DigitalPatients(size=64, seed=seed, shuffle=3), n_items))


def some(seed: int = 0, n_patients: int = 16) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), n_patients, 3)


def test_items_are_what_the_network_takes() -> None:
    for item in take(4):
        image, label = item["image"], item["label"]
        assert (image.shape, image.dtype) == ((N_FRAMES, 64, 64), torch.float32)
        assert (label.shape, label.dtype) == ((len(Label), 64, 64), torch.float32)
        assert image.isfinite().all()
        torch.testing.assert_close(label.sum(0), torch.ones(64, 64))
        assert label.min() >= 0
        assert (label[Label.MYOCARDIUM] == 1).any()
        assert ((label[Label.MYOCARDIUM] > 0.2) & (label[Label.MYOCARDIUM] < 0.8)).any(), "edges run through pixels"


def test_seeded_but_never_the_same_patient_twice() -> None:
    first, again = take(3), take(3)
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0]["image"], first[1]["image"])
    assert not torch.equal(first[0]["image"], take(1, seed=6)[0]["image"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_drawn_where_the_training_runs() -> None:
    item = next(iter(DigitalPatients(size=48, shuffle=2, device="cuda")))
    assert all(value.is_cuda and value.isfinite().all() for value in item.values())


def test_a_pass_has_its_length_and_the_next_goes_on() -> None:
    data = DigitalPatients(size=48, seed=1, length=4, shuffle=2)
    first, second = list(data), list(data)
    assert len(first) == len(second) == 4
    assert not torch.equal(first[0]["image"], second[0]["image"])


def test_workers_share_a_pass_and_see_different_patients() -> None:
    data = DigitalPatients(size=32, seed=1, length=5, shuffle=1, patients=1)
    items = [batch["image"][0] for batch in DataLoader(data, num_workers=2)]
    assert len(items) == 5
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(items, 2))


def test_percentiles_become_zero_and_one() -> None:
    series = torch.rand(2, 48, 64, 64, generator=torch.Generator().manual_seed(0)) * 7 + 3
    series[0, :, :20] = torch.nan
    scaled = scale_intensity(series)
    torch.testing.assert_close(scaled, scale_intensity(series * 12 - 4), rtol=1e-3, atol=1e-3)
    assert (scaled[0, :, :20] == 0).all(), "nothing was acquired there"
    low, high = torch.quantile(scaled[0, :, 20:].flatten()[::3], torch.tensor([0.02, 0.985]))
    assert abs(low) < 0.02
    assert abs(high - 1) < 0.02


def test_scaled_as_the_bundle_scales() -> None:
    """Samples and patients must look alike, a short bright bolus included."""
    scale = ScaleByPercentilesd("image", every=1)
    series = torch.rand(48, 64, 64, generator=torch.Generator().manual_seed(0))
    for bolus in (0.0, 30.0):
        series[10:13, 20:40, 20:40] += bolus
        bundle = scale({"image": series[..., None]})["image"][..., 0]
        torch.testing.assert_close(scale_intensity(series[None])[0], bundle, rtol=0.05, atol=0.02)


def test_bolus_reaches_the_left_heart_after_the_right() -> None:
    draw = some()
    curves = draw_curves(draw, draw_recovery(draw, torch.zeros(16, 1, dtype=torch.bool), PLAUSIBLE.pictures.gain))
    concentration, signal = curves.concentration, curves.signal
    assert concentration.shape == signal.shape == (16, 3, N_CURVES, N_FRAMES)
    assert (concentration >= 0).all()
    assert (signal > 0).all()
    rv, lv = (concentration[:, :, tissue] for tissue in (Tissue.RV_BLOOD, Tissue.LV_BLOOD))
    half = [(curve > curve.amax(-1, keepdim=True) / 2).float().argmax(-1) for curve in (rv, lv)]
    assert (half[1] >= half[0]).float().mean() > 0.95


def test_conversion_undoes_saturation_but_not_its_mixture() -> None:
    recovery = Recovery(torch.tensor([[0.1]]), torch.tensor([[12.0]]), torch.tensor([[1.3]]))
    concentration = torch.tensor([0.0, 0.05, 0.4, 1.0]).view(1, 1, 1, 4)
    ratio = recovery.signal(concentration, torch.full((1, 1, 1), 1.3))
    torch.testing.assert_close(recovery.gadolinium(ratio[..., None, None])[..., 0, 0], concentration)
    half = (ratio[..., 0] + ratio[..., -1]) / 2
    assert float(recovery.gadolinium(half.view(1, 1, 1, 1, 1))) < 0.4, "signal saturates: half blood is less than half"
    assert recovery.gadolinium(torch.full((1, 1, 1, 1, 1), 1.2)).isfinite().all()


def test_resolution_keeps_amount_and_place() -> None:
    maps = torch.zeros(1, 3, 1, 96, 96)
    maps[..., 30:50, 40:70] = 1
    coarse = images.acquire_maps(some(n_patients=1), maps, 48, PLAUSIBLE.pictures.resolved)
    torch.testing.assert_close(coarse.sum((-1, -2)) * 4, maps.sum((-1, -2)), rtol=1e-3, atol=0.1)
    for axis, centre in ((-2, 39.5), (-1, 54.5)):
        profile = coarse.sum(-1 if axis == -2 else -2)[0, 0, 0]
        at = (profile * (torch.arange(48) * 2 + 0.5)).sum() / profile.sum()
        assert float(at) == pytest.approx(centre, abs=0.1)


def test_motion_stands_still_in_the_reference_frame() -> None:
    reference = torch.full((16, 3), 20)
    shift = images.motion(some(), N_FRAMES, reference)
    assert (shift[:, :, 20] == 0).all()
    still = (shift == 0).flatten(2).all(-1).float().mean()
    assert 0.1 < still < 0.5, "some series don't move at all"
    assert shift.abs().max() > 4


def test_move_shifts_by_what_it_is_told() -> None:
    series = torch.rand(1, 3, 2, 32, 32, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(images.move(some(n_patients=1), series, torch.zeros(1, 3, 2, 2)), series, atol=1e-4)


def test_patches_hold_all_slices_of_each_patient() -> None:
    assert len(draw_patches(2, 48, torch.Generator().manual_seed(0))) == 6
