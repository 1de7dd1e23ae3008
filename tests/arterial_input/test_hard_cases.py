"""Arterial images and curves that mislead: the LV is found all the same, or it is told that it may not be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from aif_scan import HEART, codes, file_input, gadolinium_of, make_scan
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_heart import MovingHeart, gamma_variate

from operators.arterial_input.blood_pool import EDGE_LINEAR, fills_first, find_blood_pool
from operators.arterial_input.csv_file import read_csv
from operators.arterial_input.input_function import find_arterial_input
from operators.arterial_input.onset import find_first_pass
from operators.errors import IncompleteSeriesError, SettingError
from operators.protocol import Protocol
from operators.series import ArterialInput, BoolArray, FloatArray, ImageSeries, PerfusionScan

LEFT, RIGHT = (np.asarray(HEART.regions(HEART.grid())[name] > 0.5) for name in ("blood", "right"))


def images_of(heart: MovingHeart, gain: dict[str, float], curves: dict[str, FloatArray] | None = None) -> FloatArray:
    """Signal that follows Gd, with a gain for some tissues."""
    curves = heart.concentration() | (curves or {})
    parts = heart.regions(heart.grid())
    noise = np.random.default_rng(1).normal(0, 3, (heart.n_frames, heart.rows, heart.columns))
    signal = sum(gain.get(name, 1.0) * (20 + 100 * curves[name][:, None, None]) * part for name, part in parts.items())
    return np.asarray(signal + noise, np.float32)


def dice(a: BoolArray | None, b: BoolArray) -> float:
    assert a is not None
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.parametrize("gain", [0.5, 1.5, 2.5])
def test_a_bright_rv_is_not_taken_for_the_lv(gain: float) -> None:
    images = images_of(HEART, {"right": gain})
    assert dice(find_blood_pool(images, HEART.times, EDGE_LINEAR), LEFT) > 0.8


@pytest.mark.parametrize("columns", [4, 8])
def test_an_rv_in_the_middle_of_the_image_is_not_taken_for_the_lv(columns: int) -> None:
    images = np.roll(images_of(HEART, {"right": 1.3}), columns, axis=2)
    assert dice(find_blood_pool(images, HEART.times, EDGE_LINEAR), np.roll(LEFT, columns, axis=1)) > 0.8


def test_an_organ_that_enhances_late_is_not_taken_for_the_lv() -> None:
    """A large liver that goes on enhancing is the latest of all."""
    late = 2.0 / (1 + np.exp((16 - HEART.times) / 3))
    images = images_of(HEART, {}, {"liver": late, "chest": 0.7 * late})
    assert dice(find_blood_pool(images, HEART.times, EDGE_LINEAR), LEFT) > 0.8


def test_a_bright_aorta_is_not_taken_for_the_lv() -> None:
    """Small, near a coil, and filled a second after the LV."""
    row, col = HEART.grid()
    aorta = np.hypot(row + 60, col - 45) < 12
    later = gamma_variate(HEART.times, HEART.onset + 1.2, 4.0, 4.5)
    images = images_of(HEART, {})
    images[:, aorta] = 2.0 * (20 + 100 * later[:, None])
    assert dice(find_blood_pool(images, HEART.times, EDGE_LINEAR), LEFT) > 0.8


def test_a_lone_chamber_is_told_from_one_of_two() -> None:
    """With an LV that never fills all that is left is the RV."""
    both, lone = images_of(HEART, {}), images_of(HEART, {}, {"blood": 0 * HEART.times})
    found = find_blood_pool(lone, HEART.times, EDGE_LINEAR)
    assert dice(found, RIGHT) > 0.8
    assert found is not None
    assert fills_first(lone, HEART.times, found)
    assert not fills_first(both, HEART.times, LEFT)


def found_in(scan: PerfusionScan) -> ArterialInput:
    return find_arterial_input(scan, gadolinium_of(scan), Protocol())


def with_pixels(scan: PerfusionScan, pixels: FloatArray, *, second: bool = True) -> PerfusionScan:
    """The scan with other first-echo images, and with a second echo or without."""
    assert scan.aif is not None
    first = replace(scan.aif.first_echo, pixels=pixels)
    return replace(scan, aif=replace(scan.aif, first_echo=first, second_echo=scan.aif.second_echo if second else None))


SCAN = make_scan()
assert SCAN.aif is not None
PIXELS = SCAN.aif.first_echo.pixels


def test_a_clipped_series_is_told() -> None:
    assert not codes(found_in(SCAN))
    clipped = found_in(with_pixels(SCAN, np.minimum(PIXELS, 0.6 * PIXELS[:, :, LEFT].max()), second=False))
    assert "aif_clipped" in codes(clipped)


def test_a_series_cut_before_the_lv_fills_is_told() -> None:
    """The RV's bolus comes 3.5 s before the LV's; what is left is the only chamber there is."""
    assert SCAN.aif is not None
    assert SCAN.aif.second_echo is not None
    first, second = (first_frames(series, 12) for series in (SCAN.aif.first_echo, SCAN.aif.second_echo))
    found = found_in(replace(SCAN, aif=replace(SCAN.aif, first_echo=first, second_echo=second)))
    assert {"aif_chamber_unsure", "aif_truncated"} <= codes(found)


def first_frames(series: ImageSeries, number: int) -> ImageSeries:
    headers = tuple(row[:number] for row in series.headers)
    return replace(series, pixels=series.pixels[:, :number], times=series.times[:, :number], headers=headers)


@pytest.mark.parametrize("value", [0.0, 100.0])
def test_images_in_which_nothing_happens_give_no_input(value: float) -> None:
    scan = with_pixels(SCAN, np.full_like(PIXELS, value))
    found = find_arterial_input(scan, gadolinium_of(scan), Protocol())
    assert not found.absolute
    assert "no_aif" in codes(found)


def test_images_of_noise_give_no_input() -> None:
    noise = np.random.default_rng(0).normal(100, 20, PIXELS.shape)
    found = found_in(with_pixels(SCAN, noise))
    assert not found.absolute
    assert "no_aif" in codes(found)


@pytest.mark.parametrize("name", ["first_echo", "second_echo", "proton_density"])
def test_pixels_without_numbers_are_left_out(name: str) -> None:
    """Whichever images they are in."""
    assert SCAN.aif is not None
    series = getattr(SCAN.aif, name)
    spoiled = np.array(series.pixels)
    row, col = np.argwhere(LEFT)[len(np.argwhere(LEFT)) // 2]
    spoiled[0, 1, row, col] = spoiled[0, 1, 0, :3] = np.nan
    found = found_in(replace(SCAN, aif=replace(SCAN.aif, **{name: replace(series, pixels=spoiled)})))
    assert codes(found) == {"aif_pixels_not_finite"}
    np.testing.assert_allclose(found.values, found_in(SCAN).values, atol=0.1)


def test_empty_proton_density_is_refused() -> None:
    assert SCAN.aif is not None
    assert SCAN.aif.proton_density is not None
    density = replace(SCAN.aif.proton_density, pixels=0 * SCAN.aif.proton_density.pixels)
    with pytest.raises(IncompleteSeriesError, match="no signal in the LV"):
        found_in(replace(SCAN, aif=replace(SCAN.aif, proton_density=density)))


TIMES = np.arange(0, 60, 0.5)


@pytest.mark.parametrize("height", [1.0, 2.5, 4.0])
def test_a_flat_top_is_told(height: float) -> None:
    curve = gamma_variate(TIMES, 9, 4, 4.5)
    assert find_first_pass(np.minimum(curve, height), TIMES).clipped
    assert not find_first_pass(curve, TIMES).clipped


@settings(deadline=None, max_examples=60)
@given(st.integers(20, 90), st.floats(0.1, 10), st.integers(0, 9999))
def test_noise_is_hardly_ever_a_bolus(samples: int, scale: float, seed: int) -> None:
    """Ten draws of noise, of which none or a rare one looks smooth by chance."""
    random = np.random.default_rng(seed)
    taken = [find_first_pass(scale * random.normal(size=samples), np.arange(samples) * 1.0).bolus for _ in range(10)]
    assert sum(taken) <= 2


@settings(deadline=None, max_examples=60)
@given(st.floats(4, 9), st.floats(3, 6), st.floats(0, 0.15), st.integers(20, 60), st.integers(0, 9999))
def test_a_bolus_is_one_in_noise_and_in_few_frames(
    onset: float, rise: float, noise: float, samples: int, seed: int
) -> None:
    times = np.cumsum(np.random.default_rng(seed).uniform(0.6, 1.1, samples))
    curve = gamma_variate(times, onset, rise, 4.5) + np.random.default_rng(seed).normal(0, noise, samples)
    assert find_first_pass(curve, times).bolus


@pytest.mark.parametrize("values", ["zero", "noise"])
def test_a_file_without_a_bolus_is_refused(tmp_path: Path, values: str) -> None:
    curve = 0 * TIMES if values == "zero" else 1 + np.random.default_rng(0).uniform(0, 3, len(TIMES))
    path = tmp_path / "aif.csv"
    path.write_text("time_s,gd_mmol_per_l\n" + "".join(f"{t},{v}\n" for t, v in zip(TIMES, curve, strict=True)))
    with pytest.raises(SettingError, match=r"no bolus|no blood concentration"):
        read_csv(path)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 9999))
def test_irregular_samples_of_a_file_move_onset_and_peak_little(seed: int) -> None:
    """Steps between 0.2 and 1.6 s."""
    times = np.cumsum(np.random.default_rng(seed).uniform(0.2, 1.6, 60))
    first_pass = find_first_pass(gamma_variate(times, 9, 4, 4.5), times)
    dense = find_first_pass(gamma_variate(TIMES, 9, 4, 4.5), TIMES)
    assert abs(first_pass.onset - dense.onset) < 1.6
    assert abs(times[first_pass.peak] - TIMES[dense.peak]) < 1.6


def test_a_gap_in_a_file_is_told() -> None:
    file = file_input(TIMES)
    kept = (TIMES < 11) | (TIMES > 16)
    gapped = replace(file, times=TIMES[kept], values=file.values[kept])
    assert "aif_gap" in codes(find_arterial_input(SCAN, gadolinium_of(SCAN), Protocol(), gapped))


def test_a_curve_of_noise_is_withheld() -> None:
    file = file_input(TIMES)
    noise = replace(file, values=np.random.default_rng(1).normal(2, 1, len(TIMES)))
    found = find_arterial_input(SCAN, gadolinium_of(SCAN), Protocol(), noise)
    assert {flag.code: flag.severity for flag in found.flags} == {"aif_no_bolus": "withheld"}
