"""Order images in time: which of a header's many clocks can be trusted.

A clock is trusted if it differs between all images of each slice and its median step is that of a heart beat or of a
resampled series. Scanners fill the others with constants, delays after the R wave, or the time of the export.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial

import numpy as np
from pydicom import Dataset

from operators.dicom_loading.headers import number, text
from operators.series import FloatArray

SHORTEST_STEP, LONGEST_STEP = 0.2, 5.0
"""Bounds of the median time between two frames [s]."""
DAY = 86_400.0
Clock = Callable[[Dataset], float | None]


def time_of_day(value: str) -> float | None:
    """Seconds of a DICOM time HHMMSS.FFFFFF."""
    value = value.replace(":", "")
    whole, _, fraction = value.partition(".")
    if not (whole.isdigit() and len(whole) in (2, 4, 6) and (fraction.isdigit() or not fraction)):
        return None
    hours, minutes, seconds = (int(whole[i : i + 2] or 0) for i in (0, 2, 4))
    return hours * 3600.0 + minutes * 60.0 + seconds + (float(f"0.{fraction}") if fraction else 0.0)


def day(value: str) -> float | None:
    """Seconds from the start of 2000 to the midnight of a DICOM date YYYYMMDD."""
    try:
        return (date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:8]}") - date(2000, 1, 1)).days * DAY
    except ValueError:
        return None


def _date_time(keyword: str, header: Dataset) -> float | None:
    value = text(header, keyword).split("+")[0].split("-")[0].split("&")[0]
    midnight, seconds = day(value[:8]), time_of_day(value[8:])
    return None if midnight is None or seconds is None else midnight + seconds


def _date_and_time(name: str, header: Dataset) -> float | None:
    seconds = time_of_day(text(header, f"{name}Time"))
    return None if seconds is None else (day(text(header, f"{name}Date")) or 0.0) + seconds


def _scaled(keyword: str, scale: float, header: Dataset) -> float | None:
    value = number(header, keyword)
    return None if value is None else value * scale


CLOCKS: dict[str, Clock] = {
    "FrameAcquisitionDateTime": partial(_date_time, "FrameAcquisitionDateTime"),
    "TemporalPositionTimeOffset": partial(_scaled, "TemporalPositionTimeOffset", 1.0),
    "FrameReferenceDateTime": partial(_date_time, "FrameReferenceDateTime"),
    "AcquisitionTime": partial(_date_and_time, "Acquisition"),
    "ContentTime": partial(_date_and_time, "Content"),
    "TriggerTime": partial(_scaled, "TriggerTime", 0.001),
}
"""In seconds, in the order of preference."""
ON_THE_WALL = ("FrameAcquisitionDateTime", "AcquisitionTime", "ContentTime")
"""Those that go on between injections and series."""
COUNTERS: dict[str, Clock] = {
    name: partial(_scaled, name, 1.0) for name in ("TemporalPositionIdentifier", "AcquisitionNumber", "InstanceNumber")
}
"""They tell the order and no more."""


def read(clock: str, headers: Iterable[Dataset]) -> FloatArray | None:
    """Readings of one clock or counter; None if an image lacks it."""
    reading = {**CLOCKS, **COUNTERS}[clock]
    values = [reading(header) for header in headers]
    return None if any(value is None for value in values) else np.array(values, float)


def tells_apart(values: FloatArray | None) -> bool:
    """Whether all readings differ, by more than the last digit of a time stamp."""
    return values is not None and bool((np.diff(np.sort(values)) > 1e-4).all())


def _beats(values: FloatArray) -> bool:
    return len(values) < 2 or SHORTEST_STEP <= float(np.median(np.diff(np.sort(values)))) <= LONGEST_STEP


def trusted_clock(groups: Sequence[Sequence[Dataset]]) -> str | None:
    """The first clock in seconds that orders every group (the images of one slice, echo and kind)."""
    for clock in CLOCKS:
        readings = [read(clock, group) for group in groups]
        if all(values is not None and tells_apart(values) and _beats(values) for values in readings):
            return clock
    return None


def trusted_counter(groups: Sequence[Sequence[Dataset]]) -> str | None:
    """The first counter that differs between all images of every group."""
    return next((c for c in COUNTERS if all(tells_apart(read(c, group)) for group in groups)), None)


def disagreeing(groups: Sequence[Sequence[Dataset]]) -> tuple[str, ...]:
    """Clocks that can be trusted and counters that tell all images apart, but order some of them otherwise."""
    found = []
    for name in (*CLOCKS, *COUNTERS):
        readings = [values for group in groups if (values := read(name, group)) is not None]
        told = len(readings) == len(groups) and all(map(tells_apart, readings))
        trusted = told and (name in COUNTERS or all(map(_beats, readings)))
        if trusted and any((np.diff(values) < 0).any() for values in readings):
            found.append(name)
    return tuple(found)
