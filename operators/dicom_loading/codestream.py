"""Size that a compressed frame claims for itself, read before a decoder allocates memory for it.

Marker segments: ISO/IEC 10918-1 annex B (JPEG), 14495-1 annex C (JPEG-LS), 15444-1 annex A (JPEG 2000).
"""

from __future__ import annotations

import struct

START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7})
J2K_START = b"\xff\x4f\xff\x51"


def claimed_size(frame: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and components; None where no frame header is found."""
    try:
        return _jpeg(frame) if frame[:2] == b"\xff\xd8" else _jpeg_2000(frame)
    except struct.error:
        return None


def _jpeg(frame: bytes) -> tuple[int, int, int] | None:
    place = 2
    while place + 4 <= len(frame):
        prefix, marker, length = struct.unpack_from(">BBH", frame, place)
        if prefix != 0xFF or length < 2:
            return None
        if marker in START_OF_FRAME:
            rows, columns, components = struct.unpack_from(">xHHB", frame, place + 4)
            return rows, columns, components
        place += 2 + length
    return None


def _jpeg_2000(frame: bytes) -> tuple[int, int, int] | None:
    start = frame.find(J2K_START)
    if start < 0:
        return None
    right, bottom, left, top, components = struct.unpack_from(">4x4I16xH", frame, start + len(J2K_START))
    return bottom - top, right - left, components
