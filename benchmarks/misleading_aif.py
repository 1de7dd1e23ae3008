"""AIF images made misleading, one way at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.aif_cases import FOOT, Case
from operators.series import FloatArray, ImageSeries


def with_echoes(case: Case, change: Callable[[ImageSeries], ImageSeries]) -> Case:
    """Both echoes changed alike."""
    aif = case.aif
    second = change(aif.second_echo) if aif.second_echo else None
    aif = replace(aif, first_echo=change(aif.first_echo), second_echo=second)
    return replace(case, scan=replace(case.scan, aif=aif))


def with_images(case: Case, change: Callable[[FloatArray], FloatArray]) -> Case:
    """Both echoes' images changed alike; arrays (time, row, col)."""
    return with_echoes(case, lambda echo: replace(echo, pixels=change(np.array(echo.pixels[0]))[None]))


def with_frames(case: Case, frames: list[int]) -> Case:
    """Some frames only, in this order; where they begin again time goes on."""

    def of(series: ImageSeries) -> ImageSeries:
        times, step = series.times[0], float(np.median(np.diff(series.times[0])))
        again = np.cumsum(np.diff(frames, prepend=frames[0]) < 0)
        headers = (tuple(series.headers[0][k] for k in frames),)
        taken = times[frames] + again * (times[-1] - times[0] + step)
        return replace(series, pixels=series.pixels[:, frames], times=taken[None], headers=headers)

    return with_echoes(case, of)


def rv_in_the_middle(case: Case) -> Case:
    """Pictures and truth rolled round, proton density too."""
    rows, columns = case.right.shape
    row, column = np.argwhere(case.right > 0.5).mean(axis=0)
    shift = (round(rows / 2 - row), round(columns / 2 - column))
    moved = with_images(case, lambda images: np.roll(images, shift, (1, 2)))
    density = moved.aif.proton_density
    if density is not None:
        density = replace(density, pixels=np.roll(density.pixels, shift, (2, 3)))
    aif = replace(moved.aif, proton_density=density)
    return replace(moved, scan=replace(moved.scan, aif=aif), left=np.roll(case.left, shift, (0, 1)))


def onset_frame(case: Case) -> int:
    """First frame in which the LV fills."""
    return int(np.argmax(np.interp(case.aif.first_echo.times[0], case.times, case.curve) > FOOT * case.curve.max()))


def no_numbers(images: FloatArray) -> FloatArray:
    """A hundredth of the pixels without one at times."""
    random = np.random.default_rng(0)
    row, col = (random.integers(0, n, images[0].size // 100) for n in images.shape[1:])
    images[random.integers(0, len(images), len(row)), row, col] = np.nan
    return images


def top(case: Case) -> float:
    """Brightest blood of the LV."""
    return float(np.percentile(case.aif.first_echo.pixels[0][:, case.left > 0.9], 99))


def at_peak(case: Case) -> int:
    """Frame of the LV's peak."""
    return int(np.argmin(np.abs(case.aif.first_echo.times[0] - case.times[int(np.argmax(case.curve))])))


def frames(case: Case) -> list[int]:
    """All of them."""
    return list(range(case.aif.first_echo.n_frames))


HARD: dict[str, Callable[[Case], Case]] = {
    "as they are": lambda case: case,
    "RV twice as bright": lambda case: with_images(case, lambda images: images * (1 + case.right)),
    "RV in the middle": rv_in_the_middle,
    "ends before the LV fills": lambda case: with_frames(case, frames(case)[: onset_frame(case)]),
    "a second bolus": lambda case: with_frames(case, 2 * frames(case)),
    "ends at the peak, with 20 frames at least": lambda case: with_frames(
        case, frames(case)[: max(20, at_peak(case) + 2)]
    ),
    "20 frames": lambda case: with_frames(case, frames(case)[:20]),
    "starts two beats before the peak": lambda case: with_frames(case, frames(case)[at_peak(case) - 2 :]),
    "every fifth beat missing": lambda case: with_frames(case, [k for k in frames(case) if k % 5]),
    "clipped at 60 % of the LV's signal": lambda case: with_images(case, lambda im: np.minimum(im, 0.6 * top(case))),
    "zero": lambda case: with_images(case, np.zeros_like),
    "noise": lambda case: with_images(case, lambda im: np.random.default_rng(0).normal(100, 20, im.shape)),
    "1 % of the pixels NaN": lambda case: with_images(case, no_numbers),
}
"""What is done to them, by its name in the table."""
