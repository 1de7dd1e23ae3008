"""The same digital patient in every dialect and transfer syntax is the same study."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from operators.dicom_loading.dialects.registry import DIALECTS, PLAIN
from operators.dicom_loading.inspection import inspect_folder
from operators.dicom_loading.loader import load_study
from operators.series import ImageSeries, PerfusionScan, State
from perf_app.phantom.acquisition import AIF_MATRIX
from perf_app.phantom.compression import JPEG_ENCODER
from perf_app.phantom.dialect import Dialect, TransferSyntax
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.scene import QUICK, to_picture
from perf_app.phantom.simulation import SimulatedScan, simulate
from perf_app.phantom.study import write_scan
from perf_app.phantom.training_case import true_gadolinium

PATIENT = draw_patient(2, field_strength_t=1.5)
DETAIL = replace(QUICK, n_beats=20, n_proton_density=2, aif=AIF_MATRIX)
READ_AS = {
    Dialect.SIEMENS_SERIES_PER_SLICE: "siemens",
    Dialect.SIEMENS_MOCO: "siemens",
    Dialect.GADGETRON_MAPS: "gadgetron",
}
"""The loader's dialect, where a writer's has another name: arrangements of one maker's files."""


@pytest.fixture(scope="module")
def simulated() -> SimulatedScan:
    return simulate(PATIENT, State.REST, DETAIL)


@pytest.fixture(scope="module")
def reference(simulated: SimulatedScan, tmp_path_factory: pytest.TempPathFactory) -> PerfusionScan:
    folder = tmp_path_factory.mktemp("reference")
    write_scan(folder, PATIENT, simulated, Dialect.SIEMENS)
    return load_study(folder).scans[0]


def parts(scan: PerfusionScan) -> list[ImageSeries]:
    """Main images, proton density, both echoes of the AIF and its proton density."""
    aif = scan.aif
    assert aif is not None
    found = [scan.perfusion, scan.proton_density, aif.first_echo, aif.second_echo, aif.proton_density]
    assert all(part is not None for part in found)
    return [part for part in found if part is not None]


def check_standard(folder: Path) -> None:
    """What the validator says of the first and the last object of each series."""
    validator = Path(sys.executable).with_name("dciodvfy")
    for series in sorted(folder.iterdir()):
        for file in (sorted(series.iterdir())[0], sorted(series.iterdir())[-1]):
            said = subprocess.run([validator, file], capture_output=True, text=True, check=False).stderr
            assert "MRImage" in said
            assert not [line for line in said.splitlines() if line.startswith("Error")]
            header = dcmread(file, stop_before_pixels=True)
            assert "simulated" in header.ManufacturerModelName
            assert header.PatientName == "Digital^Patient"


@pytest.mark.parametrize("dialect", [one for one in Dialect if one is not Dialect.GADGETRON_MAPS])
def test_every_dialect_loads_to_the_same_arrays(
    dialect: Dialect, tmp_path: Path, simulated: SimulatedScan, reference: PerfusionScan
) -> None:
    write_scan(tmp_path, PATIENT, simulated, dialect)
    check_standard(tmp_path)
    rows = inspect_folder(tmp_path).series
    assert {row.dialect for row in rows} == {READ_AS.get(dialect, dialect.value)}
    (scan,) = load_study(tmp_path).scans
    assert (scan.state, scan.state_from) == (State.REST, "description")
    assert scan.field_strength_t == pytest.approx(1.5)
    assert scan.heart_rate_bpm == pytest.approx(reference.heart_rate_bpm, rel=0.02)
    for found, expected in zip(parts(scan), parts(reference), strict=True):
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        np.testing.assert_allclose(found.affines, expected.affines, atol=1e-5)
        np.testing.assert_allclose(np.diff(found.times), np.diff(expected.times), atol=2e-4)
        told, known = asdict(found.sequence), asdict(expected.sequence)
        assert told.pop("readout") == known.pop("readout") == "flash"
        assert {name for name, value in told.items() if value is None} == {
            name for name, value in known.items() if value is None
        }
        assert {k: v for k, v in told.items() if v is not None} == pytest.approx(
            {k: v for k, v in known.items() if v is not None}, rel=1e-4
        )


@pytest.mark.parametrize(
    ("dialect", "syntax"),
    [
        (Dialect.PHILIPS_ENHANCED, TransferSyntax.RLE),
        (Dialect.PHILIPS_ENHANCED, TransferSyntax.JPEG_LS),
        (Dialect.PHILIPS_ENHANCED, TransferSyntax.JPEG_2000),
        (Dialect.PHILIPS_ENHANCED, TransferSyntax.JPEG_LOSSLESS),
        (Dialect.SIEMENS, TransferSyntax.JPEG_LOSSLESS),
    ],
)
def test_compression_without_loss_changes_nothing(
    dialect: Dialect, syntax: TransferSyntax, tmp_path: Path, simulated: SimulatedScan, reference: PerfusionScan
) -> None:
    if syntax is TransferSyntax.JPEG_LOSSLESS and shutil.which(JPEG_ENCODER) is None:
        pytest.skip(f"{JPEG_ENCODER} is not installed (apt-get install dcmtk)")
    write_scan(tmp_path, PATIENT, simulated, dialect, syntax)
    assert dcmread(next(tmp_path.rglob("*.dcm"))).file_meta.TransferSyntaxUID.is_encapsulated
    for found, expected in zip(parts(load_study(tmp_path).scans[0]), parts(reference), strict=True):
        np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_gd_and_flow_by_the_scanner_are_read_in_their_units(tmp_path: Path, simulated: SimulatedScan) -> None:
    write_scan(tmp_path, PATIENT, simulated, Dialect.GADGETRON_MAPS)
    check_standard(tmp_path)
    (scan,) = load_study(tmp_path).scans
    assert scan.perfusion.unit == "mmol/L"
    gadolinium = true_gadolinium(simulated).numpy()
    np.testing.assert_allclose(scan.perfusion.pixels, gadolinium, atol=0.5 / 1000 + 1e-6)
    assert scan.scanner_flow is not None
    assert scan.scanner_flow.unit == "mL/min/g"
    flow = to_picture(simulated.flow, (gadolinium.shape[2], gadolinium.shape[3])).numpy()
    np.testing.assert_allclose(scan.scanner_flow.pixels[:, 0], flow, atol=0.5 / 100 + 1e-6)
    rows = {row.label: row for row in inspect_folder(tmp_path).series}
    assert rows["24"].action == "used as blood flow of the rest scan"
    assert rows["20"].action == "left out: series 23 holds Gd concentration already"


def test_every_dialect_that_is_read_is_written_too() -> None:
    assert {READ_AS.get(dialect, dialect.value) for dialect in Dialect} == {*DIALECTS, PLAIN}
