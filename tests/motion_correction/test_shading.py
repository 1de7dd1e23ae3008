"""Laws of brightness where the coils stay and the heart moves."""

from __future__ import annotations

import numpy as np

from operators.motion_correction.displacement import pull
from operators.motion_correction.shading import log_sensitivity, unshade
from operators.series import FloatArray

SPACING = (1.9, 1.9)
ROWS, COLUMNS = np.mgrid[:96, :88].astype(float)
SEEN = np.exp(-((ROWS + 20) ** 2 + (COLUMNS - 30) ** 2) / 2 / 60**2)


def body(down: float) -> FloatArray:
    """Proton density of a body with a heart so many pixels below its middle."""
    heart = np.hypot(ROWS - 48 - down, COLUMNS - 44) < 15
    return np.asarray(np.where(heart, 0.95, 0.8) * (np.hypot(ROWS - 48, COLUMNS - 44) < 42))


def test_a_heart_that_moves_under_a_coil_keeps_its_brightness() -> None:
    shifts = np.array([0.0, 2.0, 4.0, 6.0])
    images = np.stack([SEEN * body(down) for down in shifts])
    field = np.zeros((4, 2, 96, 88))
    field[:, 0] = shifts[:, None, None] * SPACING[0]
    still = pull(images.astype(np.float32), field, SPACING)
    heart = np.hypot(ROWS - 48, COLUMNS - 44) < 10
    before = np.ptp(still[:, heart].mean(axis=1)) / still[0, heart].mean()
    corrected = unshade(still, log_sensitivity(images[:1], SPACING), field, SPACING)
    after = np.ptp(corrected[:, heart].mean(axis=1)) / still[0, heart].mean()
    assert before > 0.08
    assert after < 0.5 * before


def test_what_does_not_move_is_left_as_it_is() -> None:
    images = np.stack([SEEN * body(0)] * 2).astype(np.float32)
    nothing = np.zeros((2, 2, 96, 88))
    np.testing.assert_array_equal(unshade(images, log_sensitivity(images, SPACING), nothing, SPACING), images)


def test_frames_without_signal_tell_no_sensitivity() -> None:
    assert not log_sensitivity(np.zeros((3, 20, 20)), SPACING).any()
    assert np.isfinite(log_sensitivity(np.full((3, 20, 20), np.nan), SPACING)).all()


def test_the_sensitivity_is_smooth_where_tissue_ends() -> None:
    """A bright coil's body in the middle of wide air: pixels that cross its edge aren't multiplied."""
    wide = np.pad(600 * SEEN * body(0), 250)
    steps = np.abs(np.diff(log_sensitivity(wide[None], SPACING), axis=0))
    assert steps.max() < 0.2
