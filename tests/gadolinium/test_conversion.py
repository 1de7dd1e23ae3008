"""From images to concentration, with and without what the conversion would like to have."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from builders import affines
from moving_heart import MovingHeart
from pydicom import Dataset

from operators.errors import IncompleteSeriesError, SettingError
from operators.gadolinium.baseline import count_baseline
from operators.gadolinium.conversion import to_gadolinium
from operators.gadolinium.parameters import PERFUSION, resolve_perfusion
from operators.gadolinium.saturation_recovery import proton_density, saturation_recovery
from operators.protocol import Protocol
from operators.series import (
    AifSeries,
    BoolArray,
    FloatArray,
    ImageSeries,
    MotionCorrection,
    PerfusionScan,
    Sequence,
    State,
)

HEART = MovingHeart(rows=64, columns=64, amplitude=0.0, n_frames=40)
SEQUENCE = Sequence("flash", 0.00243, 0.0012, np.deg2rad(14), 0.0814, 111, 3.0)


def series_of(images: FloatArray, times: FloatArray, sequence: Sequence) -> ImageSeries:
    headers = (tuple(Dataset() for _ in images),)
    return ImageSeries(("1.2.3",), images[None], "a.u.", times[None], affines(1), headers, sequence)


def physical_scan(noise: float = 0.0, field: float = 1.5, sequence: Sequence = SEQUENCE) -> PerfusionScan:
    """Every tissue of the heart with the model's own signal, times density, times coil."""
    density = {"blood": 0.95, "wall": 0.8, "right": 0.95, "liver": 0.9, "lung": 0.1, "chest": 0.7}
    parts = HEART.regions(HEART.grid())
    probe = PerfusionScan(
        State.REST, "", series_of(np.zeros((2, 64, 64)), np.arange(2.0), sequence), "Digital", field, 70.0
    )
    model = resolve_perfusion(probe, Protocol()).readout
    signal = np.zeros((40, 64, 64))
    reference = np.zeros((64, 64))
    for name, part in parts.items():
        weight = 1000 * HEART.coil() * density[name] * part
        signal += saturation_recovery(HEART.concentration()[name], model)[:, None, None] * weight
        reference += proton_density(model) * weight
    random = np.random.default_rng(3)
    signal += random.normal(0, 1, signal.shape) * noise
    frames = reference + random.normal(0, 1, (3, 64, 64)) * noise
    return replace(
        probe,
        perfusion=series_of(signal, HEART.times, sequence),
        proton_density=series_of(frames, HEART.times[:3] - 5, replace(sequence, flip_angle=np.deg2rad(5))),
    )


def still(scan: PerfusionScan) -> MotionCorrection:
    slices, frames, rows, columns = scan.perfusion.pixels.shape
    return MotionCorrection(
        scan.perfusion,
        scan.proton_density,
        np.zeros(slices, int),
        np.zeros((slices, frames, 2, rows, columns)),
        np.zeros(slices),
        np.zeros(slices),
    )


def middle_of(name: str) -> BoolArray:
    return np.asarray(HEART.regions(HEART.grid())[name] > 0.97)


@pytest.mark.parametrize("field", [1.5, 3.0])
@pytest.mark.parametrize("readout", ["flash", "bssfp"])
def test_wall_and_blood_get_their_concentration_back(field: float, readout: Literal["flash", "bssfp"]) -> None:
    default = PERFUSION[readout]
    sequence = replace(
        SEQUENCE, readout=readout, flip_angle=default.flip_angle, saturation_time=default.saturation_time
    )
    scan = physical_scan(field=field, sequence=sequence)
    result = to_gadolinium(scan, still(scan), Protocol())
    assert result.series.unit == "mmol/L"
    for name in ("wall", "blood"):
        truth = HEART.concentration()[name]
        found = result.series.pixels[0][:, middle_of(name)].mean(axis=1)
        np.testing.assert_allclose(found, truth, rtol=0.08, atol=0.03)
    assert not {"no_pd", "sequence_assumed"} & {flag.code for flag in result.flags}


def test_coil_shading_is_gone() -> None:
    scan = physical_scan()
    result = to_gadolinium(scan, still(scan), Protocol()).series.pixels[0]
    blood = middle_of("blood")
    signal = scan.perfusion.pixels[0]
    frame = int(np.argmax(HEART.concentration()["blood"])) + 5
    shading = np.std(signal[frame][blood]) / np.mean(signal[frame][blood])
    left = np.std(result[frame][blood]) / np.mean(result[frame][blood])
    assert shading > 0.05
    assert left < 0.5 * shading


def test_gain_of_the_scanner_changes_nothing() -> None:
    scan = physical_scan(noise=5.0)
    assert scan.proton_density is not None
    louder = replace(
        scan,
        perfusion=replace(scan.perfusion, pixels=scan.perfusion.pixels * 8),
        proton_density=replace(scan.proton_density, pixels=scan.proton_density.pixels * 8),
    )
    a = to_gadolinium(scan, still(scan), Protocol()).series.pixels
    b = to_gadolinium(louder, still(louder), Protocol()).series.pixels
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_series_in_mmol_per_litre_is_passed_on() -> None:
    scan = physical_scan()
    made = replace(scan, perfusion=replace(scan.perfusion, unit="mmol/L"))
    result = to_gadolinium(made, still(made), Protocol())
    assert result.series is made.perfusion
    assert result.assumptions["conversion"] == "made by the scanner"


def test_without_proton_density_the_baseline_stands_in_and_says_so() -> None:
    scan = physical_scan()
    aif = AifSeries(scan.perfusion)
    bare = replace(scan, proton_density=None, aif=aif)
    result = to_gadolinium(bare, still(bare), Protocol())
    assert "no_pd" in {flag.code for flag in result.flags}
    truth = HEART.concentration()["wall"]
    found = result.series.pixels[0][:, middle_of("wall")].mean(axis=1)
    np.testing.assert_allclose(found, truth, rtol=0.15, atol=0.05)


def test_arbitrary_signal_stays_what_it_is() -> None:
    scan = replace(physical_scan(), proton_density=None)
    result = to_gadolinium(scan, still(scan), Protocol())
    assert result.series.unit == "a.u."
    np.testing.assert_array_equal(result.series.pixels, scan.perfusion.pixels)
    assert "signal_arbitrary" in {flag.code for flag in result.flags}


def test_too_strong_signal_is_cut_off_and_flagged() -> None:
    scan = physical_scan()
    pixels = np.array(scan.perfusion.pixels)
    pixels[0, 20, :20] *= 30
    loud = replace(scan, perfusion=replace(scan.perfusion, pixels=pixels))
    result = to_gadolinium(loud, still(loud), Protocol())
    assert "gd_out_of_range" in {flag.code for flag in result.flags}
    assert result.series.pixels.max() <= 10.0001


def test_protocol_wins_over_header_and_header_over_default() -> None:
    scan = physical_scan()
    resolved = resolve_perfusion(scan, Protocol(perfusion=Sequence(flip_angle=0.3), t1_myocardium=1.0))
    assert resolved.readout.flip_angle == 0.3
    assert resolved.assumptions["flip_angle_from"] == "protocol"
    assert resolved.assumptions["saturation_time_s"] == 0.0814
    assert resolved.assumptions["saturation_time_from"] == "header"
    assert resolved.assumptions["t1_myocardium_s"] == 1.0
    assert resolved.assumptions["r1_l_per_mmol_s"] == 5.565
    assert resolved.assumptions["r1_from"] == "default"
    assert not resolved.flags


def test_unknown_sequence_is_flagged() -> None:
    scan = physical_scan()
    unknown = replace(scan, perfusion=replace(scan.perfusion, sequence=Sequence(repetition_time=0.18)))
    resolved = resolve_perfusion(unknown, Protocol())
    (flag,) = resolved.flags
    assert flag.code == "sequence_assumed"
    assert "saturation time" in flag.message
    assert resolved.readout.repetition_time == PERFUSION["flash"].echo_spacing
    assert "not used" in str(resolved.assumptions["header_repetition_time"])


def test_impossible_sequence_is_refused() -> None:
    scan = physical_scan()
    with pytest.raises(SettingError, match="too short") as caught:
        resolve_perfusion(scan, Protocol(perfusion=Sequence(saturation_time=0.02)))
    assert "protocol" in caught.value.hint


def test_baseline_ends_before_the_bolus() -> None:
    images = HEART.images()
    count = count_baseline(images)
    assert count >= 2
    assert HEART.concentration()["right"][count - 1] < 0.3
    assert count >= 3


def with_pixels(scan: PerfusionScan, pixels: FloatArray) -> PerfusionScan:
    return replace(scan, perfusion=replace(scan.perfusion, pixels=pixels))


def with_density(scan: PerfusionScan, pixels: FloatArray) -> PerfusionScan:
    assert scan.proton_density is not None
    return replace(scan, proton_density=replace(scan.proton_density, pixels=pixels))


def codes(scan: PerfusionScan) -> set[str]:
    return {flag.code for flag in to_gadolinium(scan, still(scan), Protocol()).flags}


def test_good_images_raise_no_flag() -> None:
    assert not codes(physical_scan(noise=2.0))


@pytest.mark.parametrize(
    ("factor", "code"), [(4.0, "gd_out_of_range"), (0.25, "gd_negative")], ids=["too strong", "too weak"]
)
def test_signal_that_no_concentration_explains_is_told(factor: float, code: str) -> None:
    scan = physical_scan()
    assert code in codes(with_pixels(scan, scan.perfusion.pixels * factor))


def test_clipped_blood_is_told() -> None:
    scan = physical_scan()
    assert scan.proton_density is not None
    pixels, density = scan.perfusion.pixels, scan.proton_density.pixels
    assert "signal_clipped" in codes(with_pixels(scan, np.minimum(pixels, 0.5 * pixels.max())))
    assert "signal_clipped" in codes(with_density(scan, np.minimum(density, 0.5 * density.max())))


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_empty_proton_density_is_refused(value: float) -> None:
    scan = physical_scan()
    empty = with_density(scan, np.full((1, 3, 64, 64), value))
    with pytest.raises(IncompleteSeriesError, match="no signal") as caught:
        to_gadolinium(empty, still(empty), Protocol())
    assert "baseline" in caught.value.hint


def test_pixels_without_numbers_stay_alone() -> None:
    scan = physical_scan()
    pixels = np.array(scan.perfusion.pixels)
    pixels[0, 3, 30, 30] = np.nan
    with_pd = with_pixels(scan, pixels)
    for one in (with_pd, replace(with_pd, proton_density=None, aif=AifSeries(with_pd.perfusion))):
        found = to_gadolinium(one, still(one), Protocol()).series.pixels[0]
        known = np.isfinite(found).all(axis=0)
        assert not known[30, 30]
        assert (~known).sum() < 0.1 * known.size


def test_proton_density_without_numbers_is_bridged_and_told() -> None:
    scan = physical_scan()
    assert scan.proton_density is not None
    density = np.array(scan.proton_density.pixels)
    density[0, 1, 31, 28:33] = np.nan
    holed = with_density(scan, density)
    found = to_gadolinium(holed, still(holed), Protocol())
    assert "pd_not_finite" in {flag.code for flag in found.flags}
    good = to_gadolinium(scan, still(scan), Protocol()).series.pixels
    np.testing.assert_allclose(found.series.pixels, good, atol=0.15, rtol=0.15)


def test_impossible_gadolinium_of_the_scanner_is_told() -> None:
    scan = physical_scan()
    made = to_gadolinium(scan, still(scan), Protocol()).series
    given = replace(scan, perfusion=made)
    assert not codes(given)
    assert "gd_out_of_range" in codes(with_pixels(given, 1000 * made.pixels))
    assert codes(with_pixels(given, made.pixels - 1)) == {"gd_negative"}
