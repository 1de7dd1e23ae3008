"""Frames come out in the order of time, whatever the scanner wrote into its many clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from operators.dicom_loading import clock
from operators.series import FloatArray

FRAMES = 24
INTERVALS = st.lists(st.floats(0.35, 1.8), min_size=FRAMES, max_size=FRAMES)


def headers(times: FloatArray, **columns: Sequence[object]) -> list[Dataset]:
    """One header a frame; `times` fills the acquisition time, columns whatever else."""
    found = []
    for index, seconds in enumerate(times):
        header = Dataset()
        moment = datetime(2025, 1, 2, 23, 59, 40) + timedelta(seconds=float(seconds))
        header.AcquisitionDate, header.AcquisitionTime = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S.%f")
        for keyword, values in columns.items():
            setattr(header, keyword, values[index])
        found.append(header)
    return found


@settings(deadline=None, max_examples=25)
@given(INTERVALS, st.randoms(use_true_random=False))
def test_any_shuffle_is_put_in_order_past_midnight_too(intervals: list[float], random: Random) -> None:
    times = np.cumsum(intervals)
    group = headers(times)
    order = list(range(FRAMES))
    random.shuffle(order)
    shuffled = [group[i] for i in order]
    assert clock.trusted_clock([shuffled]) == "AcquisitionTime"
    values = clock.read("AcquisitionTime", shuffled)
    assert values is not None
    assert np.array(order)[np.argsort(values)].tolist() == list(range(FRAMES))
    np.testing.assert_allclose(np.diff(np.sort(values)), np.diff(times), atol=2e-6)


@settings(deadline=None, max_examples=25)
@given(INTERVALS)
def test_a_clock_with_few_values_gives_way_to_the_trigger_time(intervals: list[float]) -> None:
    times = np.cumsum(intervals)
    group = headers(np.floor(times / 20) * 20, TriggerTime=[round(1000 * t, 3) for t in times])
    assert clock.trusted_clock([group]) == "TriggerTime"


@settings(deadline=None, max_examples=25)
@given(INTERVALS, st.floats(0.001, 0.15))
def test_delays_after_the_r_wave_are_no_clock(intervals: list[float], jitter: float) -> None:
    times = np.cumsum(intervals)
    delays = [500 + 1000 * jitter * i / FRAMES for i in range(FRAMES)]
    group = headers(np.zeros(FRAMES), ContentTime=[clock_text(t) for t in times], TriggerTime=delays)
    assert clock.trusted_clock([group]) == "ContentTime"
    assert clock.disagreeing([group]) == ()


def clock_text(seconds: float) -> str:
    return (datetime(2025, 1, 2, 10) + timedelta(seconds=float(seconds))).strftime("%H%M%S.%f")


def test_one_bad_slice_spoils_a_clock() -> None:
    good = headers(np.arange(FRAMES) * 0.8, TriggerTime=[800.0 * i for i in range(FRAMES)])
    bad = headers(np.zeros(FRAMES), TriggerTime=[800.0 * i for i in range(FRAMES)])
    assert clock.trusted_clock([good]) == "AcquisitionTime"
    assert clock.trusted_clock([good, bad]) == "TriggerTime"


def test_a_counter_that_contradicts_the_clock_is_named() -> None:
    numbers = [*range(2, FRAMES + 1), 1]
    group = headers(np.arange(FRAMES) * 0.8, InstanceNumber=numbers)
    assert clock.disagreeing([group]) == ("InstanceNumber",)


def test_nothing_usable() -> None:
    group = headers(np.arange(FRAMES) * 0.04)
    assert clock.trusted_clock([group]) is None
    assert clock.trusted_counter([group]) is None


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 86_399.9))
def test_time_of_day(seconds: float) -> None:
    text = (datetime(2025, 1, 2) + timedelta(seconds=seconds)).strftime("%H%M%S.%f")
    found = clock.time_of_day(text)
    assert found is not None
    assert abs(found - seconds) < 2e-6


def test_odd_times() -> None:
    assert clock.time_of_day("10") == 36_000
    assert clock.time_of_day("10:20:30.5") == 37_230.5
    for odd in ("", "x", "1", "102030x", "10203", "-102030"):
        assert clock.time_of_day(odd) is None
    assert clock.day("20250230") is None
