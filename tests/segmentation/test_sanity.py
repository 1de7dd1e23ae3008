"""What the reader is told of a slice."""

from __future__ import annotations

import numpy as np
import pytest
from first_pass import LV_CAVITY, MYOCARDIUM, RV, first_pass, gadolinium_series

from operators.segmentation.sanity import check_slice, check_stack, elongation, open_share
from operators.series import IntArray

HEART: IntArray = first_pass((80, 90), 2.0)[1]


def codes(labels: IntArray, spacing: tuple[float, float] = (2.0, 2.0)) -> set[str]:
    flags = check_slice(labels, 1, spacing)
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
    (flag,) = check_slice(opened, 1, (2.0, 2.0))
    assert f"{share:.0%}" in flag.message
    assert open_share(HEART == LV_CAVITY, HEART == MYOCARDIUM) == 0


def test_a_heart_cut_off_by_the_field_of_view_is_said() -> None:
    left, below = (np.argwhere(label == HEART).min(0) for label in (RV, MYOCARDIUM))
    assert "rv_cut_off" in codes(HEART[:, left[1] :])
    assert "lv_cut_off" in codes(HEART[below[0] :])


def test_what_is_no_ring_is_said_alone() -> None:
    """A long axis: the lower half of the wall, the cavity open above."""
    horseshoe = HEART.copy()
    middle = round(float(np.argwhere(HEART == LV_CAVITY)[:, 0].mean()))
    horseshoe[:middle][horseshoe[:middle] == MYOCARDIUM] = 0
    assert codes(horseshoe) == {"no_ring"}


def test_a_long_cavity_in_a_round_ventricle_is_drawn_and_flagged() -> None:
    row, column = np.mgrid[:80, :90] - np.array([40, 45])[:, None, None]
    labels = np.where(HEART == RV, RV, 0)
    labels[np.hypot(row, column) < 19] = MYOCARDIUM
    labels[np.hypot(row / 15, column / 8) < 1] = LV_CAVITY
    assert codes(labels) == {"segmentation_unsure"}


def test_what_is_longer_than_a_short_axis_is_said_alone() -> None:
    assert codes(np.repeat(HEART, 2, axis=0)) == {"long_axis"}
    # Pixels twice as long as wide: the heart is as round as before.
    assert codes(HEART[::2], (4.0, 2.0)) == set()
    for ratio in (1.0, 1.3, 2.0):
        row, column = np.mgrid[:120, :80] - np.array([60, 40])[:, None, None]
        ellipse = np.hypot(row / ratio, column) < 25
        assert elongation(ellipse, (1.5, 1.5)) == pytest.approx(ratio, rel=0.01)


@pytest.mark.parametrize("spacing", [(0.3, 0.3), (6.0, 6.0)])
def test_no_heart_has_such_a_size(spacing: tuple[float, float]) -> None:
    assert codes(HEART, spacing) == {"area_implausible"}


def test_slices_of_one_heart_continue_each_other() -> None:
    affines = gadolinium_series(np.zeros((3, 1, 80, 90), np.float32)).series.affines
    stack = np.stack([HEART, HEART, np.roll(HEART, 15, axis=0)])
    (flag,) = check_stack(stack, affines)
    assert (flag.code, flag.slice) == ("slices_discontinuous", 2)
    assert "30 mm" in flag.message
    assert not check_stack(np.stack([HEART, np.zeros_like(HEART), np.roll(HEART, 5, axis=0)]), affines)
