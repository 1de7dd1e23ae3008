"""Real patients' pixels: a Gd series as an inline reconstruction writes it, AIF series, and series of plain signal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_series import write_daugs

from operators.dicom_loading.inspection import inspect_folder
from operators.dicom_loading.loader import load_study
from operators.errors import IncompleteSeriesError
from operators.series import Role, State


def test_gd_series_is_read_to_the_last_bit(shared_data: Path) -> None:
    (scan,) = load_study(shared_data / "qperf" / "rest_gd_dicom").scans
    gd = np.load(shared_data / "qperf" / "rest_gd.npz")["gd"]
    assert scan.perfusion.unit == "mmol/L"
    assert scan.state is State.REST
    assert scan.proton_density is None
    assert scan.perfusion.pixels.shape == (1, *gd.shape)
    stored = np.round(gd.astype(np.float64) / 0.001)
    np.testing.assert_array_equal(scan.perfusion.pixels[0], (stored * 0.001).astype(np.float32))
    np.testing.assert_allclose(scan.perfusion.times[0], np.arange(68) * 0.5, atol=1e-6)
    assert scan.field_strength_t == 1.5
    assert scan.heart_rate_bpm is None


@pytest.mark.parametrize("number", [1, 2])
def test_aif_series_alone_is_named_and_refused(shared_data: Path, number: int) -> None:
    folder = shared_data / "qperf" / f"aif_series_{number}_dicom"
    (row,) = inspect_folder(folder).series
    assert row.role is Role.AIF
    assert "main perfusion images are missing" in row.action
    with pytest.raises(IncompleteSeriesError, match="main perfusion images are missing") as caught:
        load_study(folder)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("patient", ["Fig5-exD1", "Fig8-exD2"])
def test_plain_signal_series_load_without_inventing_anything(shared_data: Path, tmp_path: Path, patient: str) -> None:
    slices = [shared_data / "daugs" / f"{patient}-{level}.npz" for level in ("Basal", "Mid", "Apical")]
    (scan,) = load_study(write_daugs(tmp_path, slices)).scans
    assert scan.perfusion.pixels.shape == (3, 30, 128, 128)
    assert scan.perfusion.unit == "a.u."
    assert (scan.state, scan.proton_density, scan.aif) == (State.UNKNOWN, None, None)
    assert [flag.code for flag in scan.flags] == ["vendor_unknown"]
    basal = np.load(slices[0])["image"].astype(np.float64)
    np.testing.assert_array_equal(scan.perfusion.pixels[0], np.round(4095 * basal).astype(np.float32))
