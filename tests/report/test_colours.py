"""The colours say the same to readers of any colour vision (simulated after Machado et al. 2009)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_rgb

from operators.report.colours import TERRITORY_COLOURS, TERRITORY_INKS, flow_scale, reserve_scale
from operators.series import FloatArray

VISIONS = ("normal", "deuteranomaly", "protanomaly", "tritanomaly")


def seen(colours: FloatArray, vision: str) -> FloatArray:
    """sRGB colours, 0 to 1, as somebody sees them who lacks one kind of cone altogether."""
    if vision == "normal":
        return colours
    space = {"name": "sRGB1+CVD", "cvd_type": vision, "severity": 100}
    return np.asarray(np.clip(cspace_convert(colours, space, "sRGB1"), 0, 1))


def along(vision: str, steps: int) -> FloatArray:
    """The flow scale's colours as seen, lightness and chroma of CAM02-UCS, shape (colour, 3)."""
    scale = flow_scale([], "mL/min/g")
    colours = scale.rgb(np.linspace(scale.low, scale.high, steps)) / 255
    return np.asarray(cspace_convert(seen(colours, vision), "sRGB1", "CAM02-UCS"))


@pytest.mark.parametrize("vision", VISIONS)
def test_more_flow_is_lighter_to_everybody(vision: str) -> None:
    lightness = along(vision, 60)[:, 0]
    assert np.all(np.diff(lightness) > 0)
    assert lightness[-1] - lightness[0] > 80


@pytest.mark.parametrize("vision", VISIONS)
def test_half_a_unit_of_flow_is_seen_everywhere_on_the_scale(vision: str) -> None:
    steps = np.linalg.norm(np.diff(along(vision, 11), axis=0), axis=1)
    assert steps.min() > 5
    if vision == "normal":
        assert steps.max() / steps.min() < 1.2


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("colours", [TERRITORY_COLOURS, TERRITORY_INKS])
def test_territories_are_told_apart_by_everybody(colours: dict[str, str], vision: str) -> None:
    rgb = {name: seen(np.array(to_rgb(colour)), vision) for name, colour in colours.items()}
    assert len(rgb) == 3
    for one, other in combinations(rgb.values(), 2):
        assert deltaE(one, other, input_space="sRGB1") > 20


def test_all_maps_and_bulls_eyes_have_one_scale_of_colours() -> None:
    assert (
        flow_scale([], "mL/min/g").colormap == flow_scale([], "relative upslope").colormap == reserve_scale().colormap
    )
