"""The rule that finds the left ventricle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from first_pass import LV_CAVITY, first_pass
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts.heart_finding import find_left_ventricle

offset = st.integers(-14, 14)


@settings(max_examples=8, deadline=None)
@given(down=offset, right=offset, gain=st.floats(0.01, 1e4))
def test_shifting_the_image_shifts_the_centre_and_its_unit_changes_nothing(down: int, right: int, gain: float) -> None:
    series, labels = first_pass()
    truth = np.argwhere(labels == LV_CAVITY).mean(0) + np.array([down, right])
    moved = np.roll(series, (down, right), (1, 2)) * np.float32(gain)
    assert np.hypot(*(find_left_ventricle(moved, (2.0, 2.0)) - truth)) < 1.5


def test_the_later_ventricle_is_taken_though_the_other_is_brighter() -> None:
    series, labels = first_pass(center_mm=(0, 30))
    truth = np.argwhere(labels == LV_CAVITY).mean(0)
    assert np.hypot(*(find_left_ventricle(series, (2.0, 2.0)) - truth)) < 1.5


def test_real_hearts_are_found(shared_data: Path) -> None:
    errors = []
    for file in sorted((shared_data / "daugs").glob("*.npz")):
        with np.load(file) as case:
            image, mask = case["image"], case["mask"]
        truth = np.argwhere(mask == 3 if (mask == 3).any() else mask > 0).mean(0)
        errors.append(np.hypot(*(find_left_ventricle(image, (1.0, 1.0)) - truth)))
    assert len(errors) == 12
    assert np.median(errors) < 6
    assert max(errors) < 25


def test_a_series_that_never_changes_is_refused() -> None:
    with pytest.raises(ValueError, match="never changes"):
        find_left_ventricle(np.ones((10, 40, 40)), (2.0, 2.0))
