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


def radius(mask: BoolArray, spacing: float) -> float:
    """Of a disc of the same area [mm]."""
    return float(np.sqrt(mask.sum() / np.pi) * spacing)


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
    # As a reader draws it: beneath the label a layer of an eighth of the radius holds no blood, and the wall's label
    # ends 2.6 mm inside its edge.
    blood, edge = (np.isin(truth, kinds) for kinds in ((LV_CAVITY,), (LV_CAVITY, MYOCARDIUM)))
    cavity, left = labels == LV_CAVITY, np.isin(labels, (LV_CAVITY, MYOCARDIUM))
    assert radius(cavity, spacing) == pytest.approx(radius(blood, spacing) / 0.875, rel=0.1)
    assert radius(left, spacing) == pytest.approx(radius(edge, spacing) - 2.6, abs=1.2)
    assert (cavity & blood).sum() > 0.95 * blood.sum()
    assert (left & edge).sum() > 0.97 * left.sum()
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
