"""The first pass of a bolus in a curve: when it comes, where it peaks, whether it is all there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, signal

from operators.series import FloatArray

SMOOTH = np.array([0.25, 0.5, 0.25])
HIGH = 0.5
"""Peaks this high, as a fraction of the highest, are passes of a bolus; recirculation stays below."""
DIP = 0.6
"""Between two boluses the curve falls below this fraction of the lower one."""
FOOT = 0.05
"""Fraction of the peak at which the bolus has come."""
NOISE = 2.5
"""The same in SD of the baseline, where that is more."""
LATE = 0.25
"""A first sample this high, as a fraction of the peak, means that the bolus was already there."""
WASHED_OUT = 0.6
"""A first pass is over when the curve has fallen below this fraction of its peak."""

APART = 10.0
"""Peaks of two injections lie so far apart at least [s]: the LV follows the RV sooner."""
WEAK, ABOVE_CHANGES = 0.08, 8.0
"""Least height of a weak injection before the strong one: of the strong one's, and in median changes from frame to
frame."""
LASTS = 2.5
"""Least width of a bolus at half its height [s]; what a breath makes is shorter."""
FEWEST_FRAMES = 10
"""Fewer before a strong bolus hold no weak one."""
FLAT = 3
"""So many samples in a row at the very top, for at least"""
FLAT_FOR = 0.8
"""[s], are a top cut off: a bolus is round."""
FLAT_WITHIN = 1e-4
"""The same to this fraction of the curve's range."""
ROUGH = 1.0
"""Mean squared difference between neighbours over the variance: 2 for noise, far less for a bolus."""


@dataclass(frozen=True, slots=True)
class FirstPass:
    """Where the bolus is in a curve."""

    onset: float
    """[s]"""
    peak: int
    """Index of the first pass's peak."""
    baseline: float
    """Level before it, in the curve's unit."""
    starts_late: bool
    """The series begins when the bolus has already come."""
    truncated: bool
    """The series ends before the first pass does."""
    second_bolus: bool
    clipped: bool
    """Its top is flat."""
    bolus: bool
    """Whether there's a bolus at all, and not noise or nothing."""


def find_first_pass(curve: FloatArray, times: FloatArray) -> FirstPass:
    """First pass of a curve.

    The onset is where the curve, followed back from its peak, first falls to its foot.

    Args:
        curve: concentration or signal of blood, shape (time,).
        times: [s], increasing, shape (time,).
    """
    smoothed = ndimage.convolve1d(np.asarray(curve, np.float64), SMOOTH, mode="nearest")
    peaks = _peaks(smoothed)
    peak = peaks[0]
    lowest = float(smoothed.min())
    starts_late = bool(smoothed[0] - lowest > LATE * (smoothed[peak] - lowest))
    baseline, noise = (lowest, 0.0) if starts_late else _baseline(smoothed, peak)
    rise = smoothed[peak] - baseline
    foot = baseline + max(FOOT * rise, NOISE * noise)
    before = np.flatnonzero(smoothed[:peak] <= foot)
    onset = float(times[0])
    if len(before):
        k = int(before[-1])
        part = (foot - smoothed[k]) / (smoothed[k + 1] - smoothed[k])
        onset = float(times[k] + part * (times[k + 1] - times[k]))
    end = peaks[1] if len(peaks) > 1 else len(curve)
    return FirstPass(
        onset=onset,
        peak=peak,
        baseline=baseline,
        starts_late=starts_late,
        truncated=bool(smoothed[peak:end].min() > baseline + WASHED_OUT * rise),
        second_bolus=len(peaks) > 1,
        clipped=_is_flat_topped(np.asarray(curve), times),
        bolus=_is_smooth(np.asarray(curve)),
    )


def bolus_peaks(curve: FloatArray, times: FloatArray) -> list[int]:
    """Indices of the peaks of separate injections, in order; one weak one counts where it comes before the strong one.

    After that recirculation is as high as a weak one would be, so there it can't be told.

    Args:
        curve: concentration or signal of blood, shape (time,).
        times: [s], increasing, shape (time,).
    """
    smoothed = ndimage.convolve1d(np.asarray(curve, np.float64), SMOOTH, mode="nearest")
    strong = _peaks(smoothed)
    strong = [peak for k, peak in enumerate(strong) if k == 0 or times[peak] - times[strong[k - 1]] >= APART]
    before = smoothed[: strong[0]]
    if len(before) < FEWEST_FRAMES or not _is_smooth(np.asarray(curve)):
        return strong
    level = float(np.percentile(before, 20))
    rise = float(smoothed[strong[0]]) - level
    changes = float(np.median(np.abs(np.diff(before))))
    step = float(np.median(np.diff(times)))
    tall, about = signal.find_peaks(
        before, prominence=max(WEAK * rise, ABOVE_CHANGES * changes), width=max(LASTS / step, 1.0)
    )
    early = times[strong[0]] - times[tall] >= APART
    if not early.any():
        return strong
    return [int(tall[np.argmax(np.where(early, about["prominences"], 0.0))]), *strong]


def _is_flat_topped(curve: FloatArray, times: FloatArray) -> bool:
    top = curve.max()
    at_top = np.concatenate([[False], curve >= top - FLAT_WITHIN * (top - curve.min()), [False]])
    begins, ends = np.flatnonzero(np.diff(at_top.astype(int)) == 1), np.flatnonzero(np.diff(at_top.astype(int)) == -1)
    lasts = times[ends - 1] - times[begins]
    return bool(((ends - begins >= FLAT) & (lasts >= FLAT_FOR)).any())


def _is_smooth(curve: FloatArray) -> bool:
    spread = float(curve.var())
    return spread > 0 and float((np.diff(curve) ** 2).mean()) < ROUGH * spread


def _peaks(curve: FloatArray) -> list[int]:
    """Peaks of separate boluses, in order; at least the highest point."""
    level = np.percentile(curve, 5)
    height = curve.max() - level
    padded = np.concatenate([[level], curve, [level]])
    found = signal.find_peaks(padded, height=level + HIGH * height)[0] - 1
    merged: list[int] = []
    for index in found.tolist():
        if merged:
            lower = min(curve[merged[-1]], curve[index]) - level
            if curve[merged[-1] : index + 1].min() - level > DIP * lower:
                merged[-1] = index if curve[index] > curve[merged[-1]] else merged[-1]
                continue
        merged.append(index)
    return merged or [int(np.argmax(curve))]


def _baseline(curve: FloatArray, peak: int) -> tuple[float, float]:
    """Level and SD of the flat part before the peak: what stays in the lower quarter of the rise."""
    before = curve[: max(peak, 1)]
    low = float(np.percentile(before, 20))
    flat = before[before <= low + 0.15 * max(float(curve[peak]) - low, 0.0)]
    return float(np.median(flat)), float(np.std(flat))
