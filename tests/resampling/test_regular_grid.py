"""Laws of the regular time grid."""

from __future__ import annotations

import numpy as np
import pytest
from builders import affines
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_heart import gamma_variate
from pydicom import Dataset

from operators.errors import IncompleteSeriesError
from operators.resampling.regular_grid import interpolate, resample
from operators.series import ArterialInput, FloatArray, GadoliniumSeries, ImageSeries

NO_AIF = ArterialInput("none", np.empty(0), np.empty(0), "a.u.", None)


def gadolinium(pixels: FloatArray, times: FloatArray) -> GadoliniumSeries:
    headers = tuple(tuple(Dataset() for _ in row) for row in times)
    return GadoliniumSeries(ImageSeries(("1.2.3",), pixels, "mmol/L", times, affines(len(times)), headers))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0.3, 1.4), min_size=8, max_size=40),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.floats(0, 0.9),
)
def test_straight_lines_stay_straight(intervals: list[float], slope: float, level: float, delay: float) -> None:
    own = delay + np.cumsum(intervals)
    pixels = (level + slope * own)[None, :, None, None] * np.ones((1, 1, 3, 2))
    result = resample(gadolinium(pixels, own[None]), NO_AIF)
    inside = (result.times >= own[0]) & (result.times <= own[-1])
    wanted = level + slope * result.times[inside]
    np.testing.assert_allclose(result.tissue[0, inside, 1, 1], wanted, rtol=1e-4, atol=1e-4)


def test_nothing_is_extrapolated() -> None:
    own = np.linspace(1.0, 9.9, 12)
    images = np.random.default_rng(0).normal(size=(12, 4, 5)).astype(np.float32)
    times = np.arange(0, 12.1, 0.5)
    result = interpolate(images, own, times)
    np.testing.assert_array_equal(result[times <= 1.0], np.broadcast_to(images[0], (3, 4, 5)))
    np.testing.assert_allclose(result[times >= 9.9], np.broadcast_to(images[-1], (5, 4, 5)), rtol=1e-6)
    assert result.min() >= images.min()
    assert result.max() <= images.max()


def test_frames_on_the_grid_are_kept() -> None:
    own = np.arange(20) * 0.5
    images = np.random.default_rng(1).normal(size=(20, 4, 5)).astype(np.float32)
    np.testing.assert_allclose(interpolate(images, own, own), images, rtol=1e-6)


def test_slices_of_one_beat_meet_on_one_clock() -> None:
    """The same curve seen by three slices at different delays."""
    times = np.arange(30) * 0.8 + np.array([0.0, 0.2, 0.4])[:, None]
    curve = np.sin(times / 5)
    result = resample(gadolinium(curve[..., None, None] * np.ones((1, 1, 2, 2)), times), NO_AIF)
    middle = slice(2, -2)
    spread = np.ptp(result.tissue[:, middle, 0, 0], axis=0)
    assert spread.max() < 0.01
    assert result.step == pytest.approx(0.5)
    assert len(result.aif) == 0


def test_arterial_input_is_held_at_its_ends() -> None:
    times = np.arange(30)[None] * 0.8
    aif = ArterialInput("file", np.array([2.0, 4.0, 6.0]), np.array([0.5, 4.0, 1.0]), "mmol/L", 2.0)
    result = resample(gadolinium(np.zeros((1, 30, 2, 2)), times), aif)
    assert result.aif[0] == 0.5
    assert result.aif[-1] == 1.0
    assert result.aif[6] == pytest.approx(0.5 + 3.5 / 2)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 9999))
def test_irregular_samples_of_an_input_are_as_good_as_regular_ones(seed: int) -> None:
    """Steps of 0.2 to 0.8 s, against the curve itself: within 4 % of its peak."""
    own = np.cumsum(np.random.default_rng(seed).uniform(0.2, 0.8, 80))
    aif = ArterialInput("file", own, gamma_variate(own, 8, 4, 4.5), "mmol/L", 8.0)
    result = resample(gadolinium(np.zeros((1, 30, 2, 2)), np.arange(30)[None] * 0.8), aif)
    np.testing.assert_allclose(result.aif, gamma_variate(result.times, 8, 4, 4.5), atol=0.04 * 4.5)


def test_too_short_a_series_is_refused() -> None:
    with pytest.raises(IncompleteSeriesError, match="lasts"):
        resample(gadolinium(np.zeros((1, 2, 2, 2)), np.array([[0.0, 0.3]])), NO_AIF)


@pytest.mark.parametrize("step", [0.0, -0.2])
def test_repeated_and_disordered_times_are_refused(step: float) -> None:
    times = np.arange(30) * 0.8
    times[12] = times[11] + step
    with pytest.raises(IncompleteSeriesError, match="Slice 1 has frames of the same time"):
        resample(gadolinium(np.zeros((1, 30, 2, 2)), times[None]), NO_AIF)


def test_a_pixel_without_numbers_spoils_no_other() -> None:
    times = np.cumsum(np.random.default_rng(2).uniform(0.5, 1.5, 30))
    pixels = np.ones((1, 30, 2, 2))
    pixels[0, 7, 0, 0] = np.nan
    tissue = resample(gadolinium(pixels, times[None]), NO_AIF).tissue
    assert np.isnan(tissue[0, :, 0, 0]).any()
    np.testing.assert_array_equal(tissue[0][:, [0, 1, 1], [1, 0, 1]], 1)
