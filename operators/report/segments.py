"""The AHA 16-segment model as the report shows it (Cerqueira et al., Circulation 2002)."""

from __future__ import annotations

TERRITORY_OF = {
    **dict.fromkeys((1, 2, 7, 8, 13, 14), "LAD"),
    **dict.fromkeys((3, 4, 9, 10, 15), "RCA"),
    **dict.fromkeys((5, 6, 11, 12, 16), "LCx"),
}
"""Coronary artery of each segment."""

_WALLS = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
SEGMENT_NAMES = {
    **{1 + k: f"basal {wall}" for k, wall in enumerate(_WALLS)},
    **{7 + k: f"mid {wall}" for k, wall in enumerate(_WALLS)},
    **{13 + k: f"apical {wall}" for k, wall in enumerate(("anterior", "septal", "inferior", "lateral"))},
}
