"""How much the heart moves, told by the series alone.

Before correction: the RMS of the displacement that the correction found, against the reference frame. After: the
corrected series is registered once more, to a model of itself, which shows what the correction left undone, and frame
to next frame, which shows motion that the model has taken for contrast; the worse of the two counts. Neither sees the
fraction of every displacement that a smooth field can't follow; on digital hearts with known motion that fraction is
`UNSEEN`, and it is added in quadrature. An estimate, not a measurement.
"""

from __future__ import annotations

import numpy as np
import torch

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
    return float(np.sqrt((np.asarray(field, np.float64)[:, :, region] ** 2).sum(axis=1).mean()))


def rms_after(corrected: torch.Tensor, region: BoolArray, before: float, spacing: Spacing) -> float:
    """Estimated RMS of the motion left in a corrected series [mm].

    Args:
        corrected: images with their bright end near 1, shape (time, row, col).
        region: of the heart, shape (row, col).
        before: RMS of the displacement that was taken out [mm].
        spacing: distance between rows and between columns [mm].
    """
    sharp = normalise(corrected, spacing)
    still = corrected.new_zeros(len(corrected), 2, *corrected.shape[1:])
    to_model = register(sharp, normalise(low_rank(corrected, RANK), spacing), still, spacing)
    to_next = register(sharp[1:], sharp[:-1], still[1:], spacing)
    # Two frames that move independently differ by the square root of two more than each from its place.
    found = max(rms(to_model.numpy(), region), rms(to_next.numpy(), region) / np.sqrt(2))
    return float(np.hypot(found, UNSEEN * before))
