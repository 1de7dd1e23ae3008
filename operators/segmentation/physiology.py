"""Whether what was drawn fills as a heart does: with a bolus, the RV before the LV, the myocardium after it.

No myocardium fills before the cavity: where a good part of a drawn wall does, it is the RV, as happens at the apex when
the RV brightens in a few frames only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from operators.arterial_input.onset import find_first_pass
from operators.early_blood import LEAD, fills_early
from operators.series import FloatArray, IntArray, Label, QualityFlag

LabelArray = npt.NDArray[np.uint8]

FEWEST = 12
"""Fewer pixels make no curve."""
TOLERANCE = 1.5
"""Blood that comes so much too early [s] comes from elsewhere; noise moves the time of half the rise less than that."""
FAINT = 0.15
"""A wall that brightens by less of what the cavity does tells no time: blood beside it spills over as much."""
NOISY = 10.0
"""Nor does a curve whose range is less than so many times its median change from frame to frame."""
WAIT = 0.3
"""From the RV's half rise to the cavity's, and from there to that of the myocardium, takes longer [s]."""

ALTERNATING = 0.8
"""Frames that resemble one some frames on so much more than the next come from several slices in turn."""
TURNS = 5
"""So many slices at most are looked for."""
EARLY_SHARE = (0.15, 0.6)
"""Share of a wall that fills before the cavity: less is blood that spills over, more is another mistake than this."""


def without_right(frames: FloatArray, times: FloatArray, labels: LabelArray) -> LabelArray:
    """Labels in which what was drawn as wall and is the RV is called so, where no larger RV was drawn.

    Args:
        frames: shape (time, row, col).
        times: [s], shape (time,).
        labels: `Label` of each pixel, shape (row, col).
    """
    wall, cavity = labels == Label.MYOCARDIUM, labels == Label.LV_CAVITY
    if not (wall.any() and cavity.any()):
        return labels
    early = np.zeros_like(wall)
    early[wall] = fills_early(frames[:, wall], times, frames[:, cavity])
    missed = early.sum() > (labels == Label.RV).sum()
    if not (missed and EARLY_SHARE[0] < early.sum() / wall.sum() < EARLY_SHARE[1]):
        return labels
    # The RV's blood is on its way out when the LV's comes; wall beside a cavity full of muscle rises on with it.
    first_peak, second_peak = (times[int(frames[:, part].mean(axis=1).argmax())] for part in (early, cavity))
    if first_peak > second_peak - LEAD:
        return labels
    return np.where(early, np.uint8(Label.RV), labels)


def check_filling(frames: FloatArray, times: FloatArray, labels: IntArray, index: int) -> tuple[QualityFlag, ...]:
    """Flags of a slice whose labels can't be what they say; each means that it isn't drawn.

    Args:
        frames: shape (time, row, col).
        times: [s], shape (time,).
        labels: `Label` of each pixel, shape (row, col).
        index: of the slice.
    """
    parts = {label: labels == label for label in (Label.LV_CAVITY, Label.MYOCARDIUM, Label.RV)}
    curves = {label: np.median(frames[:, part], axis=1) for label, part in parts.items() if part.sum() >= FEWEST}
    cavity = curves.get(Label.LV_CAVITY)
    if cavity is None:
        return ()
    name = f"slice {index + 1}"
    if alternation(frames[:, labels > 0]) < ALTERNATING:
        message = f"The frames of {name} seem to be those of several slices in turn; nothing is drawn there."
        return (QualityFlag("frames_alternate", "warning", message, index),)
    if not find_first_pass(cavity, times).bolus:
        message = f"No contrast agent passes through what looked like a heart in {name}; nothing is drawn there."
        return (QualityFlag("no_first_pass", "warning", message, index),)
    filled = {label: half_rise(curve, times) for label, curve in curves.items() if tells(curve, label, cavity)}
    left = half_rise(cavity, times)
    if abs(filled.get(Label.RV, left) - left) < WAIT and filled.get(Label.MYOCARDIUM, np.inf) < left + WAIT:
        message = f"What was found in {name} enhances all at once; nothing is drawn there."
        return (QualityFlag("not_cardiac", "warning", message, index),)
    late_rv = filled.get(Label.RV, -np.inf) > left + TOLERANCE
    early_wall = filled.get(Label.MYOCARDIUM, np.inf) < left - TOLERANCE
    if late_rv or early_wall:
        what = "The right ventricle fills after the left" if late_rv else "The myocardium enhances before the cavity"
        message = f"{what} in {name}: the order of the frames or the contours are wrong; nothing is drawn there."
        return (QualityFlag("arrival_order", "warning", message, index),)
    return ()


def tells(curve: FloatArray, label: Label, cavity: FloatArray) -> bool:
    """Whether the time of a structure's half rise means anything, beside the cavity's curve; shape (time,) each.

    An RV that falls more than it rises had filled before the series began.
    """
    height = float(np.ptp(curve))
    rise = float(curve.max() - curve[: int(curve.argmax()) + 1].min())
    faint = label is Label.MYOCARDIUM and height < FAINT * float(np.ptp(cavity))
    full = label is Label.RV and rise < height / 2
    return not (faint or full) and height > NOISY * float(np.median(np.abs(np.diff(curve))))


def half_rise(curve: FloatArray, times: FloatArray) -> float:
    """When a curve first reaches half of its range on the way to its highest point [s]; linear between samples."""
    peak = int(curve.argmax())
    half = (float(curve.max()) + float(curve[: peak + 1].min())) / 2
    after = int(np.argmax(curve[: peak + 1] >= half))
    if after == 0:
        return float(times[0])
    return float(np.interp(half, curve[after - 1 : after + 1], times[after - 1 : after + 1]))


def alternation(curves: FloatArray) -> float:
    """Least mean difference of frames 2 to `TURNS` apart, as a share of that of neighbours: 1 of noise, more of blood.

    Args:
        curves: shape (time, pixel).
    """
    apart = [float(np.abs(curves[k:] - curves[:-k]).mean()) for k in range(1, min(TURNS, len(curves) - 1) + 1)]
    return min(apart[1:]) / apart[0] if len(apart) > 1 and apart[0] > 0 else 1.0
