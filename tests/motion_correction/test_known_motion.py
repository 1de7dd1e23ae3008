"""The benchmark's measure of what a correction leaves of known motion."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.moving_slices import MovingSlice, rms, worst
from operators.motion_correction.displacement import rebase
from operators.series import FloatArray
from perf_app.phantom.geometry import positions
from perf_app.phantom.motion import Motion, draw_patterns

SIZE = (72, 96)
REFERENCE = 2
BREATHING = [(0.0, 0.0, 0.0), (9.0, 7.0, -2.0), (4.0, 6.0, 1.0), (6.0, 2.0, 3.0)]


@pytest.fixture(scope="module")
def moving() -> MovingSlice:
    """Non-rigid motion of four frames about a point beside the middle; the pictures don't matter."""
    center = torch.tensor([4.0, -6.0])
    patterns = draw_patterns(center, 20.0, 0.3, torch.Generator().manual_seed(5))
    away = (positions(SIZE) - center[:, None, None]).norm(dim=0).numpy()
    blank = np.zeros((4, *SIZE), np.float32)
    return MovingSlice(blank, blank[:0], np.arange(4.0), Motion(patterns, torch.tensor(BREATHING)), away < 30)


def true_correction(moving: MovingSlice) -> FloatArray:
    return np.asarray(rebase(torch.from_numpy(moving.truth()), REFERENCE, moving.spacing).numpy())


def test_the_true_motion_leaves_nothing(moving: MovingSlice) -> None:
    still = np.zeros((4, 2, *SIZE), np.float32)
    assert rms(moving.left(still, REFERENCE)) > 3.0
    assert rms(moving.left(true_correction(moving), REFERENCE)) < 0.1


def test_an_offset_is_left_in_full(moving: MovingSlice) -> None:
    """Half of the frames set right, and the others off by 3 mm across and 4 mm down."""
    wrong = true_correction(moving)
    wrong[[1, 3]] += np.array([4.0, 3.0], np.float32)[:, None, None]
    left = moving.left(wrong, REFERENCE)
    assert worst(left) == pytest.approx(5.0, abs=0.1)
    assert rms(left) == pytest.approx(5.0 / np.sqrt(2), abs=0.1)
