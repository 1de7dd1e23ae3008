"""The bull's-eye's geometry and the curves beside it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from builders import TERRITORIES, make_scan_result

from operators.report.bulls_eye import CELLS
from operators.report.curves import limits, motion_strip, tissue_curves
from operators.series import FloatArray


def area(points: FloatArray) -> float:
    x, y = points.T
    return 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def test_cells_tile_the_ring() -> None:
    hole = min(cell.inner for cell in CELLS)
    assert sum(abs(area(cell.polygon())) for cell in CELLS) == pytest.approx(math.pi * (1 - hole**2), rel=2e-3)
    for inset in (0.01, 0.03):
        assert all(abs(area(cell.polygon(inset))) < abs(area(cell.polygon())) for cell in CELLS)


def test_anterior_is_up_and_septal_left() -> None:
    center = {cell.segment: cell.center for cell in CELLS}
    for anterior, inferior in ((1, 4), (7, 10), (13, 15)):
        assert center[anterior][1] > 0 > center[inferior][1]
        assert center[anterior][0] == pytest.approx(0, abs=1e-9)
    assert all(center[septal][0] < 0 for septal in (2, 3, 8, 9, 14))
    assert all(center[lateral][0] > 0 for lateral in (5, 6, 11, 12, 16))
    assert math.hypot(*center[1]) > math.hypot(*center[7]) > math.hypot(*center[13])


def test_territories_are_the_usual_ones() -> None:
    for name, segments in TERRITORIES.items():
        assert {cell.segment for cell in CELLS if cell.territory == name} == set(segments)


def test_curves_follow_the_pixels() -> None:
    result = make_scan_result(empty_sectors=(5,), n_slices=1)
    curves = tissue_curves(result)
    assert set(curves.sectors) == {1, 2, 3, 4, 6}
    pixels = result.gadolinium.series.pixels[0].astype(float)
    assert curves.sectors[4] == pytest.approx(pixels[:, result.sectors.sectors[0] == 4].mean(axis=1))
    sizes = {number: int(np.sum(result.sectors.sectors == number)) for number in (1, 2)}
    expected = sum(curves.sectors[number] * size for number, size in sizes.items()) / sum(sizes.values())
    assert curves.territories["LAD"] == pytest.approx(expected)


def test_doubled_concentration_doubles_the_curves() -> None:
    result = make_scan_result()
    series = dataclasses.replace(result.gadolinium.series, pixels=2 * result.gadolinium.series.pixels)
    doubled = dataclasses.replace(result, gadolinium=dataclasses.replace(result.gadolinium, series=series))
    for number, curve in tissue_curves(result).sectors.items():
        assert tissue_curves(doubled).sectors[number] == pytest.approx(2 * curve, rel=1e-5)


def test_charts_of_one_unit_share_their_ranges() -> None:
    scans = make_scan_result(), make_scan_result(n_frames=30), make_scan_result(absolute=False)
    assert limits(scans[0], scans) == limits(scans[1], scans)
    for scan in scans:
        ranges = limits(scan, scans)
        curves = tissue_curves(scan)
        assert ranges.times[0] <= curves.times[0] < curves.times[-1] <= ranges.times[1]
        assert ranges.tissue[0] <= 0 < max(curve.max() for curve in curves.sectors.values()) <= ranges.tissue[1]


def test_strip_of_an_uncorrected_series_shows_no_change() -> None:
    strip = motion_strip(make_scan_result())
    assert strip.slice_index == 1
    assert strip.before.shape[1] == 24
    assert np.array_equal(strip.before, strip.after)
    assert 0 <= strip.before.min() < strip.before.max() <= 1
