"""What the reader is told of a slice."""

from __future__ import annotations

import numpy as np
import pytest
from first_pass import LV_CAVITY, MYOCARDIUM, RV, first_pass

from operators.segmentation.sanity import check_slice, open_share
from operators.series import FloatArray, IntArray

HEART: IntArray = first_pass((80, 90), 2.0)[1]


def certain(labels: IntArray, certainty: float = 0.97) -> FloatArray:
    chosen = np.arange(4)[:, None, None] == labels
    return np.where(chosen, certainty, (1 - certainty) / 3)


def codes(labels: IntArray, certainty: float = 0.97) -> set[str]:
    flags = check_slice(labels, certain(labels, certainty), 1)
    assert all(flag.slice == 1 and "slice 2" in flag.message for flag in flags)
    return {flag.code for flag in flags}


def without(label: int) -> IntArray:
    return np.where(label == HEART, 0, HEART)


def test_a_sound_heart_raises_no_flag() -> None:
    assert codes(HEART) == set()


@pytest.mark.parametrize(
    ("label", "code"), [(MYOCARDIUM, "no_myocardium"), (LV_CAVITY, "no_cavity"), (RV, "rv_missing")]
)
def test_what_is_missing_is_said(label: int, code: str) -> None:
    assert codes(without(label)) == {code}


def test_an_open_ring_is_said_with_its_share() -> None:
    opened = HEART.copy()
    opened[:40, 42:50][opened[:40, 42:50] == MYOCARDIUM] = 0
    assert codes(opened) == {"ring_open"}
    share = open_share(opened == LV_CAVITY, opened == MYOCARDIUM)
    (flag,) = check_slice(opened, certain(opened), 1)
    assert f"{share:.0%}" in flag.message
    assert open_share(HEART == LV_CAVITY, HEART == MYOCARDIUM) == 0


def test_a_heart_cut_off_by_the_field_of_view_is_said() -> None:
    left, below = (np.argwhere(label == HEART).min(0) for label in (RV, MYOCARDIUM))
    assert "rv_cut_off" in codes(HEART[:, left[1] :])
    assert "lv_cut_off" in codes(HEART[below[0] :])


def test_an_unsure_segmentation_is_said() -> None:
    assert codes(HEART, 0.6) == {"segmentation_unsure"}
