"""Contours of a stack of slices, and the angle by which two readers' RV insertions differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from operators.aha_sectors.frame import centroid, long_axis, rotated
from operators.aha_sectors.insertion import Septum, find_septum
from operators.aha_sectors.measurement import slice_levels
from operators.series import FloatArray, IntArray, Label, Level

INSERTIONS = {"insertion_anterior_deg": 1.0, "insertion_inferior_deg": -1.0}


@dataclass(frozen=True, slots=True, eq=False)
class LabelStack:
    """Labels of one scan's slices."""

    labels: IntArray
    """`operators.series.Label` of each pixel, shape (slice, row, col)."""
    affines: FloatArray
    """Pixel (row, col, 0, 1) to LPS mm, shape (slice, 4, 4)."""

    @property
    def spacing(self) -> tuple[float, float]:
        """Of rows and of columns [mm]."""
        steps = np.linalg.norm(self.affines[0, :3, :2], axis=0)
        return float(steps[0]), float(steps[1])

    def centers(self) -> FloatArray:
        """Centroids of the LV cavity in LPS mm, NaN where there is none, shape (slice, 3)."""
        cavity = self.labels == Label.LV_CAVITY
        return np.stack([centroid(mask, affine) for mask, affine in zip(cavity, self.affines, strict=True)])

    def base(self) -> FloatArray:
        """Unit vector from apex to base, LPS."""
        areas = np.isin(self.labels, (Label.LV_CAVITY, Label.MYOCARDIUM)).sum(axis=(1, 2))
        normal = self.affines[0, :3, 2]
        return long_axis(self.centers(), normal / np.linalg.norm(normal), areas)

    def levels(self) -> list[Level | None]:
        """Basal, mid or apical of each slice by its place along the long axis; None where there is no LV."""
        wall, cavity = self.labels == Label.MYOCARDIUM, self.labels == Label.LV_CAVITY
        return slice_levels(wall.any(axis=(1, 2)) & cavity.any(axis=(1, 2)), self.centers(), self.base())[0]


def insertion_errors(truth: LabelStack, found: LabelStack) -> list[dict[str, float]]:
    """Angle between the true and the found direction from the LV's centre to each RV insertion [degree], by slice.

    Each from its own centre and contours; NaN where either can't be made out. The paper's figure is the anterior.
    """
    base = truth.base()
    both = (_septa(stack, base) for stack in (truth, found))
    errors = []
    for true, drawn in zip(*both, strict=True):
        values = dict.fromkeys(INSERTIONS, float("nan"))
        if true is not None and drawn is not None:
            for name, side in INSERTIONS.items():
                ours, theirs = (_direction(septum, base, side) for septum in (true, drawn))
                values[name] = float(np.degrees(np.arccos(np.clip(ours @ theirs, -1, 1))))
        errors.append(values)
    return errors


def _septa(stack: LabelStack, base: FloatArray) -> list[Septum | None]:
    return [
        find_septum(labels == Label.RV, labels == Label.MYOCARDIUM, center, affine, base)
        for labels, center, affine in zip(stack.labels, stack.centers(), stack.affines, strict=True)
    ]


def _direction(septum: Septum, base: FloatArray, side: float) -> FloatArray:
    return rotated(septum.middle, np.cross(base, septum.middle), side * septum.half_width)
