"""Which segments have no value, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_LEVEL
from operators.series import Level, QualityFlag, Statistics


def empty_segments(
    by_sector: Mapping[int, Statistics | None], levels: Sequence[Level | None]
) -> tuple[QualityFlag, ...]:
    """One flag for all segments without a value; none where each has one.

    Args:
        by_sector: of all segments.
        levels: of each slice; None: not in use.
    """
    empty = [segment for segment in SEGMENT_NAMES if by_sector[segment] is None]
    if not empty:
        return ()
    if len(empty) == 1:
        text = f"The {SEGMENT_NAMES[empty[0]]} segment ({empty[0]}) holds nothing to measure."
        return (QualityFlag("sector_empty", "warning", text),)
    parts: list[str] = []
    for level, segments in SEGMENTS_OF_LEVEL.items():
        if set(segments) <= set(empty):
            parts.append(f"all {level} ones ({segments[0]} to {segments[-1]})")
        else:
            parts += [f"{SEGMENT_NAMES[segment]} ({segment})" for segment in segments if segment in empty]
    text = f"{len(empty)} of the {len(by_sector)} segments hold nothing to measure: {', '.join(parts)}."
    if unseen := [level for level in SEGMENTS_OF_LEVEL if level not in levels]:
        text += f" No slice shows what is {' or '.join(unseen)}."
    return (QualityFlag("sector_empty", "warning", text),)
