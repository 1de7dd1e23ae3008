"""Geometry of the AHA bull's-eye: base outside, apex inside, anterior up, septum left (Cerqueira et al. 2002).

Coordinates are those of a circle of radius 1 about the origin, x to the right (lateral), y up (anterior).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from operators.aha_sectors.model import TERRITORY_OF
from operators.series import FloatArray

_RINGS = {"basal": (0.71, 1.0), "mid": (0.42, 0.71), "apical": (0.13, 0.42)}


@dataclass(frozen=True, slots=True)
class Cell:
    """One segment's place: radii and angles (degrees, counter-clockwise from lateral)."""

    segment: int
    inner: float
    outer: float
    start: float
    stop: float

    @property
    def territory(self) -> str:
        """Coronary artery."""
        return TERRITORY_OF[self.segment]

    @property
    def center(self) -> tuple[float, float]:
        """Where its number is written."""
        angle, radius = math.radians((self.start + self.stop) / 2), (self.inner + self.outer) / 2
        return radius * math.cos(angle), radius * math.sin(angle)

    def polygon(self, inset: float = 0.0) -> FloatArray:
        """Closed outline, (point, 2) as x, y; `inset` moves every side inwards by that much."""
        inner, outer = self.inner + inset, self.outer - inset
        arcs = []
        for radius, backwards in ((outer, False), (inner, True)):
            turn = math.degrees(inset / radius)
            angles = np.radians(np.linspace(self.start + turn, self.stop - turn, 25))
            arc = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            arcs.append(arc[::-1] if backwards else arc)
        return np.concatenate([*arcs, arcs[0][:1]])


def _ring(first: int, level: str, centers: tuple[int, ...]) -> list[Cell]:
    inner, outer = _RINGS[level]
    half = 180 / len(centers)
    return [Cell(first + k, inner, outer, center - half, center + half) for k, center in enumerate(centers)]


_SIX = (90, 150, 210, 270, 330, 30)
CELLS = (*_ring(1, "basal", _SIX), *_ring(7, "mid", _SIX), *_ring(13, "apical", (90, 180, 270, 0)))
"""All sixteen, in order."""
