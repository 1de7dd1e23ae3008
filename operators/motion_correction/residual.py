"""How much the heart moves, told by the series alone.

Before correction: the RMS of the displacement that the correction found, against the reference frame. After: the
corrected series is registered once more, to a model of itself, which shows what the correction left undone, and frame
to next frame, which shows motion that the model has taken for contrast; the worse of the two counts. Neither sees the
fraction of every displacement that a smooth field can't follow; on digital hearts with known motion that fraction is
`UNSEEN`, and it is added in quadrature. An estimate, not a measurement.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from operators.motion_correction.box import around
from operators.motion_correction.demons import Spacing, register
from operators.motion_correction.karhunen_loeve import low_rank
from operators.motion_correction.local_contrast import normalise
from operators.series import BoolArray, FloatArray

RANK = 3
UNSEEN = 0.17
"""Part of the motion that neither the correction nor a look at its result can see."""


def rms(field: FloatArray, region: BoolArray) -> float:
    """RMS length of a displacement over all frames within a region, in the field's unit.

    Args:
        field: shape (time, 2, row, col).
        region: shape (row, col).
    """
    return float(np.sqrt((rms_of_frames(field, region) ** 2).mean()))


def rms_of_frames(field: FloatArray, region: BoolArray) -> FloatArray:
    """The same of each frame, shape (time,)."""
    return np.asarray(np.sqrt((np.asarray(field, np.float64)[:, :, region] ** 2).sum(axis=1).mean(axis=1)))


def motion_seen(images: torch.Tensor, region: BoolArray, spacing: Spacing) -> float:
    """RMS of the motion that a series shows [mm], the worse of the two looks.

    Args:
        images: with their bright end near 1, shape (time, row, col).
        region: of the heart, shape (row, col).
        spacing: distance between rows and between columns [mm].
    """
    rows, columns = around(region, spacing)
    near, inside = images[:, rows, columns], region[rows, columns]
    sharp = normalise(images, spacing)[:, rows, columns]
    still = near.new_zeros(len(near), 2, *near.shape[1:])
    to_model = register(sharp, normalise(low_rank(near, RANK), spacing), still, spacing)
    to_next = register(sharp[1:], sharp[:-1], still[1:], spacing)
    # Two frames that move independently differ by the square root of two more than each from its place.
    return max(rms(to_model.cpu().numpy(), inside), rms(to_next.cpu().numpy(), inside) / math.sqrt(2))


def with_unseen(seen: float, before: float) -> float:
    """Estimated RMS of the motion left [mm], from what is seen and the RMS of the displacement that was taken out."""
    return math.hypot(seen, UNSEEN * before)
