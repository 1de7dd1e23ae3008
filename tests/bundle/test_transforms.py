"""From the source's grid to the network's and back."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from first_pass import LV_CAVITY, first_pass
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.data import MetaTensor
from scripts.grids import crop_grid, display_turn, invert, sample
from scripts.transforms import CropAboutHeartd, FirstFramesd, RestoreSourceGridd, ScaleByPercentilesd

UPRIGHT_RAS = np.array([[0.354, -0.707, 0, 0], [-0.354, -0.707, 0, 0], [-0.866, 0, 8, 0], [0, 0, 0, 1]])
"""Affine of a short-axis array (row, col, slice) as DICOM stores it, 1 mm."""


def prepare(series: npt.NDArray[Any], affine: npt.NDArray[Any]) -> dict[Any, Any]:
    """What the network sees of a series (time, row, col)."""
    image = MetaTensor(torch.tensor(series)[..., None], affine=torch.tensor(affine))
    data = FirstFramesd("image")({"image": image})
    return ScaleByPercentilesd("image")(CropAboutHeartd("image")(data))


def upright(spacing: float) -> npt.NDArray[Any]:
    return np.asarray(UPRIGHT_RAS @ np.diag([spacing, spacing, 1, 1]))


def test_the_network_sees_48_frames_of_176_by_176_about_the_ventricle() -> None:
    series, labels = first_pass((90, 110), 2.0, (20, -25))
    data = prepare(series, upright(2.0))
    assert data["image"].shape == (48, 176, 176, 1)
    truth = torch.tensor((labels == LV_CAVITY).astype(np.float32))[None]
    crop, inside = sample(truth, data["image_grid"][0], (176, 176))
    cavity = torch.argwhere((crop[0] > 0.5) & inside).double().mean(0)
    assert (cavity - 87.5).norm() < 3


@settings(max_examples=6, deadline=None)
@given(gain=st.floats(1e-3, 1e4), offset=st.floats(-100, 100))
def test_the_unit_of_the_series_changes_nothing(gain: float, offset: float) -> None:
    series, _ = first_pass((60, 60), 2.0)
    before, after = (
        prepare(s, upright(2.0))["image"] for s in (series, np.float32(gain) * (series + np.float32(offset)))
    )
    torch.testing.assert_close(before.as_tensor(), after.as_tensor(), atol=2e-3, rtol=0)


def test_percentiles_become_0_and_1_whatever_lies_beyond_the_field_of_view() -> None:
    image = prepare(first_pass((50, 50), 2.0)[0], upright(2.0))["image"]
    assert float(image.min()) >= -0.5
    assert float(image.max()) <= 2
    field = image[:, 45:130, 45:130]
    low, high = np.percentile(field.numpy(), [2, 98.5])
    assert low == pytest.approx(0, abs=0.02)
    assert high == pytest.approx(1, abs=0.1)
    assert not image[:, :20].any()


def test_a_short_bolus_keeps_its_edge() -> None:
    series = torch.full((48, 60, 60, 1), 0.01)
    series += 0.01 * torch.rand(series.shape, generator=torch.Generator().manual_seed(0))
    edge = torch.linspace(1, 0, 11)
    series[10:13, 20:40, 20:31, 0] = 5 * edge
    scaled = ScaleByPercentilesd("image")({"image": MetaTensor(series)})["image"]
    profile = scaled[11, 30, 20:31, 0]
    assert (profile.diff() < -0.1).all(), "nothing of it is cut off"
    assert 1.4 < float(profile[0]) < 2


@pytest.mark.parametrize(("n_frames", "last"), [(30, 29), (48, 47), (70, 47)])
def test_short_series_hold_their_last_frame_and_long_ones_are_cut(n_frames: int, last: int) -> None:
    series = torch.arange(n_frames, dtype=torch.float32)[:, None, None, None].expand(-1, 2, 2, 1)
    frames = FirstFramesd("image")({"image": MetaTensor(series)})["image"][:, 0, 0, 0]
    np.testing.assert_array_equal(frames, np.minimum(np.arange(48), last))


def test_an_array_without_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="expected \\(frame, row, col, slice\\)"):
        FirstFramesd("image")({"image": MetaTensor(torch.zeros(48, 4, 4))})


def test_a_constant_series_is_refused() -> None:
    with pytest.raises(ValueError, match="constant"):
        ScaleByPercentilesd("image")({"image": torch.ones(4, 9, 9, 1)})


@settings(max_examples=6, deadline=None)
@given(down=st.integers(-8, 8), right=st.integers(-8, 8))
def test_shifting_image_and_centre_by_pixels_changes_nothing_that_the_network_sees(down: int, right: int) -> None:
    image = torch.rand(2, 130, 130, generator=torch.Generator().manual_seed(0))
    grids = [
        crop_grid((62.3 + a, 68.1 + b), (2.0, 2.0), np.eye(2), (176, 176), 1.0) for a, b in ((0, 0), (down, right))
    ]
    before, _ = sample(image, grids[0], (176, 176))
    after, _ = sample(image.roll((down, right), (1, 2)), grids[1], (176, 176))
    torch.testing.assert_close(after, before, atol=1e-4, rtol=0)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.3, 1.3), (2.4, 1.7)])
def test_labels_survive_the_way_there_and_back(spacing: tuple[float, float]) -> None:
    shape = (round(160 / spacing[0]), round(140 / spacing[1]))
    fine, fine_labels = first_pass((160, 140), 1.0)
    rows, cols = (
        np.minimum((np.arange(n) + 0.5) * step, m - 1).astype(int)
        for n, step, m in zip(shape, spacing, (160, 140), strict=True)
    )
    series, labels = fine[:, rows][:, :, cols], fine_labels[rows][:, cols]
    affine = UPRIGHT_RAS @ np.diag([*spacing, 1, 1])
    data: dict[Hashable, Any] = {
        "image": MetaTensor(torch.tensor(series)[..., None], affine=torch.tensor(affine)),
        "label": MetaTensor(torch.tensor(labels)[None, ..., None], affine=torch.tensor(affine)),
    }
    data = CropAboutHeartd(["image", "label"])(data)
    assert data["label"].shape == (1, 176, 176, 1)
    classes = torch.nn.functional.one_hot(data["label"][0].long(), 4).movedim(-1, 0).float()
    back = RestoreSourceGridd("pred")({**data, "pred": classes})["pred"]
    assert back.shape == (4, *shape, 1)
    np.testing.assert_allclose(np.asarray(back.sum(0)), 1, atol=1e-5)
    np.testing.assert_allclose(np.asarray(back.affine), affine)
    restored = np.asarray(back.argmax(0))[..., 0]
    assert (restored == labels).mean() > 0.985


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.0])
def test_a_pixel_gets_what_fills_it(spacing: float) -> None:
    """A fine pattern of stripes must become its mean, not whichever stripe a pixel's middle meets."""
    size = round(150 / spacing)
    series, _ = first_pass((size, size), spacing)
    data = CropAboutHeartd("image")(
        {"image": MetaTensor(torch.tensor(series)[..., None], affine=torch.tensor(upright(spacing)))}
    )
    stripes = torch.zeros(2, 176, 176, 1)
    stripes[1, :: round(spacing)] = 1
    stripes[0] = 1 - stripes[1]
    back = RestoreSourceGridd("pred")({**data, "pred": stripes})["pred"].as_tensor()[1, 5:-5, 5:-5, 0]
    torch.testing.assert_close(back, torch.full_like(back, 1 / round(spacing)), atol=0.02, rtol=0)


def test_nifti_axes_are_turned_as_the_scanner_displays_them() -> None:
    series, _ = first_pass((80, 90), 2.0)
    affine = upright(2.0)
    stored = np.flip(series.swapaxes(1, 2), 2).copy()
    flip = np.eye(4)
    flip[1, 1], flip[1, 3] = -1, 79
    swap = np.eye(4)[[1, 0, 2, 3]]
    shown, turned = prepare(series, affine), prepare(stored, affine @ swap @ flip)
    torch.testing.assert_close(turned["image"].as_tensor(), shown["image"].as_tensor(), atol=2e-3, rtol=0)


def test_arrays_are_left_as_they_are_unless_another_order_is_clearly_better() -> None:
    for angle in (-0.4, 0.0, 0.4):
        turn = np.eye(4)
        turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        np.testing.assert_array_equal(display_turn(UPRIGHT_RAS @ turn), np.eye(2))
    np.testing.assert_array_equal(display_turn(np.eye(4)), np.eye(2))


def test_a_grid_and_its_inverse_cancel() -> None:
    grid = crop_grid((30.2, 41.7), (1.9, 2.3), np.array([[0.0, -1.0], [1.0, 0.0]]), (176, 176), 1.0)
    point = torch.tensor([12.0, 150.0, 1.0], dtype=torch.float64)
    back = invert(grid) @ torch.cat([grid @ point, torch.ones(1)])
    torch.testing.assert_close(back, point[:2])
    middle = grid @ torch.tensor([87.5, 87.5, 1.0], dtype=torch.float64)
    torch.testing.assert_close(middle, torch.tensor([30.0, 42.0], dtype=torch.float64))
