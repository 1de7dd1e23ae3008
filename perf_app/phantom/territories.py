"""Segments and coronary territories of the AHA's 16-segment model, by angle and level.

Cerqueira et al., Circulation 2002;105:539. The angle starts at mid-septum and is positive towards anterior.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from operators.aha_sectors.model import SEGMENTS_OF_TERRITORY

Territory = Literal["LAD", "RCA", "LCx"]
# By sixths (quarters) of the circle, from -180 degrees upwards.
BASAL = (5, 4, 3, 2, 1, 6)
MID = (11, 10, 9, 8, 7, 12)
APICAL = (16, 15, 14, 13)


def segments(angle: Tensor) -> Tensor:
    """AHA segment 1 to 16 at each angle.

    Args:
        angle: from mid-septum, positive towards anterior [rad], shape (slice, row, col) with basal, mid, apical slices.

    Returns:
        uint8, same shape.
    """
    levels = []
    for one, numbers in zip(angle, (BASAL, MID, APICAL), strict=True):
        width = 2 * math.pi / len(numbers)
        start = -math.pi if len(numbers) == 6 else -math.pi - width / 2
        index = torch.div(one - start, width, rounding_mode="floor").long() % len(numbers)
        levels.append(torch.tensor(numbers, dtype=torch.uint8, device=angle.device)[index])
    return torch.stack(levels)


def membership(angle: Tensor, territory: Territory, softness: float) -> Tensor:
    """How much of each place a territory supplies, 0 to 1, changing over `softness` [rad]; shape as of `segments`."""
    # The mean over a window about each place: a soft edge without a table of where each territory begins.
    offsets = torch.linspace(-softness / 2, softness / 2, 9)
    supplied = torch.tensor(SEGMENTS_OF_TERRITORY[territory], device=angle.device)
    windows = [torch.isin(segments(angle + float(o)), supplied).float() for o in offsets]
    return torch.stack(windows).mean(0)
