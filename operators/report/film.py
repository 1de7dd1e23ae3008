"""The motion-corrected images as pictures small enough to travel inside a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from operators.report.contours import heart_window
from operators.series import FloatArray, ScanResult

COLUMNS = 10
"""Frames side by side on a sheet: neither side comes near the 16,383 pixels that the format allows."""
BUDGET = 2_400_000
"""All films of a study together [byte], so that the page stays below 5 MB."""
QUALITIES = (95, 85, 70, 45, 15)
"""Of the compression, tried in this order until the films fit."""
FINEST = 192
"""Pixels along a frame's side: of a larger one every second, third ... is shown."""
WHOLE = (0.1, 99.9)
"""Percentiles about the heart that become black and white: what a few pixels have beyond is cut off."""
SHOWN = (2.0, 98.0)
"""Percentiles about the heart at which the first display begins and ends: the myocardium shows beside the blood."""


@dataclass(frozen=True, slots=True)
class Film:
    """One scan's corrected images about the heart, one sheet a slice, frames row by row in the order of time."""

    sheets: tuple[str, ...]
    """WebP data URIs, gray."""
    frames: int
    columns: int
    """Frames side by side."""
    rows_of_frame: int
    columns_of_frame: int
    low: float
    """What is black in the sheets, in the series' unit."""
    high: float
    """What is white."""
    shown: tuple[float, float]
    """What is black and white when the page opens, in the series' unit."""


def films(results: Sequence[ScanResult]) -> tuple[Film, ...]:
    """A film of each scan, at the best quality with which all of them stay within the `BUDGET`."""
    gray = [_gray(result) for result in results]
    for quality in QUALITIES:
        encoded = [[_webp(_sheet(one), quality) for one in pixels] for pixels, _, _ in gray]
        if sum(len(sheet) for sheets in encoded for sheet in sheets) <= BUDGET:
            break
    return tuple(
        Film(
            sheets=tuple("data:image/webp;base64," + base64.b64encode(sheet).decode("ascii") for sheet in sheets),
            frames=pixels.shape[1],
            columns=min(COLUMNS, pixels.shape[1]),
            rows_of_frame=pixels.shape[2],
            columns_of_frame=pixels.shape[3],
            low=ends[0],
            high=ends[1],
            shown=shown,
        )
        for (pixels, ends, shown), sheets in zip(gray, encoded, strict=True)
    )


def _gray(result: ScanResult) -> tuple[npt.NDArray[np.uint8], tuple[float, float], tuple[float, float]]:
    """Images about the heart in 256 levels, shape (slice, time, row, col), and both pairs of ends."""
    window = heart_window(result)
    step = -(-max(window.row_stop - window.row_start, window.column_stop - window.column_start) // FINEST)
    pixels: FloatArray = np.nan_to_num(result.motion.series.pixels[(..., *window.slices)][..., ::step, ::step])
    low, begin, end, high = (float(value) for value in np.percentile(pixels, (WHOLE[0], *SHOWN, WHOLE[1])))
    span = high - low or 1.0
    levels = np.clip((pixels - low) / span, 0, 1) * 255
    return levels.round().astype(np.uint8), (low, low + span), (begin, max(end, begin + span / 255))


def _sheet(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Frames (time, row, col) in rows of `COLUMNS`, black where the last row isn't full."""
    count, rows, columns = frames.shape
    across = min(COLUMNS, count)
    down = -(-count // across)
    full = np.concatenate([frames, np.zeros((across * down - count, rows, columns), np.uint8)])
    return full.reshape(down, across, rows, columns).swapaxes(1, 2).reshape(down * rows, across * columns)


def _webp(sheet: npt.NDArray[np.uint8], quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(sheet).save(stream, "WEBP", quality=quality, method=4)
    return stream.getvalue()
