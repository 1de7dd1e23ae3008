"""The LV blood pool, on the toy heart and on real patients' images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from moving_heart import MovingHeart
from scipy import ndimage

from operators.arterial_input.blood_pool import EDGE_LINEAR, brightest_half, find_blood_pool, pool_curve
from operators.series import BoolArray

HEART = MovingHeart(rows=80, columns=72, amplitude=0.0, n_frames=40)


def dice(a: BoolArray, b: BoolArray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def distance(a: BoolArray, b: BoolArray) -> float:
    """Between centroids, in pixels."""
    return float(np.linalg.norm(np.argwhere(a).mean(axis=0) - np.argwhere(b).mean(axis=0)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("level", [0.0, 0.8])
def test_left_ventricle_is_found_and_not_the_right(seed: int, level: float) -> None:
    heart = replace(HEART, seed=seed, level=level, noise=0.03)
    truth = np.asarray(heart.regions(heart.grid())["blood"] > 0.5)
    pool = find_blood_pool(heart.images(), heart.times)
    assert pool is not None
    assert dice(pool, truth) > 0.7
    assert distance(pool, truth) * heart.spacing < 3


def test_turned_and_mirrored_images_give_the_turned_pool() -> None:
    images = HEART.images()
    pool = find_blood_pool(images, HEART.times)
    assert pool is not None
    for change in (np.flip, np.rot90):
        turned = np.stack([change(image) for image in images])
        found = find_blood_pool(turned, HEART.times)
        assert found is not None
        np.testing.assert_array_equal(found, change(pool))


def test_gain_changes_no_pool() -> None:
    images = HEART.images()
    np.testing.assert_array_equal(find_blood_pool(images, HEART.times), find_blood_pool(images * 16, HEART.times))


def test_a_spike_in_a_corner_changes_no_pool() -> None:
    images = HEART.images()
    spiked = images.copy()
    spiked[-4, 1, 1] = 200 * images.max()
    np.testing.assert_array_equal(find_blood_pool(spiked, HEART.times), find_blood_pool(images, HEART.times))


def test_curve_is_the_blood_s() -> None:
    images = HEART.images()
    pool = find_blood_pool(images, HEART.times)
    assert pool is not None
    assert brightest_half(images, pool).sum() == pytest.approx(pool.sum() / 2, rel=0.2)
    truth = 1 - np.exp(-0.55 * HEART.concentration()["blood"])
    assert np.corrcoef(pool_curve(images, pool), truth)[0, 1] > 0.995


def test_noise_holds_no_blood_pool() -> None:
    images = np.random.default_rng(0).normal(100, 5, (40, 64, 64))
    assert find_blood_pool(images, np.arange(40.0)) is None


@pytest.mark.parametrize("number", [1, 2])
def test_real_arterial_images(shared_data: Path, number: int) -> None:
    data = np.load(shared_data / "qperf" / f"aif_series_{number}.npz")
    images, truth = data["image"], data["mask"] == 1
    pool = find_blood_pool(images, np.arange(len(images)) * 0.7, EDGE_LINEAR)
    assert pool is not None
    assert distance(pool, truth) * 5.6 <= 3
    assert dice(pool, truth) >= 0.8
    assert np.corrcoef(pool_curve(images, pool), pool_curve(images, truth))[0, 1] >= 0.999


def test_real_perfusion_slices(shared_data: Path) -> None:
    """Centroids of the pools, which stand in where there's no arterial series; pixels of about 1 mm."""
    files = sorted((shared_data / "daugs").glob("*Basal.npz"))
    assert files
    for file in files:
        data = np.load(file)
        wall = data["mask"] == 1
        cavity = ndimage.binary_fill_holes(wall) & ~wall
        pool = find_blood_pool(data["image"].astype(np.float32), np.arange(30) * 0.9)
        assert pool is not None
        assert distance(pool, cavity) < 5
