"""Proton-density frames are found by mark, flip angle, inversion time or brightness; nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from operators.dicom_loading.dialects.registry import choose
from operators.dicom_loading.proton_density import brighter_frames, marked_frames
from operators.series import FloatArray

FRAMES = 24


def first_pass(pd: int, gain: float, seed: int = 0) -> FloatArray:
    """Frames of a first pass after `pd` frames that are `gain` times as bright as the baseline."""
    noise = np.random.default_rng(seed).normal(0, 1, (FRAMES, 8, 8))
    beats = np.arange(FRAMES) - pd
    pixels = 20 + 60 * np.clip(beats - 8, 0, 5)[:, None, None] / 5 + noise
    pixels[:pd] = gain * 20 + noise[:pd]
    return pixels


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 6), st.floats(2.0, 10.0), st.integers(0, 100))
def test_bright_leading_frames(pd: int, gain: float, seed: int) -> None:
    found = brighter_frames(first_pass(pd, gain, seed))
    assert found.tolist() == [index < pd for index in range(FRAMES)]


@settings(deadline=None, max_examples=25)
@given(st.floats(0.5, 1.2), st.integers(0, 100))
def test_even_baselines_hold_none(gain: float, seed: int) -> None:
    assert not brighter_frames(first_pass(3, gain, seed)).any()


def test_a_single_bright_frame_is_none() -> None:
    assert not brighter_frames(first_pass(1, 5.0)).any()


def test_a_bolus_at_the_start_is_none() -> None:
    assert not brighter_frames(first_pass(0, 1.0)[9:]).any()


def headers(change: Callable[[Dataset, int], None]) -> list[Dataset]:
    found = []
    for index in range(FRAMES):
        header = Dataset()
        header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        header.FlipAngle, header.InversionTime = 14.0, 81.0
        change(header, index)
        found.append(header)
    return found


def comment(header: Dataset, index: int) -> None:
    header.ImageComments = "PD_NORM" if index < 3 else "PDX"


def flip(header: Dataset, index: int) -> None:
    header.FlipAngle = 5.0 if index < 3 else 14.0


def no_inversion(header: Dataset, index: int) -> None:
    header.InversionTime = 0.0 if index < 3 else 81.0


@pytest.mark.parametrize("change", [comment, flip, no_inversion])
def test_marks(change: Callable[[Dataset, int], None]) -> None:
    made = headers(change)
    assert marked_frames(made, choose(made[0])[1]).tolist() == [index < 3 for index in range(FRAMES)]


def test_flip_angles_that_wander_mark_none() -> None:
    def wander(header: Dataset, index: int) -> None:
        header.FlipAngle = 5.0 if index % 2 else 14.0

    made = headers(wander)
    assert not marked_frames(made, choose(made[0])[1]).any()
