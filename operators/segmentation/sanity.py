"""What a reader must know of a slice's segmentation before trusting numbers made from it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from operators.series import BoolArray, FloatArray, Label, QualityFlag

Labels = npt.NDArray[np.integer[Any]]

OPEN_SHARE = 0.08
"""Share of the cavity's border without myocardium from which the ring counts as open."""
NO_RING = 0.4
"""The same, from which it is no ring at all: a long axis, or another organ."""
LONGEST = 1.6
"""Length of a cavity by its width beyond which it is no short axis's: at most 1.24 where drawn well on real series."""
LONGEST_VENTRICLE = 1.45
"""The same of cavity and wall together: only with both is it a long axis, else a contour that has run astray."""
CAVITY_MM2 = (40.0, 7000.0)
WALL_MM2 = (300.0, 7000.0)
"""From a small apex to a dilated or a hypertrophied heart."""
STEP_MM = 25.0
"""Between the LV's centres of two neighbouring slices, across the stack."""
NEIGHBOURS = np.ones((3, 3), bool)
EDGE = 2
"""The network's own grid ends within the image's: an RV this near [pixels] is cut off."""


def check_slice(labels: Labels, index: int, spacing: tuple[float, float]) -> tuple[QualityFlag, ...]:
    """Flags of one slice: one ring, a cavity within, the RV beside it, all of a heart's size, none cut off.

    Args:
        labels: `Label` of each pixel, shape (row, col).
        index: of the slice.
        spacing: of rows and columns [mm].
    """
    cavity, wall, right = (labels == label for label in (Label.LV_CAVITY, Label.MYOCARDIUM, Label.RV))
    name = f"slice {index + 1}"
    if not wall.any():
        message = f"No myocardium was found in {name}; nothing is drawn there."
        return (QualityFlag("no_myocardium", "warning", message, index),)
    flags = []
    if not cavity.any():
        flags.append(QualityFlag("no_cavity", "warning", f"No left ventricular cavity was found in {name}.", index))
    elif (share := open_share(cavity, wall)) > NO_RING:
        message = f"What was found in {name} is no ring of myocardium about a cavity; nothing is drawn there."
        return (QualityFlag("no_ring", "warning", message, index),)
    elif (long := elongation(cavity, spacing)) > LONGEST and elongation(cavity | wall, spacing) > LONGEST_VENTRICLE:
        message = f"What was found in {name} is longer than any short axis of a heart; nothing is drawn there."
        return (QualityFlag("long_axis", "warning", message, index),)
    elif long > LONGEST:
        message = f"The cavity drawn in {name} is {long:.1f} times as long as wide; look at its contours."
        flags.append(QualityFlag("segmentation_unsure", "warning", message, index))
    elif share > OPEN_SHARE:
        message = f"The myocardium of {name} leaves {share:.0%} of the cavity's border open."
        flags.append(QualityFlag("ring_open", "warning", message, index))
    flags.extend(_sizes(cavity, wall, index, spacing))
    if not right.any():
        flags.append(QualityFlag("rv_missing", "warning", f"No right ventricle was found in {name}.", index))
    if _near_edge(cavity | wall, 1):
        message = f"The left ventricle of {name} reaches the edge of the image; part of it may be cut off."
        flags.append(QualityFlag("lv_cut_off", "warning", message, index))
    if _near_edge(right):
        message = f"The right ventricle of {name} reaches the edge of the image: the segments' places may be wrong."
        flags.append(QualityFlag("rv_cut_off", "warning", message, index))
    return tuple(flags)


def check_stack(labels: Labels, affines: FloatArray) -> tuple[QualityFlag, ...]:
    """Flags of slices whose LV doesn't continue that of the slice before.

    Args:
        labels: shape (slice, row, col).
        affines: pixel (row, col, 0, 1) to LPS mm, shape (slice, 4, 4).
    """
    flags = []
    left = np.isin(labels, (Label.LV_CAVITY, Label.MYOCARDIUM))
    shown = [k for k in range(len(labels)) if left[k].any()]
    centers = {k: affines[k, :3] @ [*np.argwhere(left[k]).mean(axis=0), 0.0, 1.0] for k in shown}
    for before, k in itertools.pairwise(shown):
        normal = affines[k, :3, 2] / np.linalg.norm(affines[k, :3, 2])
        step = centers[k] - centers[before]
        across = float(np.linalg.norm(step - (step @ normal) * normal))
        if across > STEP_MM:
            message = f"The left ventricle of slice {k + 1} lies {across:.0f} mm beside that of slice {before + 1}."
            flags.append(QualityFlag("slices_discontinuous", "warning", message, k))
    return tuple(flags)


def _sizes(cavity: BoolArray, wall: BoolArray, index: int, spacing: tuple[float, float]) -> list[QualityFlag]:
    flags = []
    for name, mask, (least, most) in (("cavity", cavity, CAVITY_MM2), ("myocardium", wall, WALL_MM2)):
        area = float(mask.sum()) * spacing[0] * spacing[1]
        if area and not least <= area <= most:
            message = f"The {name} of slice {index + 1} has an area of {area / 100:.1f} cm², which no heart's has."
            flags.append(QualityFlag("area_implausible", "warning", message, index))
    return flags


def open_share(cavity: BoolArray, wall: BoolArray) -> float:
    """Share of the pixels around the cavity that aren't myocardium."""
    around = ndimage.binary_dilation(cavity, NEIGHBOURS) & ~cavity
    return float((around & ~wall).sum() / max(int(around.sum()), 1))


def elongation(mask: BoolArray, spacing: tuple[float, float]) -> float:
    """Length by width, as of the ellipse with the same second moments; pixels' own size counts too."""
    places = np.argwhere(mask) * spacing
    spread = (places - places.mean(axis=0)).T @ (places - places.mean(axis=0)) / len(places)
    narrow, wide = np.linalg.eigvalsh(spread + np.diag(np.square(spacing)) / 12)
    return float(np.sqrt(wide / narrow))


def _near_edge(mask: BoolArray, margin: int = EDGE) -> bool:
    """Whether a mask comes within so many pixels of the image's edge."""
    return bool(mask.sum() > mask[margin:-margin, margin:-margin].sum())
