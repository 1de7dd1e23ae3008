"""The AHA 16-segment model (Cerqueira et al., Circulation 2002)."""

from __future__ import annotations

from operators.series import Level

_WALLS = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
_APICAL_WALLS = ("anterior", "septal", "inferior", "lateral")

SEGMENT_NAMES: dict[int, str] = {
    **{1 + k: f"basal {wall}" for k, wall in enumerate(_WALLS)},
    **{7 + k: f"mid {wall}" for k, wall in enumerate(_WALLS)},
    **{13 + k: f"apical {wall}" for k, wall in enumerate(_APICAL_WALLS)},
}

SEGMENTS_OF_LEVEL: dict[Level, tuple[int, ...]] = {
    "basal": tuple(range(1, 7)),
    "mid": tuple(range(7, 13)),
    "apical": tuple(range(13, 17)),
}

SEGMENTS_OF_TERRITORY: dict[str, tuple[int, ...]] = {
    "LAD": (1, 2, 7, 8, 13, 14),
    "RCA": (3, 4, 9, 10, 15),
    "LCx": (5, 6, 11, 12, 16),
}

TERRITORY_OF: dict[int, str] = {
    segment: territory for territory, segments in SEGMENTS_OF_TERRITORY.items() for segment in segments
}
"""Coronary artery of each segment."""
