"""What a reader must know of a slice's segmentation before trusting numbers made from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from operators.series import BoolArray, FloatArray, Label, QualityFlag

Labels = npt.NDArray[np.integer[Any]]

OPEN_SHARE = 0.08
"""Share of the cavity's border without myocardium from which the ring counts as open."""
UNSURE = 0.85
"""Mean probability of the chosen labels in the left ventricle below which it counts as unsure."""
NEIGHBOURS = np.ones((3, 3), bool)
EDGE = 2
"""The network's own grid ends within the image's: an RV this near [pixels] is cut off."""


def check_slice(labels: Labels, probabilities: FloatArray, index: int) -> tuple[QualityFlag, ...]:
    """Flags of one slice.

    Args:
        labels: `Label` of each pixel, shape (row, col).
        probabilities: shape (label, row, col).
        index: of the slice.
    """
    cavity, wall, right = (labels == label for label in (Label.LV_CAVITY, Label.MYOCARDIUM, Label.RV))
    name = f"slice {index + 1}"
    if not wall.any():
        return (QualityFlag("no_myocardium", "warning", f"No myocardium was found in {name}.", index),)
    flags = []
    if not cavity.any():
        flags.append(QualityFlag("no_cavity", "warning", f"No left ventricular cavity was found in {name}.", index))
    elif (share := open_share(cavity, wall)) > OPEN_SHARE:
        message = f"The myocardium of {name} leaves {share:.0%} of the cavity's border open."
        flags.append(QualityFlag("ring_open", "warning", message, index))
    if not right.any():
        flags.append(QualityFlag("rv_missing", "warning", f"No right ventricle was found in {name}.", index))
    if _near_edge(cavity | wall, 1):
        message = f"The left ventricle of {name} reaches the edge of the image; part of it may be cut off."
        flags.append(QualityFlag("lv_cut_off", "warning", message, index))
    if _near_edge(right):
        message = f"The right ventricle of {name} reaches the edge of the image: the segments' places may be wrong."
        flags.append(QualityFlag("rv_cut_off", "warning", message, index))
    sure = float(probabilities.max(0)[cavity | wall].mean())
    if sure < UNSURE:
        message = f"The segmentation of {name} is unsure (mean probability {sure:.2f} in the left ventricle)."
        flags.append(QualityFlag("segmentation_unsure", "warning", message, index))
    return tuple(flags)


def open_share(cavity: BoolArray, wall: BoolArray) -> float:
    """Share of the pixels around the cavity that aren't myocardium."""
    around = ndimage.binary_dilation(cavity, NEIGHBOURS) & ~cavity
    return float((around & ~wall).sum() / max(int(around.sum()), 1))


def _near_edge(mask: BoolArray, margin: int = EDGE) -> bool:
    """Whether a mask comes within so many pixels of the image's edge."""
    return bool(mask.sum() > mask[margin:-margin, margin:-margin].sum())
