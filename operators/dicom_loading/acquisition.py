"""Heart rate and field strength, whatever unit or junk the header holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset

from operators.dicom_loading.headers import positive
from operators.series import FloatArray, Role

SLOWEST_BPM, FASTEST_BPM = 30.0, 220.0
LARGEST_TESLA = 20.0
GAUSS_PER_TESLA = 10_000.0
FOLLOWS = 0.2
"""Largest relative difference between the frames' interval and a whole number of nominal ones."""
REGULAR_S = 0.002
"""A spread of frame intervals below this is a computed grid, not a heart."""


def field_strength_t(header: Dataset) -> float | None:
    """Field strength [T]; some makers write gauss."""
    value = positive(header, "MagneticFieldStrength")
    return value / GAUSS_PER_TESLA if value is not None and value > LARGEST_TESLA else value


def _plausible(rate: float) -> bool:
    return SLOWEST_BPM <= rate <= FASTEST_BPM


def _median_rate(headers: Sequence[Dataset], keyword: str) -> float | None:
    values = [value for header in headers if (value := positive(header, keyword)) is not None]
    rates = [60_000.0 / value if keyword == "NominalInterval" else value for value in values]
    kept = [rate for rate in rates if _plausible(rate)]
    return float(np.median(kept)) if kept else None


def stated_heart_rate(headers: Sequence[Dataset]) -> float | None:
    """Median heart rate, else that of the nominal R-R intervals; values no heart has don't count [1/min]."""
    return _median_rate(headers, "HeartRate") or _median_rate(headers, "NominalInterval")


def heart_rate_bpm(headers: Sequence[Dataset], times: FloatArray, role: Role) -> float | None:
    """Heart rate of a scan [1/min].

    The heart rate as stated; else the nominal interval if the frames follow it, one in so many beats, since some
    makers write junk there; else one frame a beat. Gd series on a regular grid tell nothing.

    Args:
        headers: of one slice.
        times: of its frames [s].
        role: of the main images.
    """
    stated, nominal = _median_rate(headers, "HeartRate"), _median_rate(headers, "NominalInterval")
    intervals = np.diff(times)
    if stated is not None or not len(intervals):
        return stated or nominal
    if role is Role.GADOLINIUM and np.ptp(intervals) < REGULAR_S:
        return nominal
    interval = float(np.median(intervals))
    if nominal is not None:
        beats = max(1, round(interval * nominal / 60))
        if abs(interval * nominal / 60 / beats - 1) < FOLLOWS:
            return nominal
    return 60.0 / interval if _plausible(60.0 / interval) else None
