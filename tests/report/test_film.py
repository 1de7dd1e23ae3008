"""The corrected images that travel inside the page."""

from __future__ import annotations

import base64
import dataclasses
import io

import numpy as np
import pytest
from builders import make_scan_result
from PIL import Image

from operators.report import film
from operators.report.contours import heart_window
from operators.report.film import Film, films
from operators.series import FloatArray, ScanResult


def decoded(one: Film, slice_index: int) -> FloatArray:
    """Frames in the series' unit, shape (time, row, col)."""
    data = base64.b64decode(one.sheets[slice_index].removeprefix("data:image/webp;base64,"))
    sheet = np.array(Image.open(io.BytesIO(data)).convert("L"), np.float64)
    height, width = one.rows_of_frame, one.columns_of_frame
    corners = [divmod(frame, one.columns) for frame in range(one.frames)]
    frames = [sheet[row * height : (row + 1) * height, col * width : (col + 1) * width] for row, col in corners]
    return np.stack(frames) / 255 * (one.high - one.low) + one.low


def about_the_heart(scan: ScanResult) -> FloatArray:
    pixels: FloatArray = scan.motion.series.pixels[(..., *heart_window(scan).slices)]
    return pixels


@pytest.mark.parametrize("n_frames", [9, 24])
def test_frames_come_back_in_order_and_place(n_frames: int) -> None:
    scan = make_scan_result(n_slices=2, n_frames=n_frames)
    (one,) = films([scan])
    assert one.frames == n_frames
    for index, expected in enumerate(about_the_heart(scan)):
        shown = np.clip(expected, one.low, one.high)
        assert np.abs(decoded(one, index) - shown).mean() < 0.01 * (one.high - one.low)


def test_display_begins_inside_what_is_there() -> None:
    (one,) = films([make_scan_result()])
    low, high = one.shown
    assert one.low <= low < high <= one.high


def test_constant_images_can_be_shown() -> None:
    scan = make_scan_result(n_slices=1, n_frames=9)
    series = dataclasses.replace(scan.motion.series, pixels=np.full_like(scan.motion.series.pixels, 7))
    (one,) = films([dataclasses.replace(scan, motion=dataclasses.replace(scan.motion, series=series))])
    assert one.low < one.high
    assert one.shown[0] < one.shown[1]


def test_more_than_the_budget_is_compressed_more(monkeypatch: pytest.MonkeyPatch) -> None:
    scans = [make_scan_result(n_slices=2, n_frames=9)]

    def size(result: tuple[Film, ...]) -> int:
        return sum(len(sheet) for one in result for sheet in one.sheets)

    best = size(films(scans))
    monkeypatch.setattr(film, "BUDGET", best // 2)
    assert 4 / 3 * best // 2 + 200 >= size(films(scans)) > 0


def test_large_images_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "FINEST", 20)
    scan = make_scan_result(n_slices=1, n_frames=9)
    (one,) = films([scan])
    assert max(one.rows_of_frame, one.columns_of_frame) <= 20
    pixels = about_the_heart(scan)
    step = -(-max(pixels.shape[2:]) // 20)
    assert (one.rows_of_frame, one.columns_of_frame) == pixels[0, 0, ::step, ::step].shape
