"""Series that are no first pass through a heart's short axis, through the released network: refused or flagged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bundle_scripts import BUNDLE
from first_pass import LV_CAVITY, MYOCARDIUM, RV, first_pass, gadolinium_series

from operators.segmentation.inference import Segmenter
from operators.series import BoolArray, FloatArray

SIZE, SPACING = 100, 2.0
FRAMES = np.arange(48)
DOWN, RIGHT = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2) * SPACING
"""Of each pixel from the middle [mm]."""


def passing(peak: float, height: float = 1.0) -> FloatArray:
    """Blood through which the bolus passes, by frame."""
    return np.asarray(height * np.exp(-0.5 * ((FRAMES - peak) / 4) ** 2) + 0.2 / (1 + np.exp(peak - FRAMES)))


def filling(half: float, height: float, width: float = 2.0) -> FloatArray:
    """Tissue that enhances and stays, by frame."""
    return np.asarray(height / (1 + np.exp((half - FRAMES) / width)))


def film(*parts: tuple[BoolArray, FloatArray], seed: int = 0) -> FloatArray:
    """Series (time, row, col) of shapes and their curves; a later one covers those before."""
    series = np.full((len(FRAMES), SIZE, SIZE), 0.05)
    for shape, curve in parts:
        series[:, shape] = 0.1 + curve[:, None]
    return np.asarray(series + 0.01 * np.random.default_rng(seed).standard_normal(series.shape), np.float32)


def disc(down: float, right: float, radius: float, stretch: float = 1.0) -> BoolArray:
    """An ellipse `stretch` times as high as wide [mm]."""
    return np.asarray(np.hypot((DOWN - down) / stretch, RIGHT - right) < radius)


def long_axis(turn: float, four_chambers: bool) -> FloatArray:
    """Ventricles with the apex `turn` [rad] from the image's bottom, open at the base, an atrium above each."""
    towards_apex, across = (
        np.cos(turn) * DOWN + np.sin(turn) * RIGHT,
        np.cos(turn) * RIGHT - np.sin(turn) * DOWN,
    )
    below = towards_apex > -30

    def half_ellipse(length: float, width: float, beside: float = 0.0) -> BoolArray:
        return np.asarray(below & (np.hypot((towards_apex + 30) / length, (across - beside) / width) < 1))

    right = np.zeros_like(below)
    if four_chambers:
        right = half_ellipse(65, 26, -34) | (~below & (np.hypot(towards_apex + 52, across + 34) < 22))
    return film(
        (right, passing(10, 1.2)),
        (half_ellipse(80, 33), filling(24, 0.25)),
        (half_ellipse(70, 23), passing(20)),
        (np.asarray(~below & (np.hypot(towards_apex + 50, across) < 24)), passing(18)),
    )


def noise(seed: int) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((len(FRAMES), SIZE, SIZE)).astype(np.float32)


def two_kidneys() -> FloatArray:
    """Two discs that fill at once and stay bright."""
    return film((disc(0, 40, 24), filling(15, 1.0)), (disc(0, -40, 24), filling(15, 1.0)))


def abdomen() -> FloatArray:
    """Aorta, caval vein, liver and spleen."""
    liver, spleen = (disc(0, -30, 60, 1.15), filling(24, 0.25)), (disc(-20, 55, 25), filling(23, 0.8, 1.2))
    return film(liver, spleen, (disc(20, 10, 12), passing(20)), (disc(20, -18, 12), filling(30, 0.3)))


def head() -> FloatArray:
    """Brain with two arteries and a sinus that drains it."""
    arteries = [(disc(0, side, 4), passing(20)) for side in (-20.0, 20.0)]
    return film((disc(0, 0, 65, 1.2), passing(23, 0.08)), *arteries, (disc(65, 0, 6), passing(26, 0.7)))


def interleaved() -> FloatArray:
    """Frames of three slices in turn, as if they were one slice's."""
    slices = [first_pass(center_mm=centre)[0][::3] for centre in ((0, 0), (6, -8), (-5, 7))]
    return np.stack(slices, axis=1).reshape(len(FRAMES), SIZE, SIZE)


NOT_DRAWN: dict[str, Callable[[], FloatArray]] = {
    "noise": lambda: noise(0),
    "noise of a magnitude": lambda: np.abs(noise(0) + 1j * noise(1)).astype(np.float32),
    "time reversed": lambda: first_pass()[0][::-1].copy(),
    "frames out of order": lambda: first_pass()[0][np.random.default_rng(4).permutation(48)],
    "slices taken for frames": interleaved,
    "two chambers": lambda: long_axis(0.0, four_chambers=False),
    "two chambers, turned": lambda: long_axis(2.4, four_chambers=False),
    "two kidneys": two_kidneys,
    "abdomen": abdomen,
    "head": head,
}
FLAGGED: dict[str, Callable[[], FloatArray]] = {
    "a row for a frame": lambda: first_pass()[0].transpose(1, 0, 2).copy(),
    "a column for a frame": lambda: first_pass()[0].transpose(2, 1, 0).copy(),
    "four chambers": lambda: long_axis(0.8, four_chambers=True),
}
"""These can look like a first pass through a round heart: that a reader is warned must do."""


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(BUNDLE)


@pytest.mark.parametrize("what", NOT_DRAWN)
def test_what_is_no_first_pass_through_a_short_axis_is_not_drawn(segmenter: Segmenter, what: str) -> None:
    result = segmenter.segment(gadolinium_series(NOT_DRAWN[what]()[None]))
    assert result.flags, "nothing is said of it"
    assert not result.labels.any()


@pytest.mark.parametrize("what", FLAGGED)
def test_what_can_be_taken_for_a_short_axis_is_not_drawn_silently(segmenter: Segmenter, what: str) -> None:
    assert segmenter.segment(gadolinium_series(FLAGGED[what]()[None])).flags


def test_the_same_film_of_a_short_axis_is_drawn(segmenter: Segmenter) -> None:
    """What the refusals above aren't owed to."""
    heart = film(
        (disc(0, -36, 20), passing(10, 1.2)), (disc(0, 0, 28), filling(24, 0.25)), (disc(0, 0, 19), passing(20))
    )
    labels = segmenter.segment(gadolinium_series(heart[None])).labels
    assert all((labels == label).any() for label in (LV_CAVITY, MYOCARDIUM, RV))
