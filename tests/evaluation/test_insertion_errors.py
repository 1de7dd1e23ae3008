"""The angle between two readers' RV insertions."""

from __future__ import annotations

import numpy as np
import pytest

from operators.series import Label
from perf_app.evaluation.label_stack import LabelStack, insertion_errors
from perf_app.evaluation.tables import Case, ContourPair, contour_table

SPACING = 0.4
"""Fine, so that a pixel at the epicardium is less than a degree wide."""


def stack(turn: float = 0.0, half_width: float = 60.0, slices: int = 3, rv: bool = True) -> LabelStack:
    """LV of radii 20 and 30 mm, and a crescent of an RV that spans twice `half_width` [degree], turned by `turn`."""
    row, col = (np.mgrid[:300, :300] - 150.0) * SPACING
    radius, angle = np.hypot(row, col), np.degrees(np.arctan2(-row, -col))
    off = (angle - turn + 180) % 360 - 180
    depth = 20 * np.clip(1 - np.abs(off) / half_width, 0, None)
    labels = np.zeros(row.shape, np.uint8)
    if rv:
        labels[(radius >= 30) & (radius < 30 + depth)] = Label.RV
    labels[radius < 30] = Label.MYOCARDIUM
    labels[radius < 20] = Label.LV_CAVITY
    affines = np.zeros((slices, 4, 4))
    down, right = np.array([-0.354, 0.354, -0.866]), np.array([0.707, 0.707, 0.0])
    normal = np.cross(right, down)
    affines[:, :3, 0], affines[:, :3, 1], affines[:, :3, 2] = down * SPACING, right * SPACING, 8 * normal
    affines[:, :3, 3] = np.arange(slices)[:, None] * 10 * normal
    affines[:, 3, 3] = 1
    return LabelStack(np.repeat(labels[None], slices, 0), affines)


@pytest.mark.parametrize("turn", [-12.0, 5.0, 20.0])
def test_turning_the_rv_turns_both_insertions(turn: float) -> None:
    for values in insertion_errors(stack(slices=1), stack(turn, slices=1)):
        assert values["insertion_anterior_deg"] == pytest.approx(abs(turn), abs=1.0)
        assert values["insertion_inferior_deg"] == pytest.approx(abs(turn), abs=1.0)


def test_a_wider_rv_moves_them_apart() -> None:
    values = insertion_errors(stack(half_width=60, slices=1), stack(half_width=70, slices=1))[0]
    assert values["insertion_anterior_deg"] == pytest.approx(10, abs=2)


def test_the_same_contours_differ_by_nothing_and_no_rv_by_nothing_known() -> None:
    assert insertion_errors(stack(slices=1), stack(slices=1))[0]["insertion_anterior_deg"] == pytest.approx(0, abs=1e-5)
    assert np.isnan(insertion_errors(stack(slices=1), stack(rv=False, slices=1))[0]["insertion_anterior_deg"])


def test_a_missed_structure_counts_as_failed_and_an_absent_one_not_at_all() -> None:
    table = contour_table([ContourPair(Case("a", "a"), stack(), stack(rv=False))])
    rv = table[table["structure"] == "RV"]
    assert rv["failed"].all()
    assert (rv["dice"] == 0).all()
    other_way = contour_table([ContourPair(Case("a", "a"), stack(rv=False), stack())])
    assert set(other_way["structure"]) == {"myocardium", "LV cavity"}


def test_slices_are_told_apart_by_level() -> None:
    table = contour_table([ContourPair(Case("a", "a"), stack(), stack())])
    assert sorted(table[table["structure"] == "myocardium"]["level"]) == ["apical", "basal", "mid"]
