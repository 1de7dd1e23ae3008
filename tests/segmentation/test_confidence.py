"""How sure of a slice, and when nothing is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bundle_scripts import make_small_bundle
from first_pass import LV_CAVITY, MYOCARDIUM, RV, first_pass, gadolinium_series

from operators.errors import ModelError
from operators.segmentation.confidence import CALIBRATION, Calibration, consistency, own_dice, read_calibration
from operators.segmentation.inference import Segmenter
from operators.segmentation.physiology import alternation, check_filling, half_rise, without_right

FRAMES, HEART = first_pass((80, 90), 2.0)
TIMES = np.arange(len(FRAMES)) * 0.8


def test_the_same_wall_is_consistent_whatever_the_right_ventricle() -> None:
    other = np.where(HEART == RV, 0, HEART)
    assert consistency(HEART, HEART) == consistency(HEART, other) == 1


def test_walls_that_share_nothing_are_not_consistent() -> None:
    assert consistency(HEART, np.roll(HEART, 60, axis=1)) < 0.1
    assert consistency(HEART, np.zeros_like(HEART)) == 0
    assert consistency(np.zeros_like(HEART), np.zeros_like(HEART)) == 0


def test_what_the_probabilities_say_of_themselves() -> None:
    sure = np.stack([label == HEART for label in range(4)]).astype(np.float64)
    assert own_dice(sure) == 1
    # All of the wall drawn and each pixel of it as likely as not: half of it right, nothing missed.
    half = sure.copy()
    half[MYOCARDIUM] *= 0.5
    half[0] += 0.499 * sure[MYOCARDIUM]
    assert own_dice(half) == pytest.approx(2 * 0.5 / 1.5)
    assert own_dice(np.stack([np.ones(HEART.shape), *np.zeros((3, *HEART.shape))])) == 0


def test_the_calibration_never_falls() -> None:
    calibration = Calibration((0.0, 0.6, 0.9), (0.0, 0.5, 0.9), 0.8, 0.5)
    found = [calibration.expect(value) for value in np.linspace(0, 1, 30)]
    assert found == sorted(found)
    assert calibration.expect(0.75) == pytest.approx(0.7)


def test_weights_of_ones_own_have_no_calibration(tmp_path: Path) -> None:
    bundle = make_small_bundle(tmp_path / "bundle")
    segmenter = Segmenter(bundle)
    assert segmenter.segment(gadolinium_series(FRAMES[None])).confidence is None
    path = bundle / CALIBRATION
    path.parent.mkdir(exist_ok=True)
    content = {"model_sha256": segmenter.model_sha256, "sureness": [0, 1], "dice": [0, 1]}
    path.write_text(json.dumps(content | {"unsure_below": 0.8, "hopeless_below": 0.0}))
    assert read_calibration(bundle, "other") is None
    found = Segmenter(bundle).segment(gadolinium_series(FRAMES[None])).confidence
    assert found is not None
    assert found.shape == (1,)
    assert 0 <= found[0] <= 1
    path.write_text("{}")
    with pytest.raises(ModelError, match="calibration"):
        Segmenter(bundle)


def test_a_hopeless_slice_is_not_drawn(tmp_path: Path) -> None:
    bundle = make_small_bundle(tmp_path / "bundle")
    content = {"model_sha256": Segmenter(bundle).model_sha256, "sureness": [0, 1], "dice": [0.1, 0.2]}
    (bundle / CALIBRATION).write_text(json.dumps(content | {"unsure_below": 0.8, "hopeless_below": 0.5}))
    result = Segmenter(bundle).segment(gadolinium_series(FRAMES[None]))
    assert not result.labels.any()
    assert (result.probabilities[:, 0] == 1).all()
    assert {flag.code for flag in result.flags} <= {"segmentation_hopeless", "no_first_pass", "arrival_order"}


def test_a_heart_fills_from_right_to_left() -> None:
    assert not check_filling(FRAMES, TIMES, HEART, 0)
    assert half_rise(np.array([0.0, 0.0, 2.0, 4.0, 1.0]), np.arange(5.0)) == 2.0


@pytest.mark.parametrize("without_rv", [False, True])
def test_time_reversed_is_told(without_rv: bool) -> None:
    labels = np.where(HEART == RV, 0, HEART) if without_rv else HEART
    (flag,) = check_filling(FRAMES[::-1], TIMES, labels, 1)
    assert (flag.code, flag.slice) == ("not_cardiac" if without_rv else "arrival_order", 1)


def test_ventricles_taken_for_each_other_are_told() -> None:
    swapped = np.array([0, RV, MYOCARDIUM, LV_CAVITY])[HEART]
    (flag,) = check_filling(FRAMES, TIMES, swapped, 0)
    assert flag.code == "arrival_order"


def test_an_organ_that_fills_at_once_is_no_heart() -> None:
    """A kidney: what was taken for wall and cavity enhances together, with nothing before it."""
    labels = np.where(HEART == RV, 0, HEART)
    curve = 0.1 + 1 / (1 + np.exp((15 - np.arange(len(FRAMES))) / 2))
    noise = 0.01 * np.random.default_rng(5).standard_normal(FRAMES.shape)
    organ = np.where(labels > 0, 1.0, 0.1) * curve[:, None, None] + noise
    assert [flag.code for flag in check_filling(organ, TIMES, labels, 0)] == ["not_cardiac"]


def test_where_no_bolus_passes_there_is_no_heart() -> None:
    noise = np.random.default_rng(3).standard_normal(FRAMES.shape).astype(np.float32)
    assert [flag.code for flag in check_filling(noise, TIMES, HEART, 0)] == ["no_first_pass"]
    mixed = FRAMES[np.random.default_rng(4).permutation(len(FRAMES))]
    assert [flag.code for flag in check_filling(mixed, TIMES, HEART, 0)] == ["no_first_pass"]


def test_frames_of_several_slices_in_turn_are_told() -> None:
    for count in (2, 3, 4):
        turns = [np.roll(FRAMES[k::count][: len(FRAMES) // count], 7 * k, axis=2) for k in range(count)]
        mixed = np.stack(turns, axis=1).reshape(-1, *FRAMES.shape[1:])
        assert [flag.code for flag in check_filling(mixed, TIMES[: len(mixed)], HEART, 0)] == ["frames_alternate"]
    noise = np.random.default_rng(6).standard_normal((48, 500))
    assert alternation(noise) == pytest.approx(1, abs=0.03)


def test_a_wall_that_hardly_brightens_tells_no_order() -> None:
    """Blood of the RV beside it, spilled over, comes before the cavity's."""
    frames = FRAMES.copy()
    right = np.median(FRAMES[:, HEART == RV], axis=1, keepdims=True)
    frames[:, HEART == MYOCARDIUM] = frames[0][HEART == MYOCARDIUM] + 0.1 * (right - right[0])
    assert not check_filling(frames, TIMES, HEART, 0)
    frames[:, HEART == MYOCARDIUM] = right
    assert [flag.code for flag in check_filling(frames, TIMES, HEART, 0)] == ["arrival_order"]


def test_a_ventricle_drawn_as_wall_is_given_back() -> None:
    right = (HEART == RV) | (HEART == MYOCARDIUM)
    drawn = np.where(right, MYOCARDIUM, HEART).astype(np.uint8)
    found = without_right(FRAMES, TIMES, drawn)
    shared = ((found == RV) & (HEART == RV)).sum()
    assert 2 * shared / ((found == RV).sum() + (HEART == RV).sum()) > 0.85
    assert ((found == MYOCARDIUM) & (HEART == MYOCARDIUM)).sum() > 0.95 * (HEART == MYOCARDIUM).sum()
    right_labels = HEART.astype(np.uint8)
    assert without_right(FRAMES, TIMES, right_labels) is right_labels
    assert without_right(FRAMES[::-1], TIMES, right_labels) is right_labels


def test_wall_that_brightens_with_the_cavity_stays_wall() -> None:
    """A cavity full of muscle rises late on the mean; part of the wall, which rises before it, goes on to rise."""
    frames, half = FRAMES.copy(), HEART == MYOCARDIUM
    half[:, : FRAMES.shape[2] // 2] = False
    ramp = np.clip((TIMES - 6.0) / 30.0, 0, 1)
    frames[:, HEART == MYOCARDIUM] = frames[:, HEART == LV_CAVITY] = ramp[:, None]
    frames[:, half] = (0.9 * np.clip((TIMES - 1.0) / 20.0, 0, 1) + 0.003 * TIMES)[:, None]
    labels = np.where(HEART == RV, 0, HEART).astype(np.uint8)
    assert without_right(frames, TIMES, labels) is labels


def test_a_right_ventricle_filled_before_the_series_is_no_wrong_order() -> None:
    frames = FRAMES.copy()
    left = half_rise(np.median(FRAMES[:, HEART == LV_CAVITY], axis=1), TIMES)
    later = np.where(left + 6 > TIMES, 0.05, -0.5) + np.where(left + 3 > TIMES, -0.05, 0.0)
    frames[:, HEART == RV] = (1 + later)[:, None]
    assert not check_filling(frames, TIMES, HEART, 0)
