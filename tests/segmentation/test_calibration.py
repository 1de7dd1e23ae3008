"""From how sure the network is to the Dice to expect."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.confidence import FALSE_ALARMS, POOR, Measured, calibrate
from operators.segmentation.confidence import Calibration, read_calibration

DIGEST = "0" * 64


def calibrated(dice: np.ndarray[tuple[int], np.dtype[np.float64]], folder: Path) -> tuple[Calibration, Measured]:
    measured = Measured(dice, np.linspace(0.5, 0.95, len(dice)))
    (folder / "models").mkdir()
    calibrate(folder, DIGEST, [measured])
    calibration = read_calibration(folder, DIGEST)
    assert calibration is not None
    return calibration, measured


def test_the_limit_flags_its_share_of_good_slices_where_a_part_of_the_curve_falls(tmp_path: Path) -> None:
    """Between 0.6 and 0.8 of sureness Dice falls a little: made not to fall, the curve must still tell slices apart."""
    sureness = np.linspace(0.5, 0.95, 160)
    dice = np.interp(sureness, [0.5, 0.6, 0.8, 0.95], [0.75, 0.86, 0.84, 0.95])
    calibration, measured = calibrated(dice, tmp_path)
    assert (np.diff(calibration.dice) > 0).all()
    assert (np.diff(calibration.sureness) > 0).all()
    expected = np.array([calibration.expect(value) for value in measured.sureness])
    good = dice >= POOR
    assert abs((expected[good] < calibration.unsure_below).mean() - FALSE_ALARMS) < 0.02
    assert (expected[~good] < calibration.unsure_below).all()


def test_what_is_expected_is_right_on_the_mean(tmp_path: Path) -> None:
    dice = np.linspace(0.6, 0.95, 160)
    calibration, measured = calibrated(dice, tmp_path)
    expected = np.array([calibration.expect(value) for value in measured.sureness])
    assert abs((expected - dice).mean()) < 0.01
    assert calibration.expect(0.0) == 0
    assert read_calibration(tmp_path, "1" * 64) is None
