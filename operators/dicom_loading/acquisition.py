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
REGULAR_S = 0.002
"""A spread of frame intervals below this is a computed grid, not a heart."""


def field_strength_t(header: Dataset) -> float | None:
    """Field strength [T]; some makers write gauss."""
    value = positive(header, "MagneticFieldStrength")
    return value / GAUSS_PER_TESLA if value is not None and value > LARGEST_TESLA else value


def _plausible(rate: float) -> bool:
    return SLOWEST_BPM <= rate <= FASTEST_BPM


def stated_heart_rate(headers: Sequence[Dataset]) -> float | None:
    """Median of the heart rates, else of the nominal R-R intervals that are plausible [1/min]."""
    for keyword, is_interval in (("HeartRate", False), ("NominalInterval", True)):
        values = [value for header in headers if (value := positive(header, keyword)) is not None]
        rates = [60_000.0 / value if is_interval else value for value in values]
        if kept := [rate for rate in rates if _plausible(rate)]:
            return float(np.median(kept))
    return None


def heart_rate_bpm(headers: Sequence[Dataset], times: FloatArray, role: Role) -> float | None:
    """Heart rate of a scan [1/min]: stated, else one frame a beat; Gd series on a regular grid don't tell.

    Args:
        headers: of one slice.
        times: of its frames [s].
        role: of the main images.
    """
    stated = stated_heart_rate(headers)
    intervals = np.diff(times)
    if stated is not None or not len(intervals):
        return stated
    if role is Role.GADOLINIUM and np.ptp(intervals) < REGULAR_S:
        return None
    rate = 60.0 / float(np.median(intervals))
    return rate if _plausible(rate) else None
