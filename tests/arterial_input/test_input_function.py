"""The arterial input from whatever there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import affines
from moving_heart import MovingHeart, gamma_variate
from pydicom import Dataset

from operators.arterial_input.input_function import find_arterial_input
from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.gadolinium.parameters import resolve_aif
from operators.gadolinium.saturation_recovery import proton_density, saturation_recovery
from operators.protocol import Protocol
from operators.series import (
    AifSeries,
    ArterialInput,
    FloatArray,
    GadoliniumSeries,
    ImageSeries,
    PerfusionScan,
    Sequence,
    State,
)

HEART = MovingHeart(rows=60, columns=52, spacing=5.6, amplitude=0.0, n_frames=60, interval=0.8, level=0.0)
SEQUENCE = Sequence("flash", 0.00212, 0.65e-3, np.deg2rad(8), 0.0236, 36, 2.0)
PD_FLIP = np.deg2rad(5)


def series_of(images: FloatArray, times: FloatArray, sequence: Sequence) -> ImageSeries:
    headers = (tuple(Dataset() for _ in images),)
    return ImageSeries(("1.2.3",), images[None], "a.u.", times[None], affines(1), headers, sequence)


def make_scan(noise: float = 2.0, field: float = 1.5) -> PerfusionScan:
    """AIF images of two echoes and proton density with the model's own signal; the main images are plain."""
    parts, curves, coil = HEART.regions(HEART.grid()), HEART.concentration(), HEART.coil()
    plain = series_of(HEART.images(), HEART.times, Sequence())
    probe = PerfusionScan(
        State.STRESS, "", plain, "Digital", field, 75.0, aif=AifSeries(replace(plain, sequence=SEQUENCE))
    )
    model = replace(resolve_aif(probe, Protocol()).readout, pd_flip_angle=PD_FLIP)
    random = np.random.default_rng(4)

    def echo(time: float) -> ImageSeries:
        images = random.normal(0, noise, (HEART.n_frames, HEART.rows, HEART.columns))
        for name, part in parts.items():
            signal = saturation_recovery(curves[name], model) * np.exp(-time * (25 + 12 * curves[name]))
            images += 20000 * signal[:, None, None] * coil * part
        return series_of(np.abs(images), HEART.times, replace(SEQUENCE, echo_time=time))

    density = 20000 * proton_density(model) * coil * np.exp(-0.65e-3 * 25) * sum(parts.values())
    reference = series_of(
        density + random.normal(0, noise, (2, HEART.rows, HEART.columns)), HEART.times[:2] - 4,
        replace(SEQUENCE, flip_angle=PD_FLIP),
    )  # fmt: skip
    return replace(probe, aif=AifSeries(echo(0.65e-3), echo(1.65e-3), reference))


def gadolinium_of(scan: PerfusionScan, unit: str = "a.u.") -> GadoliniumSeries:
    return GadoliniumSeries(replace(scan.perfusion, unit="mmol/L") if unit == "mmol/L" else scan.perfusion)


def codes(found: ArterialInput) -> set[str]:
    return {flag.code for flag in found.flags}


@pytest.mark.parametrize("field", [1.5, 3.0])
def test_aif_series_gives_whole_blood_concentration(field: float) -> None:
    scan = make_scan(field=field)
    found = find_arterial_input(scan, gadolinium_of(scan), Protocol())
    truth = HEART.concentration()["blood"]
    assert found.source == "aif_series"
    assert found.absolute
    assert not codes(found)
    assert found.values.max() == pytest.approx(truth.max(), rel=0.05)
    np.testing.assert_allclose(found.values, truth, atol=0.06 * truth.max())
    assert found.onset == pytest.approx(find_first_pass(truth, HEART.times).onset, abs=0.5)


def test_missing_second_echo_is_told_and_lowers_the_peak() -> None:
    scan = make_scan(noise=0.5)
    assert scan.aif is not None
    with_both = find_arterial_input(scan, gadolinium_of(scan), Protocol())
    bare = replace(scan, aif=replace(scan.aif, second_echo=None))
    with_one = find_arterial_input(bare, gadolinium_of(scan), Protocol())
    assert codes(with_one) == {"aif_t2_star_uncorrected"}
    assert with_one.values.max() < 0.97 * with_both.values.max()


def test_missing_proton_density_is_told() -> None:
    scan = make_scan(noise=0.5)
    assert scan.aif is not None
    bare = replace(scan, aif=replace(scan.aif, proton_density=None))
    found = find_arterial_input(bare, gadolinium_of(scan), Protocol())
    assert codes(found) == {"aif_no_pd"}
    assert found.values.max() == pytest.approx(HEART.concentration()["blood"].max(), rel=0.2)


@pytest.mark.parametrize("unit", ["a.u.", "mmol/L"])
def test_perfusion_images_give_no_absolute_input_whatever_their_unit(unit: str) -> None:
    scan = replace(make_scan(), aif=None)
    found = find_arterial_input(scan, gadolinium_of(scan, unit), Protocol())
    assert found.source == "perfusion_series"
    assert found.unit == "a.u."
    assert not found.absolute
    assert codes(found) == {"no_aif"}
    assert abs(np.median(found.values[:6])) < 0.05 * found.values.max()
    assert found.pool is not None
    assert found.pool.shape == scan.perfusion.pixels.shape[2:]


def test_images_without_a_bolus_give_none() -> None:
    scan = replace(make_scan(), aif=None)
    noise = np.random.default_rng(0).normal(100, 5, scan.perfusion.pixels.shape)
    empty = GadoliniumSeries(replace(scan.perfusion, pixels=noise))
    found = find_arterial_input(scan, empty, Protocol())
    assert found.source == "none"
    assert found.peak is None
    assert found.onset is None


@pytest.mark.parametrize(("keyword", "factor"), [("AcquisitionTime", 1), ("TriggerTime", 0)])
def test_times_are_those_of_the_centre_of_k_space(keyword: str, factor: float) -> None:
    """An acquisition time is that of the first line; the main images' centre comes later than the AIF images'."""
    scan = make_scan()
    main = Sequence("flash", 0.00243, 0.00103, np.deg2rad(14), 0.0814, 111, 3.0)
    scan = replace(scan, perfusion=stamped(scan.perfusion, keyword, main), aif=stamped_aif(scan.aif, keyword))
    found = find_arterial_input(scan, gadolinium_of(scan), Protocol())
    np.testing.assert_allclose(HEART.times - found.times, factor * (18 * 0.00243 - 9 * 0.00212), atol=1e-9)


def stamped(series: ImageSeries, keyword: str, sequence: Sequence) -> ImageSeries:
    headers = []
    for time in series.times[0]:
        headers.append(Dataset())
        value = f"10{int(time // 60):02d}{time % 60:09.6f}" if keyword == "AcquisitionTime" else round(1000 * time, 3)
        setattr(headers[-1], keyword, value)
    return replace(series, headers=(tuple(headers),), sequence=sequence)


def stamped_aif(aif: AifSeries | None, keyword: str) -> AifSeries:
    assert aif is not None
    assert aif.second_echo is not None
    first, second = (stamped(series, keyword, series.sequence) for series in (aif.first_echo, aif.second_echo))
    return replace(aif, first_echo=first, second_echo=second)


def file_input(times: FloatArray, peak: float = 4.5) -> ArterialInput:
    curve = gamma_variate(times, 9, 4, peak)
    return ArterialInput("file", times, curve, "mmol/L", 9.5)


def test_file_wins() -> None:
    scan = make_scan()
    file = file_input(np.arange(0, 60, 0.5))
    found = find_arterial_input(scan, gadolinium_of(scan), Protocol(), file)
    assert found.source == "file"
    np.testing.assert_array_equal(found.values, file.values)
    assert not codes(found)


def test_file_of_another_time_is_refused() -> None:
    scan = make_scan()
    file = replace(file_input(np.arange(0, 60, 0.5)), times=np.arange(0, 60, 0.5) + 1000)
    with pytest.raises(SettingError, match="runs from 1000"):
        find_arterial_input(scan, gadolinium_of(scan), Protocol(), file)


@pytest.mark.parametrize(
    ("times", "peak", "code"),
    [
        (np.arange(0, 60, 0.5), 0.8, "aif_peak_out_of_range"),
        (np.arange(0, 60, 0.5), 12.0, "aif_peak_out_of_range"),
        (np.arange(0, 14, 0.5), 4.5, "aif_truncated"),
        (np.arange(11, 60, 0.5), 4.5, "aif_starts_late"),
    ],
)
def test_odd_curves_are_flagged(times: FloatArray, peak: float, code: str) -> None:
    scan = make_scan()
    found = find_arterial_input(scan, gadolinium_of(scan), Protocol(), file_input(times, peak))
    assert code in codes(found)


def test_second_bolus_is_flagged() -> None:
    scan = make_scan()
    file = file_input(np.arange(0, 60, 0.5))
    twice = replace(file, values=file.values + gamma_variate(file.times, 35, 4, 4.0))
    assert "aif_second_bolus" in codes(find_arterial_input(scan, gadolinium_of(scan), Protocol(), twice))
