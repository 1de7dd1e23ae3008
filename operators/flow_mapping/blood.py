"""Blood in pixels that were drawn as wall: some at its border, all of it where a ventricle's outflow was drawn over."""

from __future__ import annotations

import numpy as np

from operators.series import FloatArray


def share(curves: FloatArray, tissue: FloatArray, blood: FloatArray) -> FloatArray:
    """How much of the blood's curve lies in each curve, beside as much of the tissue's as fits; neither below zero.

    Args:
        curves: [mmol/L], shape (curve, time).
        tissue: what muscle looks like, shape (time,).
        blood: shape (time,).
    """
    with_tissue, with_blood, both = curves @ tissue, curves @ blood, float(tissue @ blood)
    of_tissue, of_blood = float(tissue @ tissue), float(blood @ blood)
    determinant = max(of_tissue * of_blood - both**2, np.finfo(float).tiny)
    muscle = (of_blood * with_tissue - both * with_blood) / determinant
    found = (of_tissue * with_blood - both * with_tissue) / determinant
    return np.asarray(np.maximum(np.where(muscle > 0, found, with_blood / of_blood), 0))


def without(curves: FloatArray, blood: FloatArray) -> FloatArray:
    """What of curves (..., time) doesn't look like blood, a curve (time,) of any size."""
    direction = blood / np.linalg.norm(blood)
    return np.asarray(curves - (curves @ direction)[..., None] * direction)
