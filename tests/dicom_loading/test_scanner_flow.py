"""Maps of blood flow by the scanner are used where unit, place and motion fit, and nowhere else; inspection agrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_series import short_axis_affines, write_series

from operators.dicom_loading.inspection import inspect_folder
from operators.dicom_loading.loader import load_study
from operators.series import FloatArray, PerfusionScan

SLICES, FRAMES = 2, 22
SCALED = "Flow_Map_x100_0.01ml/min/g"


def images(seed: int, frames: int, low: int = 50, high: int = 400, columns: int = 5) -> FloatArray:
    return np.random.default_rng(seed).integers(low, high, (SLICES, frames, 6, columns)).astype(float)


def write_gadolinium(folder: Path) -> None:
    write_series(folder, images(1, FRAMES), description="rest_perf_Gd", comments="Gd_MOCO_x1000_0.001mmol/L")


def write_map(
    folder: Path, comment: str = SCALED, *, columns: int = 5, shift: float = 0.0, apart: bool = False
) -> FloatArray:
    """Stored values, shape (slice, row, col); each slice of 1.9 mm pixels, moved along rows by `shift` mm."""
    stored, affines = images(2, 1, 0, 500, columns), short_axis_affines(SLICES)
    affines[:, :3, 3] += shift * affines[:, :3, 1] / 1.9
    write_series(
        folder,
        stored,
        description="rest_Flow_Map",
        comments=comment,
        number=9,
        affines=affines,
        one_series_per_slice=apart,
    )
    return stored[:, 0]


def load(folder: Path) -> PerfusionScan:
    (scan,) = load_study(folder).scans
    return scan


@pytest.mark.parametrize("apart", [False, True])
def test_a_map_is_scaled_by_its_comment_whether_its_slices_are_one_series_or_several(
    tmp_path: Path, apart: bool
) -> None:
    write_gadolinium(tmp_path)
    stored = write_map(tmp_path, apart=apart)
    scan = load(tmp_path)
    assert scan.scanner_flow is not None
    assert scan.scanner_flow.unit == "mL/min/g"
    np.testing.assert_allclose(scan.scanner_flow.pixels[:, 0], stored / 100, rtol=1e-6)
    assert scan.flags == ()


@pytest.mark.parametrize(
    ("comment", "columns", "shift", "why"),
    [
        ("Flow_Map", 5, 0.0, "unit isn't stated"),
        (SCALED, 4, 0.0, "slice by slice and pixel by pixel"),
        (SCALED, 5, 3.0, "slice by slice and pixel by pixel"),
        ("Flow_Map_x1_1ml/min/g", 5, 0.0, "scale isn't understood"),
    ],
)
def test_what_does_not_fit_is_left_out_and_told(
    tmp_path: Path, comment: str, columns: int, shift: float, why: str
) -> None:
    write_gadolinium(tmp_path)
    write_map(tmp_path, comment, columns=columns, shift=shift)
    scan = load(tmp_path)
    assert scan.scanner_flow is None
    assert [flag.code for flag in scan.flags] == ["scanner_flow_unused"]
    assert why in scan.flags[0].message


def test_a_map_of_registered_images_is_not_laid_on_moving_ones(tmp_path: Path) -> None:
    write_series(tmp_path, images(3, FRAMES), description="rest_perf")
    write_map(tmp_path)
    scan = load(tmp_path)
    assert scan.scanner_flow is None
    assert [flag.code for flag in scan.flags] == ["scanner_flow_unused"]
    rows = {row.label: row for row in inspect_folder(tmp_path).series}
    assert rows["9"].action == "left out: the main images are not those that the scanner has registered"
