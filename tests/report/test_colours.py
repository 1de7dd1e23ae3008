"""The colours say the same to readers of any colour vision."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.colour_vision import VISIONS, apart, steps
from operators.report.colours import TERRITORY_COLOURS, TERRITORY_INKS, flow_scale, reserve_scale

SCALE = flow_scale([], "mL/min/g")


@pytest.mark.parametrize("vision", VISIONS)
def test_more_flow_is_lighter_to_everybody(vision: str) -> None:
    _, rises = steps(SCALE.colormap, vision, 60)
    assert np.all(rises > 0)
    assert rises.sum() > 80


@pytest.mark.parametrize("vision", VISIONS)
def test_half_a_unit_of_flow_is_seen_everywhere_on_the_scale(vision: str) -> None:
    differences, _ = steps(SCALE.colormap, vision, 10)
    assert differences.min() > 5
    if vision == "full":
        assert differences.max() / differences.min() < 1.2


def test_the_rainbow_fails_these() -> None:
    assert not np.all(steps("jet", "full", 60)[1] > 0)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("colours", [TERRITORY_COLOURS, TERRITORY_INKS])
def test_territories_are_told_apart_by_everybody(colours: dict[str, str], vision: str) -> None:
    assert len(colours) == 3
    assert apart(colours, vision) > 20


def test_all_maps_and_bulls_eyes_have_one_scale_of_colours() -> None:
    assert SCALE.colormap == flow_scale([], "relative upslope").colormap == reserve_scale().colormap
