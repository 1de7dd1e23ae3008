"""The scanner's own flow map: taken unchanged, for all scans or for none, and compared where that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset

from operators.flow_mapping.scanner_map import ScannerFlow, choose_flow, compare
from operators.series import FloatArray, FlowMap, FlowUnit, ImageSeries

SHAPE = (1, 8, 8)
WALL = np.ones(SHAPE, bool)


def mapped(values: FloatArray) -> ImageSeries:
    return ImageSeries(("1.2",), values[:, None], "mL/min/g", np.zeros((1, 1)), np.eye(4)[None], ((Dataset(),),))


def flow(seed: int) -> FloatArray:
    return np.random.default_rng(seed).uniform(0.5, 3.0, SHAPE)


def computed(values: FloatArray, unit: FlowUnit = "mL/min/g") -> FlowMap:
    return FlowMap(values, unit, "btex", np.zeros(1), why_relative=None if unit == "mL/min/g" else "No AIF.")


def never() -> tuple[FlowMap, ...]:
    raise AssertionError("flow was computed")


def test_a_map_is_taken_as_it_is_and_nothing_computed() -> None:
    (found,) = choose_flow([mapped(flow(1))], [WALL], "use", never)
    np.testing.assert_array_equal(found.flow, flow(1).astype(np.float32))
    assert (found.unit, found.model, found.comparison) == ("mL/min/g", "scanner", None)
    assert [flag.code for flag in found.flags] == ["scanner_flow"]


@pytest.mark.parametrize("what", ["use", "compare", "ignore"])
def test_without_a_map_flow_is_computed(what: ScannerFlow) -> None:
    mine = computed(flow(2))
    assert choose_flow([None], [WALL], what, lambda: (mine,)) == (mine,)


def test_an_ignored_map_changes_nothing() -> None:
    mine = computed(flow(2))
    assert choose_flow([mapped(flow(1))], [WALL], "ignore", lambda: (mine,)) == (mine,)


def test_a_reserve_never_mixes_two_methods() -> None:
    both = (computed(flow(2)), computed(flow(3)))
    found = choose_flow([mapped(flow(1)), None], [WALL, WALL], "use", lambda: both)
    assert [one.model for one in found] == ["btex", "btex"]
    assert all([flag.code for flag in one.flags] == ["scanner_flow_unused"] for one in found)


def test_a_known_difference_is_found() -> None:
    mine = flow(2)
    (found,) = choose_flow([mapped(mine + 0.25)], [WALL], "compare", lambda: (computed(mine),))
    assert found.model == "scanner"
    assert found.comparison is not None
    assert found.comparison.mean_difference == pytest.approx(0.25, abs=1e-6)
    assert found.comparison.sd_of_differences == pytest.approx(0.0, abs=1e-6)
    assert found.comparison.correlation == pytest.approx(1.0)
    assert found.comparison.n_pixels == WALL.sum()
    assert "+0.25" in found.flags[-1].message


def test_only_myocardium_with_both_values_is_compared() -> None:
    mine, theirs, wall = flow(2), flow(1), WALL.copy()
    wall[0, :2] = False
    mine[0, 2, :3] = np.nan
    (found,) = choose_flow([mapped(theirs)], [wall], "compare", lambda: (computed(mine),))
    assert found.comparison is not None
    assert found.comparison.n_pixels == 6 * 8 - 3


def test_what_cannot_be_compared_is_told() -> None:
    relative = computed(flow(2), "relative upslope")
    (found,) = choose_flow([mapped(flow(1))], [WALL], "compare", lambda: (relative,))
    assert found.comparison is None
    assert found.flags[-1].code == "scanner_flow_not_compared"


def test_no_correlation_with_a_constant() -> None:
    assert compare(flow(1).ravel(), np.ones(64), "btex").correlation is None
