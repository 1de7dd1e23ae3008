"""The arterial input from whatever there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from aif_scan import HEART, codes, file_input, gadolinium_of, make_scan
from moving_heart import gamma_variate
from pydicom import Dataset

from operators.arterial_input.input_function import find_arterial_input
from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.protocol import Protocol
from operators.series import (
    AifSeries,
    FloatArray,
    GadoliniumSeries,
    ImageSeries,
    Sequence,
)


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
