"""What can't be a heart is taken out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from first_pass import LV_CAVITY, MYOCARDIUM, RV, first_pass
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scripts.cleaning import keep_heart


@pytest.fixture
def heart() -> npt.NDArray[np.uint8]:
    return first_pass((80, 80), 2.0)[1]


def test_a_heart_is_left_as_it_is(heart: npt.NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(keep_heart(heart), heart)


def test_specks_go_and_holes_are_filled(heart: npt.NDArray[np.uint8]) -> None:
    spoiled = heart.copy()
    spoiled[2:5, 2:5] = MYOCARDIUM
    spoiled[70:74, 70:74] = LV_CAVITY
    spoiled[75:79, 2:6] = RV
    spoiled[39:42, 39:42] = MYOCARDIUM
    np.testing.assert_array_equal(keep_heart(spoiled), heart)
    ring = heart == MYOCARDIUM
    row, col = np.argwhere(ring & np.roll(ring, 1, 0) & np.roll(ring, -1, 0))[0]
    spoiled = heart.copy()
    spoiled[row, col] = 0
    np.testing.assert_array_equal(keep_heart(spoiled), heart)


def test_an_opening_of_the_ring_stays_open(heart: npt.NDArray[np.uint8]) -> None:
    opened = heart.copy()
    slot = np.s_[: heart.shape[0] // 2, 38:43]
    opened[slot][opened[slot] == MYOCARDIUM] = 0
    clean = keep_heart(opened)
    np.testing.assert_array_equal(clean[slot], opened[slot])
    assert (clean != opened).sum() < 0.05 * (heart == MYOCARDIUM).sum(), "no more than its corners are rounded"


def test_a_leak_along_the_right_ventricle_is_cut_off(heart: npt.NDArray[np.uint8]) -> None:
    spoiled = heart.copy()
    row, col = np.argwhere(heart == MYOCARDIUM).max(0)[0], int(np.argwhere(heart == MYOCARDIUM)[:, 1].mean())
    spoiled[row - 2 : row + 2, col : col + 25] = MYOCARDIUM
    clean = keep_heart(spoiled)
    assert (spoiled != heart).sum() > 60
    assert (clean != heart).sum() < 25, "a stub may stay"


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.uint8, (12, 12), elements=st.integers(0, 3)))
def test_there_is_one_of_each_at_most_and_a_second_cleaning_changes_nothing(labels: npt.NDArray[np.uint8]) -> None:
    from scipy import ndimage

    clean = keep_heart(labels)
    for label in (LV_CAVITY, MYOCARDIUM, RV):
        assert ndimage.label(clean == label)[1] <= 1
    np.testing.assert_array_equal(keep_heart(clean), clean)
