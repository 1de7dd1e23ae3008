"""Overlap and boundary distances, against counts by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.series import BoolArray
from perf_app.evaluation.contours import boundary_distances, overlap

SPACING = (2.0, 1.5)


def square(row: int, col: int, size: int = 4) -> BoolArray:
    mask = np.zeros((20, 20), np.bool_)
    mask[row : row + size, col : col + size] = True
    return mask


def test_a_square_moved_by_a_column() -> None:
    """16 pixels each, 12 in common. Of 12 boundary pixels, 6 lie a column (1.5 mm) from the other boundary."""
    truth, found = square(5, 5), square(5, 6)
    values = overlap(truth, found)
    assert values == pytest.approx(
        {"dice": 24 / 32, "false_positive": 4 / 16, "false_negative": 4 / 16, "precision": 12 / 16, "recall": 12 / 16}
    )
    assert boundary_distances(truth, found, SPACING) == pytest.approx({"boundary_mm": 0.75, "hausdorff_mm": 1.5})


def test_a_square_within_a_larger_one() -> None:
    """16 true pixels of 36 found: false positives are counted in true areas, precision in found ones."""
    values = overlap(square(6, 6), square(5, 5, 6))
    assert values == pytest.approx(
        {"dice": 32 / 52, "false_positive": 20 / 16, "false_negative": 0, "precision": 16 / 36, "recall": 1}
    )


def test_two_pixels_apart() -> None:
    """Three rows of 2 mm and four columns of 1.5 mm."""
    values = boundary_distances(square(2, 2, 1), square(5, 6, 1), SPACING)
    assert values == pytest.approx({"boundary_mm": math.hypot(6, 6), "hausdorff_mm": math.hypot(6, 6)})


def test_hausdorff_is_the_worse_direction() -> None:
    """All true pixels are met, but a stray found one lies 10 rows (20 mm) off."""
    found = square(2, 2)
    found[15, 2] = True
    values = boundary_distances(square(2, 2), found, SPACING)
    assert values["hausdorff_mm"] == pytest.approx(20.0)
    assert values["boundary_mm"] == pytest.approx((0 + 20 / 13) / 2)


def test_of_a_ring_both_contours_count() -> None:
    """A hole of one pixel within a 5 x 5 square has 4 neighbours that belong to the boundary."""
    ring = square(5, 5, 5)
    ring[7, 7] = False
    values = boundary_distances(square(5, 5, 5), ring, (1.0, 1.0))
    # Back from the ring: the 4 pixels about the hole lie one pixel from the outer boundary, 16 others on it.
    assert values == pytest.approx({"boundary_mm": (0 + 4 / 20) / 2, "hausdorff_mm": 1.0})


def test_what_was_missed_has_dice_zero_and_no_distance() -> None:
    nothing = np.zeros((20, 20), np.bool_)
    values = overlap(square(5, 5), nothing)
    assert (values["dice"], values["false_negative"], values["recall"]) == (0, 1, 0)
    assert math.isnan(values["precision"])
    assert all(math.isnan(value) for value in boundary_distances(square(5, 5), nothing, SPACING).values())
    assert math.isnan(overlap(nothing, nothing)["dice"])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 8), st.integers(1, 8))
def test_the_order_of_readers_changes_no_symmetric_figure(row: int, col: int, first: int, second: int) -> None:
    one, other = square(5, 5, first), square(row, col, second)
    assert overlap(one, other)["dice"] == overlap(other, one)["dice"]
    assert overlap(one, other)["precision"] == overlap(other, one)["recall"]
    assert boundary_distances(one, other, SPACING) == pytest.approx(boundary_distances(other, one, SPACING))
    assert overlap(one, one)["dice"] == 1
    assert boundary_distances(one, one, SPACING)["hausdorff_mm"] == 0
