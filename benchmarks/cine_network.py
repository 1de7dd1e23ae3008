"""myopari (PyPI), a network trained on cine hearts that ships its weights, on single frames of a first pass.

It takes one frame, so frame and field of view are chosen in its favour: the frame by the true cavity's curve, the field
of view about the true heart, of the size on which it does best, with a border that it doesn't cut away. Of the package
only the processing is imported, not the viewer; `make bench` installs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from contextlib import redirect_stdout
from io import StringIO
from types import ModuleType

import numpy as np
from scipy.ndimage import binary_fill_holes, map_coordinates

from operators.series import FloatArray, ImageSeries, IntArray, Label

PACKAGE = "myopari"
FIELD_OF_VIEW_MM = 256.0
PIXELS = 256
AFTER_PEAK = 3
"""Frames after the LV's peak: the fixed choice that is best on the real series."""
SEARCHED = range(-1, 9)
"""Frames about the peak among which the best is looked for."""
LABELS = {1: Label.RV, 2: Label.MYOCARDIUM, 3: Label.LV_CAVITY}


class CineNetwork:
    """Its network for cine images of healthy and sick hearts."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            ImportError: the package is not installed.
        """
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.submodule_search_locations is None:
            raise ImportError(f"{PACKAGE} is not installed")
        package = ModuleType(PACKAGE)
        package.__path__ = list(found.submodule_search_locations)
        sys.modules[PACKAGE] = package
        with redirect_stdout(StringIO()):
            processor = importlib.import_module(f"{PACKAGE}.processors.SEGProcessor")
        self._module = processor.SEG_module()
        self._module.edge_device = processor.EdgeDevice.RASBERRY_PI.value

    def segment(self, series: ImageSeries, truth: IntArray, best: bool = False) -> IntArray:
        """Labels of every slice, shape (slice, row, col).

        Args:
            series: first pass.
            truth: true labels, to choose frame and field of view.
            best: take the frame with the best Dice of myocardium and cavity instead of a fixed one: no user could.
        """
        found = []
        for frames, true in zip(series.pixels, truth, strict=True):
            peak = lv_peak(frames, true)
            steps = SEARCHED if best else (AFTER_PEAK,)
            chosen = sorted({min(max(peak + step, 0), len(frames) - 1) for step in steps})
            tries = [self._frame(frames[k], true, series.pixel_spacing) for k in chosen]
            found.append(max(tries, key=lambda labels: _score(labels, true)))
        return np.stack(found)

    def _frame(self, frame: FloatArray, true: IntArray, spacing: tuple[float, float]) -> IntArray:
        steps = FIELD_OF_VIEW_MM / PIXELS / np.asarray(spacing)
        middle = np.argwhere(true > 0).mean(axis=0)
        offsets = np.arange(PIXELS) - (PIXELS - 1) / 2
        at = np.stack(np.meshgrid(*(m + offsets * s for m, s in zip(middle, steps, strict=True)), indexing="ij"))
        lowest = max(float(np.percentile(frame, 5)), 1e-3)
        picture = map_coordinates(frame.clip(min=lowest), at, order=1, mode="constant", cval=lowest)
        # It cuts away a border of the least value, and with it the field of view: two bright corners keep it.
        picture[0, 0] = picture[-1, -1] = picture.max()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            labels = self._module.segment(picture[..., None])[..., 0]
        rows, cols = (np.arange(n) for n in true.shape)
        back = np.stack(np.meshgrid(rows, cols, indexing="ij")) - middle[:, None, None]
        back = back / steps[:, None, None] + (PIXELS - 1) / 2
        there = map_coordinates(labels.astype(np.int64), back, order=0, mode="constant", cval=0)
        return np.select([there == value for value in LABELS], list(LABELS.values()), 0)


def lv_peak(frames: FloatArray, true: IntArray) -> int:
    """Frame in which the LV's blood is brightest."""
    cavity = true == Label.LV_CAVITY
    if not cavity.any():
        wall = true == Label.MYOCARDIUM
        cavity = binary_fill_holes(wall) & ~wall
    return int(frames[:, cavity if cavity.any() else true > 0].mean(axis=1).argmax())


def _score(found: IntArray, true: IntArray) -> float:
    shares = []
    for label in (Label.MYOCARDIUM, Label.LV_CAVITY):
        ours, theirs = true == label, found == label
        if ours.any():
            shares.append(2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()))
    return float(np.sum(shares))
