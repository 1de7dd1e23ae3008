"""Pixels to AHA segments, walls to layers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from operators.series import BoolArray, FloatArray, Level

_SIX = np.array([5, 4, 3, 2, 1, 6])
"""Segment of the basal ring by 60-degree step from -180 degrees, mid-septum at 0, anterior positive."""
_FOUR = np.array([16, 15, 14, 13])
"""Segment of the apical ring by 90-degree step from -225 degrees."""


def segment_of_angle(angle: FloatArray, level: Level) -> npt.NDArray[np.uint8]:
    """AHA segment of an angle from mid-septum, positive to anterior [rad], any shape.

    Six segments of 60 degrees in basal and mid slices, with a border at mid-septum; four of 90 degrees in apical ones,
    with the septal one centred there.
    """
    if level == "apical":
        step = np.floor((np.degrees(angle) + 225) / 90).astype(int) % 4
        return np.asarray(_FOUR[step], np.uint8)
    # The modulo after the floor: an angle a rounding error below -180 degrees must not fall off the end.
    step = np.floor((np.degrees(angle) + 180) / 60).astype(int) % 6
    return np.asarray(_SIX[step] + (6 if level == "mid" else 0), np.uint8)


def wall_layers(wall: BoolArray, cavity: BoolArray, spacing: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """1 in the inner half of the wall, 2 in the outer, 0 elsewhere and where there is no cavity; (row, col).

    The halves meet where the distances to endocardium and epicardium are equal.
    """
    layers = np.zeros(wall.shape, np.uint8)
    if not cavity.any():
        return layers
    from_endocardium = distance_transform_edt(~cavity, sampling=spacing)
    # A border of background: the wall may reach the edge of the image.
    inside = np.pad(wall | cavity, 1)
    from_epicardium = distance_transform_edt(inside, sampling=spacing)[1:-1, 1:-1]
    layers[wall] = np.where(from_endocardium < from_epicardium, 1, 2)[wall]
    return layers
