"""Curves and pixels that can't be right are told, and no flow is given where there can't be any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from builders import make_scan_result

from operators.quality.checks import check_scan
from operators.quality.timing import tissue_onset
from operators.quality.withholding import NO_FLOW, hold_back
from operators.series import FloatArray, ImageSeries, QualityFlag, ScanResult, State

SOUND = make_scan_result(State.REST, mbf=1.0, n_frames=45)


def codes(result: ScanResult) -> dict[str, str]:
    rooms = (result.motion, result.gadolinium, result.arterial_input, result.flow, result.segmentation, result.sectors)
    return {flag.code: flag.severity for flag in check_scan(result.scan, *rooms)}


def shifted(seconds: float) -> ScanResult:
    """The sound scan with an arterial input that comes so much later."""
    aif = SOUND.arterial_input
    onset = None if aif.onset is None else aif.onset + seconds
    return replace(SOUND, arterial_input=replace(aif, times=aif.times + seconds, onset=onset))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.0, {}), (5.0, {"aif_after_tissue": "withheld"}), (-8.0, {"aif_before_tissue": "warning"})],
)
def test_blood_comes_before_tissue_and_not_long_before(seconds: float, told: dict[str, str]) -> None:
    assert codes(shifted(seconds)) == told


def test_a_delay_of_nothing_is_told() -> None:
    flow = replace(SOUND.flow, delay=np.zeros(len(SOUND.flow.delay)))
    assert codes(replace(SOUND, flow=flow)) == {"delay_absent": "warning"}


def test_the_onset_of_tissue_moves_with_its_clock() -> None:
    series = SOUND.gadolinium.series
    later = replace(SOUND.gadolinium, series=replace(series, times=series.times + 2.5))
    before, after = (tissue_onset(gadolinium, SOUND.segmentation) for gadolinium in (SOUND.gadolinium, later))
    assert before is not None
    assert after == pytest.approx(before + 2.5)


def test_tissue_that_never_enhances_tells_no_onset() -> None:
    series = SOUND.gadolinium.series
    noise = np.random.default_rng(0).normal(0, 0.02, series.pixels.shape)
    assert tissue_onset(replace(SOUND.gadolinium, series=replace(series, pixels=noise)), SOUND.segmentation) is None


def blank_frame(pixels: FloatArray) -> None:
    pixels[1, 20] = 0


def constant_slice(pixels: FloatArray) -> None:
    pixels[1] = pixels[1, :1]


def no_numbers(pixels: FloatArray) -> None:
    pixels[1, :, 10, 10] = np.nan


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(blank_frame, "frames_blank"), (constant_slice, "slice_constant"), (no_numbers, "pixels_not_finite")],
)
def test_pixels_without_a_picture_are_told_by_slice(spoil: Callable[[FloatArray], None], code: str) -> None:
    pixels = np.array(SOUND.scan.perfusion.pixels)
    spoil(pixels)
    told = codes(with_series(replace(SOUND.scan.perfusion, pixels=pixels)))
    assert told == {code: "warning"}


def test_a_gap_in_the_series_is_told() -> None:
    times = np.array(SOUND.scan.perfusion.times)
    times[:, 20:] += 4
    assert codes(with_series(replace(SOUND.scan.perfusion, times=times))) == {"frames_gap": "warning"}


def with_series(series: ImageSeries) -> ScanResult:
    return replace(SOUND, scan=replace(SOUND.scan, perfusion=series))


@pytest.mark.parametrize("code", sorted(NO_FLOW))
def test_what_cannot_be_told_is_held_back(code: str) -> None:
    flow, sectors = hold_back(SOUND.flow, SOUND.sectors, [QualityFlag(code, "withheld", "Why.")])
    assert np.isnan(flow.flow).all()
    assert all(np.isnan(values).all() for values in flow.parameters.values())
    assert sectors.whole is None
    for name in ("by_sector", "by_territory", "endocardial", "epicardial"):
        values = getattr(sectors, name)
        assert values.keys() == getattr(SOUND.sectors, name).keys()
        assert set(values.values()) == {None}


def test_nothing_is_held_back_for_a_warning() -> None:
    flow, sectors = hold_back(SOUND.flow, SOUND.sectors, [QualityFlag("few_frames", "info", "Why.")])
    assert flow is SOUND.flow
    assert sectors is SOUND.sectors
