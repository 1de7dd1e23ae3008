"""Blood's curve from pixels that hold wall in some frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.arterial_input.filling import Filling
from operators.series import FloatArray

BLOOD = 5 + np.interp(np.arange(40.0), [8, 14, 26], [0, 60, 0])
POOL = np.ones((6, 6), bool)


def still(gain: float | FloatArray = 1.0) -> FloatArray:
    """All of the pool's pixels hold blood alone, shape (time, row, col)."""
    return np.broadcast_to(BLOOD[:, None, None], (40, 6, 6)) * gain


def test_a_frame_in_which_wall_has_come_into_half_of_the_pixels() -> None:
    images = still().copy()
    images[11, :, 3:] *= 0.6
    curve = Filling.of(images, POOL).curve(images)
    np.testing.assert_allclose(curve / curve[0], BLOOD / BLOOD[0], rtol=1e-6)


def test_pixels_that_always_hold_some_wall_do_not_count() -> None:
    images = still().copy()
    images[:, :2] = 5 + 0.7 * (images[:, :2] - 5)
    filling = Filling.of(images, POOL)
    curve = filling.curve(images)
    np.testing.assert_allclose(curve / curve[0], BLOOD / BLOOD[0], rtol=1e-6)
    assert filling.weights.reshape(40, 6, 6)[:, :2].sum() == 0


@given(st.integers(0, 2**32 - 1))
def test_sensitivity_of_a_coil_changes_no_ratio_of_two_frames(seed: int) -> None:
    gain = np.random.default_rng(seed).uniform(0.5, 2.0, (6, 6))
    images = still(gain)
    filling = Filling.of(images, POOL)
    curve = filling.curve(images)
    np.testing.assert_allclose(curve / curve[0], BLOOD / BLOOD[0], rtol=1e-6)
    assert filling.level(images[:3]) == pytest.approx(curve[0])


def test_one_pixel_is_a_pool() -> None:
    images = still()
    pool = np.zeros((6, 6), bool)
    pool[2, 2] = True
    np.testing.assert_allclose(Filling.of(images, pool).curve(images), BLOOD)
