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
from operators.resampling.regular_grid import STEP, resample
from operators.series import ArterialInput, FloatArray, GadoliniumSeries, ImageSeries

NO_AIF = ArterialInput("none", np.empty(0), np.empty(0), "a.u.", None)


def gadolinium(pixels: FloatArray, times: FloatArray) -> GadoliniumSeries:
    headers = tuple(tuple(Dataset() for _ in row) for row in times)
    return GadoliniumSeries(ImageSeries(("1.2.3",), pixels, "mmol/L", times, affines(len(times)), headers))


def test_tissue_keeps_its_own_times_and_values() -> None:
    times = np.cumsum(np.random.default_rng(2).uniform(0.5, 1.5, (2, 30)), axis=1)
    pixels = np.random.default_rng(0).normal(size=(2, 30, 4, 5)).astype(np.float32)
    pixels[0, 7, 0, 0] = np.nan
    result = resample(gadolinium(pixels, times), NO_AIF)
    np.testing.assert_array_equal(result.tissue_times, times)
    np.testing.assert_array_equal(result.tissue, pixels)
    assert len(result.aif) == 0


def test_arterial_input_is_held_at_its_ends() -> None:
    times = np.arange(30)[None] * 0.8
    aif = ArterialInput("file", np.array([2.0, 4.0, 6.0]), np.array([0.5, 4.0, 1.0]), "mmol/L", 2.0)
    result = resample(gadolinium(np.zeros((1, 30, 2, 2)), times), aif)
    assert result.aif[0] == 0.5
    assert result.aif[-1] == 1.0
    assert result.aif[round(3.0 / STEP)] == pytest.approx(0.5 + 3.5 / 2)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 9999))
def test_irregular_samples_of_an_input_are_as_good_as_regular_ones(seed: int) -> None:
    """Steps of 0.2 to 0.8 s, against the curve itself: within 1 % of its peak."""
    own = np.cumsum(np.random.default_rng(seed).uniform(0.2, 0.8, 80))
    aif = ArterialInput("file", own, gamma_variate(own, 8, 4, 4.5), "mmol/L", 8.0)
    result = resample(gadolinium(np.zeros((1, 30, 2, 2)), np.arange(30)[None] * 0.8), aif)
    inside = result.times >= own[0]
    np.testing.assert_allclose(result.aif[inside], gamma_variate(result.times[inside], 8, 4, 4.5), atol=0.01 * 4.5)


def test_too_short_a_series_is_refused() -> None:
    with pytest.raises(IncompleteSeriesError, match="lasts"):
        resample(gadolinium(np.zeros((1, 2, 2, 2)), np.array([[0.0, 0.3]])), NO_AIF)


@pytest.mark.parametrize("step", [0.0, -0.2])
def test_repeated_and_disordered_times_are_refused(step: float) -> None:
    times = np.arange(30) * 0.8
    times[12] = times[11] + step
    with pytest.raises(IncompleteSeriesError, match="Slice 1 has frames of the same time"):
        resample(gadolinium(np.zeros((1, 30, 2, 2)), times[None]), NO_AIF)
