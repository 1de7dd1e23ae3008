"""Laws of motion correction on a heart whose motion is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from builders import affines
from moving_heart import MovingHeart
from pydicom import Dataset

from operators.errors import UnsupportedSeriesError
from operators.motion_correction import correction
from operators.motion_correction.correction import LARGE, STILL, SliceMotion, correct_motion, correct_slice
from operators.motion_correction.displacement import jacobian
from operators.motion_correction.reference import find_heart
from operators.series import FloatArray, ImageSeries, PerfusionScan, State

BREATHING = MovingHeart(rows=96, columns=88, amplitude=7.0, seed=1)


def series_of(images: FloatArray, times: FloatArray, spacing: float) -> ImageSeries:
    stack = affines(len(images))
    stack[:, :, :2] *= spacing / 1.9
    headers = tuple(tuple(Dataset() for _ in range(images.shape[1])) for _ in images)
    return ImageSeries(("1.2.3",), images, "a.u.", np.broadcast_to(times, images.shape[:2]), stack, headers)


def scan_of(*hearts: MovingHeart) -> PerfusionScan:
    first = hearts[0]
    series = series_of(np.stack([heart.images() for heart in hearts]), first.times, first.spacing)
    density = series_of(np.stack([heart.proton_density() for heart in hearts]), first.times[:3] - 9, first.spacing)
    return PerfusionScan(State.REST, "description", series, "Digital", 1.5, 70.0, proton_density=density)


def corrected(heart: MovingHeart) -> SliceMotion:
    return correct_slice(heart.images(), heart.times, (heart.spacing, heart.spacing))


@cache
def breathing() -> SliceMotion:
    return corrected(BREATHING)


@pytest.mark.parametrize(("amplitude", "seed"), [(7.0, 1), (6.0, 5)])
def test_breathing_is_taken_out(amplitude: float, seed: int) -> None:
    heart = replace(BREATHING, amplitude=amplitude, seed=seed)
    motion = breathing() if heart == BREATHING else corrected(heart)
    before = heart.rms(np.zeros_like(motion.displacement), motion.reference)
    after = heart.rms(motion.displacement.astype(float), motion.reference)
    assert before > 2.0
    assert after < 0.9


def test_nothing_folds() -> None:
    assert jacobian(breathing().displacement, (1.9, 1.9)).min() > 0.5


def test_estimates_tell_the_truth() -> None:
    motion = breathing()
    truth_before = BREATHING.rms(np.zeros_like(motion.displacement), motion.reference)
    truth_after = BREATHING.rms(motion.displacement.astype(float), motion.reference)
    assert motion.before == pytest.approx(truth_before, rel=0.2)
    assert motion.after == pytest.approx(truth_after, abs=0.3)


def test_reference_frame_is_left_pixel_for_pixel() -> None:
    motion = breathing()
    assert not motion.displacement[motion.reference].any()
    np.testing.assert_array_equal(motion.pixels[motion.reference], BREATHING.images()[motion.reference])


def test_reference_frame_lies_near_the_blood_pool_peak() -> None:
    blood = BREATHING.concentration()["blood"]
    assert blood[breathing().reference] > 0.7 * blood.max()


def test_still_heart_is_passed_on_untouched() -> None:
    heart = replace(BREATHING, amplitude=0.0)
    motion = corrected(heart)
    assert motion.before < STILL
    assert not motion.displacement.any()
    np.testing.assert_array_equal(motion.pixels, heart.images())


def test_a_displacement_that_helps_nothing_is_not_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    heart = replace(BREATHING, amplitude=0.0, n_frames=30)
    shifts = np.random.default_rng(3).normal(0, 3, (30, 2, 1, 1))
    wrong = torch.tensor(np.broadcast_to(shifts, (30, 2, 96, 88)).astype(np.float32))
    monkeypatch.setattr(correction, "register_to_model", lambda *_: wrong)
    motion = corrected(heart)
    assert not motion.displacement.any()
    np.testing.assert_array_equal(motion.pixels, heart.images())


def test_first_pass_is_found_beside_a_brighter_organ_that_keeps_contrast() -> None:
    heart = replace(BREATHING, amplitude=0.0)
    images, lasting = heart.images(), np.minimum(np.cumsum(heart.concentration()["blood"]), 12.0) / 12.0
    images[:, 70:, 60:] += (2500 * lasting[:, None, None]).astype(np.float32)
    found = find_heart(images, heart.times, (1.9, 1.9))
    truth = heart.heart(0) > 0.5
    assert found.found
    assert (found.region & truth).sum() > 0.7 * truth.sum()


@pytest.mark.parametrize("factor", [2.0**-10, 3.0])
def test_intensity_scale_changes_no_displacement(factor: float) -> None:
    heart = replace(BREATHING, n_frames=40)
    plain = corrected(heart)
    scaled = correct_slice(heart.images() * np.float32(factor), heart.times, (1.9, 1.9))
    np.testing.assert_allclose(scaled.displacement, plain.displacement, atol=2e-3)


def test_the_same_input_gives_the_same_numbers() -> None:
    again = corrected(BREATHING)
    np.testing.assert_array_equal(again.displacement, breathing().displacement)
    np.testing.assert_array_equal(again.pixels, breathing().pixels)


def test_known_shift_is_recovered() -> None:
    """Every third frame moved by the same whole pixels."""
    heart = replace(BREATHING, amplitude=0.0, n_frames=40)
    images = heart.images()
    moved = np.arange(40) % 3 == 1
    images[moved] = np.roll(images[moved], (3, -2), axis=(1, 2))
    motion = correct_slice(images, heart.times, (1.9, 1.9))
    found = motion.displacement[:, :, motion.heart].mean(axis=2)
    step = found[moved].mean(axis=0) - found[~moved].mean(axis=0)
    np.testing.assert_allclose(step, (3 * 1.9, -2 * 1.9), atol=0.6)


def test_one_frame_far_off_is_brought_back_alone() -> None:
    """Though the RMS over all frames is that of a heart which is left as it is."""
    heart = replace(BREATHING, amplitude=0.0)
    images = heart.images()
    images[35] = np.roll(images[35], 2, axis=0)
    motion = correct_slice(images, heart.times, (1.9, 1.9))
    found = motion.displacement[35][:, motion.heart].mean(axis=1)
    assert motion.before < STILL
    np.testing.assert_allclose(found, (2 * 1.9, 0), atol=0.6)
    np.testing.assert_array_equal(np.delete(motion.pixels, 35, axis=0), np.delete(images, 35, axis=0))


def test_small_field_of_view_and_few_frames() -> None:
    heart = MovingHeart(rows=51, columns=47, n_frames=30, amplitude=5.0)
    motion = corrected(heart)
    before = heart.rms(np.zeros_like(motion.displacement), motion.reference)
    assert heart.rms(motion.displacement.astype(float), motion.reference) < 0.6 * before


def test_scan_keeps_its_geometry_and_finds_the_proton_density_frames() -> None:
    hearts = (replace(BREATHING, n_frames=40), replace(BREATHING, n_frames=40, seed=2, level=0.8))
    scan = scan_of(*hearts)
    motion = correct_motion(scan)
    assert motion.displacement.shape == (2, 40, 2, 96, 88)
    assert motion.series.headers is scan.perfusion.headers
    np.testing.assert_array_equal(motion.series.affines, scan.perfusion.affines)
    assert motion.rms_mm_after.max() < LARGE
    assert motion.proton_density is not None
    assert scan.proton_density is not None
    for k, heart in enumerate(hearts):
        grid = heart.grid()
        still = heart.regions(grid - heart.shift(int(motion.reference_frame[k]), grid))
        wanted = heart.coil() * (0.95 * still["blood"] + 0.8 * still["wall"] + 0.95 * still["right"])
        near = still["blood"] + still["wall"] + still["right"] > 0.5
        for t in range(3):
            error_before = np.abs(scan.proton_density.pixels[k, t] / 1000 - wanted)[near].mean()
            error_after = np.abs(motion.proton_density.pixels[k, t] / 1000 - wanted)[near].mean()
            assert error_after <= error_before * 1.02


def test_proton_density_of_another_matrix_is_refused() -> None:
    scan = scan_of(replace(BREATHING, amplitude=0.0, n_frames=30))
    assert scan.proton_density is not None
    other = series_of(scan.proton_density.pixels[..., :-2], scan.perfusion.times[0, :3] - 9, 1.9)
    with pytest.raises(UnsupportedSeriesError, match="don't fit"):
        correct_motion(replace(scan, proton_density=other))


def test_series_without_bolus_is_flagged() -> None:
    images = np.random.default_rng(0).normal(500, 20, (1, 30, 64, 64)).astype(np.float32)
    series = series_of(images, np.arange(30.0), 1.9)
    motion = correct_motion(PerfusionScan(State.REST, "description", series, "Digital", 1.5, None))
    assert "heart_not_found" in {flag.code for flag in motion.flags}
