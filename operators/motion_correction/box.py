"""The part of a slice about the heart."""

from __future__ import annotations

import numpy as np
import torch

from operators.motion_correction.demons import Spacing
from operators.series import BoolArray

REACH = 80.0
"""From the heart's middle to the box's sides [mm]."""
RIM = 15.0
"""Width of the box's rim, over which what was found inside fades into what was found outside [mm]."""

Box = tuple[slice, slice]
"""Rows and columns."""


def around(region: BoolArray, spacing: Spacing) -> Box:
    """Box about a region's middle, as far as the image goes."""
    sides = []
    for size, step, places in zip(region.shape, spacing, np.nonzero(region), strict=True):
        middle, reach = round(float(places.mean())), round(REACH / step)
        sides.append(slice(max(0, middle - reach), min(size, middle + reach + 1)))
    return sides[0], sides[1]


def fade(box: Box, size: tuple[int, ...], spacing: Spacing) -> torch.Tensor:
    """Weight of what was found inside the box: 1 there, falling over the rim, 0 outside; shape (row, col).

    Sides that are the image's have no rim.
    """
    ramps = []
    for side, count, step in zip(box, size, spacing, strict=True):
        place = torch.arange(count)
        from_start = (place - side.start + 1) * step / RIM if side.start > 0 else torch.ones(count)
        from_stop = (side.stop - place) * step / RIM if side.stop < count else torch.ones(count)
        ramps.append(torch.minimum(from_start, from_stop).clamp(0, 1))
    return ramps[0][:, None] * ramps[1]
