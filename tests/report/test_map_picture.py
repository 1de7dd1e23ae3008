"""Colours, outlines and pictures of flow maps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from builders import make_scan_result
from hypothesis import given
from hypothesis import strategies as st

from operators.report.colours import ColourScale, flow_scale, ink_on, reserve_scale
from operators.report.contours import heart_window, outlines, sector_outlines
from operators.report.map_picture import direction, slice_picture
from operators.series import FloatArray

SMALL = make_scan_result(n_slices=1, n_frames=12)
SCALES = [flow_scale([], "mL/min/g"), reserve_scale()]


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("scale", SCALES)
def test_more_flow_is_never_darker(scale: ColourScale) -> None:
    colours = [scale.hex(float(value)) for value in np.linspace(scale.low - 1, scale.high + 1, 60)]
    steps = np.diff([luminance(colour) for colour in colours])
    assert np.all(steps >= -1e-3)


@pytest.mark.parametrize("scale", SCALES)
@given(st.floats(0, 5))
def test_number_on_its_colour_is_legible(scale: ColourScale, value: float) -> None:
    ground = scale.hex(value)
    dark, light = sorted((luminance(ground), luminance(ink_on(ground))))
    assert (light + 0.05) / (dark + 0.05) > 4.4


def test_missing_has_a_colour_no_value_has() -> None:
    scale = SCALES[0]
    assert scale.hex(None) == scale.hex(float("nan"))
    assert scale.hex(None) not in {scale.hex(float(value)) for value in np.linspace(0, 5, 500)}


def test_absolute_scale_is_everybody_s_and_relative_scale_holds_the_wall() -> None:
    assert flow_scale([make_scan_result(mbf=4.0)], "mL/min/g") == flow_scale([make_scan_result(mbf=0.8)], "mL/min/g")
    relative = make_scan_result(absolute=False)
    scale = flow_scale([relative], "relative upslope")
    wall = relative.flow.flow[relative.sectors.layers > 0]
    assert scale.high >= np.percentile(wall, 95)
    assert "mL" not in scale.label


def shoelace(points: FloatArray) -> float:
    y, x = points.T
    return 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


@given(st.floats(4, 12), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_outline_encloses_the_mask(radius: float, dy: float, dx: float) -> None:
    row, col = np.mgrid[:40, :40]
    mask = np.hypot(row - 20 - dy, col - 20 - dx) < radius
    (points,) = outlines(mask)
    assert abs(shoelace(points)) == pytest.approx(mask.sum(), rel=0.05)
    assert points.mean(axis=0) == pytest.approx([20 + dy, 20 + dx], abs=0.6)


def test_outline_of_a_half_plane_keeps_to_the_pixel_edge() -> None:
    mask = np.zeros((30, 30), bool)
    mask[5:15, 5:25] = True
    (points,) = outlines(mask)
    middle = points[np.abs(points[:, 1] - 15) < 4]
    assert middle[:, 0].min() == pytest.approx(4.5, abs=0.05)
    assert middle[:, 0].max() == pytest.approx(14.5, abs=0.05)


def test_only_sectors_that_exist_have_outlines() -> None:
    result = make_scan_result(empty_sectors=(5,))
    assert set(sector_outlines(result, 0)) == {1, 2, 3, 4, 6}
    assert outlines(np.zeros((5, 5), bool)) == []


@given(st.integers(0, 20), st.integers(0, 50), st.integers(1, 20), st.integers(1, 13))
def test_window_holds_the_whole_heart(top: int, left: int, height: int, width: int) -> None:
    labels = np.zeros_like(SMALL.segmentation.labels)
    labels[0, top : top + height, left : left + width] = 1
    segmentation = dataclasses.replace(SMALL.segmentation, labels=labels)
    window = heart_window(dataclasses.replace(SMALL, segmentation=segmentation))
    assert np.count_nonzero(labels[0][window.slices]) == np.count_nonzero(labels)
    assert window.width == pytest.approx(window.height, abs=2)


def test_window_without_a_heart_is_the_image() -> None:
    segmentation = dataclasses.replace(SMALL.segmentation, labels=np.zeros_like(SMALL.segmentation.labels))
    window = heart_window(dataclasses.replace(SMALL, segmentation=segmentation))
    assert (window.height, window.width) == pytest.approx((56 * 1.9, 64 * 1.9))


@pytest.mark.parametrize("absolute", [True, False])
def test_picture_is_a_colour_picture_the_same_every_time(absolute: bool) -> None:
    result = make_scan_result(absolute=absolute)
    picture = slice_picture(result, 0)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert np.array_equal(picture, slice_picture(result, 0))
    assert not np.array_equal(picture, slice_picture(result, 1))


@pytest.mark.parametrize(
    ("vector", "letters"),
    [
        ((1, 0, 0), "L"),
        ((-1, 0, 0), "R"),
        ((0, 1, 0), "P"),
        ((0, 0, -2), "F"),
        ((1, -1.2, 0), "AL"),
        ((0, 1, 0.1), "P"),
    ],
)
def test_directions_of_the_patient(vector: tuple[float, float, float], letters: str) -> None:
    assert direction(np.array(vector)) == letters
