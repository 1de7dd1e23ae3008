"""Find the proton-density frames: no standard attribute marks them.

They lead the series. What can tell them, in this order: a mark of the dialect (a comment), a lower flip angle or a
missing inversion time, and the step of intensity, because without the saturation pulse the image is much brighter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset

from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.frames import SliceFrames
from operators.dicom_loading.headers import number
from operators.errors import IncompleteSeriesError
from operators.series import BoolArray, FloatArray, QualityFlag

MOST_FRAMES = 8
LOWER_FLIP = 0.75
"""Flip angle of a proton-density frame over that of the others, at most."""
STEP = 1.6
"""Least ratio of brightness between the darkest leading frame and the brightest of the next."""
EVEN = 1.5
"""Largest ratio of brightness among the leading frames."""
BASELINE_FRAMES = 5


def marked_frames(headers: Sequence[Dataset], dialect: Dialect) -> BoolArray:
    """Proton-density frames by their headers, in the order of time; shape (time,)."""
    marks = np.array([dialect.is_proton_density(header) for header in headers])
    if marks.any():
        return marks
    for keyword, factor in (("FlipAngle", LOWER_FLIP), ("InversionTime", 0.5)):
        values = np.array([number(header, keyword) or 0.0 for header in headers])
        lower: BoolArray = values < factor * np.median(values)
        if lower[0] and (count := int(lower.argmin())) <= MOST_FRAMES and not lower[count:].any():
            return lower
    return np.zeros(len(headers), bool)


def brighter_frames(pixels: FloatArray) -> BoolArray:
    """Proton-density frames by the step of intensity: two or more, even among themselves; shape (time,).

    A single bright frame is more likely one that missed its saturation pulse.
    """
    brightness = pixels.mean(axis=(1, 2), dtype=np.float64)
    found = np.zeros(len(pixels), bool)
    for count in range(2, min(MOST_FRAMES, len(pixels) - BASELINE_FRAMES) + 1):
        leading, following = brightness[:count], brightness[count : count + BASELINE_FRAMES]
        if leading.min() > STEP * max(following.max(), 0.0) and leading.max() < EVEN * leading.min():
            found[:count] = True
            break
    return found


def part(
    slices: Sequence[SliceFrames], dialect: Dialect, uid: str, by_brightness: bool = True
) -> tuple[list[SliceFrames], list[SliceFrames], tuple[QualityFlag, ...]]:
    """Saturation-recovery and proton-density frames of each slice; no proton density: an empty list.

    Args:
        slices: of one series.
        dialect: of its headers.
        uid: of the series, for messages.
        by_brightness: whether intensity may tell them; in Gd it can't.

    Raises:
        IncompleteSeriesError: a slice holds proton-density frames only.
    """
    masks = [marked_frames([image.header for image in frames.images], dialect) for frames in slices]
    flags: list[QualityFlag] = []
    if by_brightness and not any(mask.any() for mask in masks):
        masks = [brighter_frames(frames.pixels) for frames in slices]
        if len({int(mask.sum()) for mask in masks}) > 1:
            masks = [np.zeros(len(frames), bool) for frames in slices]
        elif masks[0].any():
            message = f"The first {masks[0].sum()} frames were taken for proton-density frames by their brightness."
            flags.append(QualityFlag("pd_by_brightness", "info", message))
    if any(mask.all() for mask in masks):
        raise IncompleteSeriesError(
            "A slice holds proton-density frames only.", where=uid, hint="Export the saturation-recovery frames too."
        )
    perfusion = [frames.at(~mask) for frames, mask in zip(slices, masks, strict=True)]
    fewest = min(int(mask.sum()) for mask in masks)
    if fewest < max(int(mask.sum()) for mask in masks):
        message = f"The slices hold unequal numbers of proton-density frames; {fewest} of each were used."
        flags.append(QualityFlag("pd_unequal", "info" if fewest else "warning", message))
    if not fewest:
        return perfusion, [], tuple(flags)
    density = [frames.at(np.flatnonzero(mask)[-fewest:]) for frames, mask in zip(slices, masks, strict=True)]
    return perfusion, density, tuple(flags)
