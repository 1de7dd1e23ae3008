"""Two injections in one uninterrupted series are told, by inspection and in the results; breathing is no injection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from dicom_series import write_series
from moving_heart import MovingHeart, gamma_variate

from operators.arterial_input.onset import bolus_peaks
from operators.dicom_loading.inspection import inspect_folder
from operators.dicom_loading.loader import load_study
from operators.series import FloatArray

TIMES = np.arange(0, 75, 0.8)


@dataclass(frozen=True)
class Twice(MovingHeart):
    """With an injection of another dose before."""

    rows: int = 72
    columns: int = 60
    spacing: float = 3.8
    n_frames: int = 80
    first: float = 6.0
    """Onset of that injection [s]."""
    dose: float = 0.0
    """Of it, as a share of the other."""

    def concentration(self) -> dict[str, FloatArray]:
        before = MovingHeart.concentration(replace(self, onset=self.first))
        return {name: curve + self.dose * before[name] for name, curve in super().concentration().items()}


def flags(folder: Path, heart: MovingHeart) -> list[str]:
    """Messages about injections in the loaded scan, which inspection must repeat."""
    write_series(folder, heart.images()[None], times=heart.times[None])
    (scan,) = load_study(folder).scans
    (row,) = inspect_folder(folder).series
    told = [flag.message for flag in scan.flags if flag.code == "several_injections"]
    assert [note for note in row.notes if "injections" in note] == told
    return told


@pytest.mark.parametrize("amplitude", [0.0, 9.0])
@pytest.mark.parametrize("dose", [0.1, 0.2])
def test_a_weak_injection_before_the_strong_one_is_told(tmp_path: Path, dose: float, amplitude: float) -> None:
    (message,) = flags(tmp_path, Twice(onset=38.0, dose=dose, amplitude=amplitude))
    assert "2 injections" in message
    assert "dual-bolus" in message


def test_two_equal_injections_are_told(tmp_path: Path) -> None:
    (message,) = flags(tmp_path, Twice(onset=38.0, dose=1.0))
    assert "2 injections" in message
    assert "from the onset of the first" in message


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("onset", [8.0, 38.0])
def test_one_injection_in_a_breathing_heart_is_one(tmp_path: Path, onset: float, seed: int) -> None:
    assert flags(tmp_path, Twice(onset=onset, seed=seed, amplitude=14.0)) == []


def test_the_rv_s_blood_beside_the_lv_s_is_no_injection() -> None:
    mixed = gamma_variate(TIMES, 20, 4, 4.5) + 0.3 * gamma_variate(TIMES, 14, 3, 6.0)
    assert len(bolus_peaks(mixed, TIMES)) == 1


@pytest.mark.parametrize("apart", [15.0, 30.0])
def test_peaks_are_where_the_boluses_are(apart: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, len(TIMES))
    curve = 0.15 * gamma_variate(TIMES, 6, 3, 4.5) + gamma_variate(TIMES, 6 + apart, 4, 4.5) + noise
    assert TIMES[bolus_peaks(curve, TIMES)] == pytest.approx([9, 10 + apart], abs=1)
