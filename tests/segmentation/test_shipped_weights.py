"""What the released network has learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bundle_scripts import BUNDLE
from first_pass import LV_CAVITY, MYOCARDIUM, RV, first_pass, gadolinium_series

from operators.segmentation.inference import Segmenter
from operators.series import BoolArray, FloatArray, IntArray


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(BUNDLE)


def dice(one: BoolArray, other: BoolArray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def labels_of(segmenter: Segmenter, series: FloatArray, spacing: float) -> IntArray:
    labels = segmenter.segment(gadolinium_series(series[None], (spacing, spacing))).labels
    return np.asarray(labels[0])


def test_shifting_the_image_by_pixels_shifts_the_labels(segmenter: Segmenter) -> None:
    series, _ = first_pass((130, 130), 2.0)
    before = labels_of(segmenter, series, 2.0)
    for shift in ((3, -5), (-9, 4), (0, 8)):
        after = labels_of(segmenter, np.roll(series, shift, (1, 2)), 2.0)
        moved = np.roll(before, shift, (0, 1))
        for label in (LV_CAVITY, MYOCARDIUM, RV):
            assert dice(after == label, moved == label) > 0.97


@pytest.mark.parametrize("spacing", [1.2, 1.9, 2.4])
def test_a_drawn_heart_is_found_at_any_resolution(segmenter: Segmenter, spacing: float) -> None:
    size = round(220 / spacing)
    series, truth = first_pass((size, size), spacing)
    labels = labels_of(segmenter, series, spacing)
    assert dice(labels == LV_CAVITY, truth == LV_CAVITY) > 0.85
    assert dice(np.isin(labels, (LV_CAVITY, MYOCARDIUM)), np.isin(truth, (LV_CAVITY, MYOCARDIUM))) > 0.85
    # As a reader's, the labelled wall keeps clear of both edges of the drawn one.
    wall = labels == MYOCARDIUM
    assert (wall & (truth == MYOCARDIUM)).sum() > 0.9 * wall.sum()
    assert wall.sum() > 0.4 * (truth == MYOCARDIUM).sum()
    assert dice(labels == RV, truth == RV) > 0.7


def test_a_real_rest_slice(segmenter: Segmenter, shared_data: Path) -> None:
    with np.load(shared_data / "qperf/rest_gd.npz") as case:
        series, ring, cavity, flow = (case[name] for name in ("gd", "ring_mask", "cavity_mask", "mbf_reference"))
    labels = labels_of(segmenter, series.astype(np.float32), 1.9)
    assert dice(labels == LV_CAVITY, cavity.astype(bool)) > 0.85
    assert dice(labels == MYOCARDIUM, ring.astype(bool)) > 0.6
    assert flow[labels == MYOCARDIUM].mean() == pytest.approx(flow[ring.astype(bool)].mean(), rel=0.15)


def test_real_series_of_other_sites(segmenter: Segmenter, shared_data: Path) -> None:
    found = []
    for path in sorted((shared_data / "daugs").glob("*.npz")):
        with np.load(path) as case:
            series, mask = case["image"].astype(np.float32), case["mask"]
        labels = labels_of(segmenter, series, 1.0)
        found.append(dice(labels == MYOCARDIUM, mask == 1))
    assert len(found) == 12
    assert np.mean(found) > 0.8
    assert min(found) > 0.6


def noise(seed: int) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((48, 100, 100)).astype(np.float32)


def two_kidneys() -> FloatArray:
    """Two discs that fill at once and stay bright."""
    row, col = np.mgrid[:100, :100] - 50.0
    discs = (np.hypot(row, col - 20) < 12) | (np.hypot(row, col + 20) < 12)
    curve = 0.1 + 1 / (1 + np.exp((15 - np.arange(48)) / 2))
    return np.asarray(0.1 + discs * curve[:, None, None] + 0.01 * noise(2), np.float32)


STRANGE = {
    "noise": noise(0),
    "noise of a magnitude": np.abs(noise(0) + 1j * noise(1)).astype(np.float32),
    "time reversed": first_pass()[0][::-1].copy(),
    "frames out of order": first_pass()[0][np.random.default_rng(4).permutation(48)],
    "a row for a frame": first_pass()[0].transpose(1, 0, 2).copy(),
    "two kidneys": two_kidneys(),
}


@pytest.mark.parametrize("what", STRANGE)
def test_in_what_is_no_first_pass_through_a_heart_nothing_is_drawn(segmenter: Segmenter, what: str) -> None:
    result = segmenter.segment(gadolinium_series(STRANGE[what][None]))
    assert result.flags, "nothing is said of it"
    # Rows taken for frames can look like a first pass: that a reader is warned must do there.
    assert not result.labels.any() or what == "a row for a frame"
