"""What in signal and concentration can't be right, and is told."""

from __future__ import annotations

import numpy as np

from operators.gadolinium.saturation_recovery import LARGEST
from operators.series import BoolArray, FloatArray, ImageSeries, QualityFlag

MANY = 0.002
"""Fraction of the tissue's samples beyond what the sequence can explain above which the reader is warned."""
NEGATIVE = 0.05
"""The same of samples below, where noise takes some."""
BELOW = -0.25
"""A scanner's Gd below this [mmol/L] would take a negative relaxation rate."""
CLIPPED_SHARE = 0.2
"""Of the blood's pixels at the largest value in a frame, and"""
CLIPPED_FRAMES = 2
"""in so many frames: the top is cut off."""


def is_clipped(blood: FloatArray, top: float) -> bool:
    """Whether much of the blood stays at a value.

    Args:
        blood: signal as it was read, shape (time, pixel).
        top: that value, the largest of the blood or of the images.
    """
    at_top = (blood == top).mean(axis=1)
    return int((at_top > CLIPPED_SHARE).sum()) >= min(CLIPPED_FRAMES, len(blood))


def check_range(strong: BoolArray, weak: BoolArray, tissue: BoolArray, end: float, k: int) -> list[QualityFlag]:
    """Flags of a slice with signal that no concentration explains.

    Args:
        strong: samples beyond the upper end, shape (time, row, col).
        weak: samples below the lower end, same shape.
        tissue: where there is signal at all, shape (row, col).
        end: upper end [mmol/L].
        k: index of the slice.
    """
    flags = []
    beyond, below = (float(samples[:, tissue].mean()) if tissue.any() else 0.0 for samples in (strong, weak))
    if beyond > MANY:
        text = (
            f"{100 * beyond:.1f} % of the tissue's signal in slice {k + 1} is stronger than the sequence can explain "
            f"(more than {end:.0f} mmol/L) and was cut off there."
        )
        flags.append(QualityFlag("gd_out_of_range", "warning", text, k))
    if below > NEGATIVE:
        text = (
            f"{100 * below:.0f} % of the tissue's signal in slice {k + 1} is weaker than without contrast agent: "
            "concentration is negative there. Native T1, proton density or the sequence's values may be wrong."
        )
        flags.append(QualityFlag("gd_negative", "warning", text, k))
    return flags


def check_given(series: ImageSeries) -> list[QualityFlag]:
    """Flags of Gd that the scanner made and that no tissue can hold."""
    flags = []
    for k, gadolinium in enumerate(series.pixels):
        known: FloatArray = gadolinium[np.isfinite(gadolinium)]
        if not known.size:
            continue
        if float(np.mean(known > LARGEST)) > MANY:
            text = f"The scanner's Gd in slice {k + 1} exceeds {LARGEST:.0f} mmol/L: its unit may be another."
            flags.append(QualityFlag("gd_out_of_range", "warning", text, k))
        if float(np.mean(known < BELOW)) > NEGATIVE:
            text = f"The scanner's Gd in slice {k + 1} is negative, down to {known.min():.2f} mmol/L."
            flags.append(QualityFlag("gd_negative", "warning", text, k))
    return flags
