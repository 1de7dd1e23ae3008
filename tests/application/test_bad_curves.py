"""What the command says of a study whose curves can't be right: a flag, an error or nothing, never a silent number."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from typer.testing import CliRunner

from operators.series import FloatArray, State
from perf_app.cli import orchestrators
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.scene import QUICK
from perf_app.phantom.study import write_study
from perf_app.phantom.truth import ScanTruth

pytestmark = pytest.mark.xdist_group("graph")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ScanTruth]:
    """A rest scan of a digital patient, coarse, and its truth."""
    folder = tmp_path_factory.mktemp("study")
    patient = draw_patient(7)
    truth = write_study(folder, replace(patient, states={State.REST: patient.states[State.REST]}), detail=QUICK)
    return folder / "dicom", truth.scan(State.REST)


def process(source: Path, out: Path, *options: str) -> tuple[int, dict[str, Any], set[str]]:
    """Exit code, results or error, and the codes of the flags."""
    code = CliRunner().invoke(orchestrators, ["-i", str(source), "-o", str(out), *options]).exit_code
    if not (out / "results.json").is_file():
        return code, json.loads((out / "error.json").read_text()), set()
    (scan,) = json.loads((out / "results.json").read_text())["scans"]
    return code, scan, {flag["code"] for flag in scan["quality"]}


def spoiled(source: Path, target: Path, change: Callable[[Dataset, int], bool]) -> Path:
    """A copy of the study; `change` alters an image, given its frame, and says whether it stays."""
    shutil.copytree(source, target)
    for file in target.rglob("*.dcm"):
        image = dcmread(file)
        if change(image, int(image.AcquisitionNumber) - 1):
            image.save_as(file)
        else:
            file.unlink()
    return target


def set_pixels(image: Dataset, pixels: FloatArray) -> None:
    image.PixelData = pixels.astype("<u2").tobytes()


def is_aif(image: Dataset) -> bool:
    return str(image.SeriesDescription).endswith("_AIF")


def write_aif(path: Path, times: FloatArray, values: FloatArray) -> str:
    rows = "".join(f"{t:.3f},{v:.4f}\n" for t, v in zip(times, values, strict=True))
    path.write_text("time_s,gd_mmol_per_l\n" + rows)
    return str(path)


def test_an_input_after_the_tissue_gives_no_flow(study: tuple[Path, ScanTruth], tmp_path: Path) -> None:
    source, truth = study
    late = write_aif(tmp_path / "late.csv", truth.aif_times[80::4] + 8, truth.aif[80::4])
    code, scan, flags = process(source, tmp_path / "out", "--aif", late)
    assert code == 3
    assert "aif_after_tissue" in flags
    assert scan["flow"]["global"] is None
    assert not any(scan["flow"]["sectors"].values())


def test_an_input_of_noise_is_refused(study: tuple[Path, ScanTruth], tmp_path: Path) -> None:
    times = np.arange(0.0, 40.0, 0.5)
    noise = write_aif(tmp_path / "noise.csv", times, np.random.default_rng(0).uniform(0, 4, len(times)))
    code, error, _ = process(study[0], tmp_path / "out", "--aif", noise)
    assert code == 2
    assert "no bolus" in error["message"]


def test_empty_arterial_images_leave_relative_values(study: tuple[Path, ScanTruth], tmp_path: Path) -> None:
    def empty(image: Dataset, _: int) -> bool:
        if is_aif(image):
            set_pixels(image, 0 * image.pixel_array)
        return True

    code, scan, flags = process(spoiled(study[0], tmp_path / "in", empty), tmp_path / "out")
    assert code == 0
    assert {"no_aif", "relative_only"} <= flags
    assert scan["quantification"] == "relative"


def test_clipped_arterial_images_are_told(study: tuple[Path, ScanTruth], tmp_path: Path) -> None:
    def clip(image: Dataset, frame: int) -> bool:
        if is_aif(image) and frame >= QUICK.n_proton_density:
            set_pixels(image, np.minimum(image.pixel_array, 700))
        return True

    assert "aif_clipped" in process(spoiled(study[0], tmp_path / "in", clip), tmp_path / "out")[2]


def test_twenty_frames_are_told(study: tuple[Path, ScanTruth], tmp_path: Path) -> None:
    def first(_: Dataset, frame: int) -> bool:
        return frame < QUICK.n_proton_density + 20

    _, _, flags = process(spoiled(study[0], tmp_path / "in", first), tmp_path / "out")
    assert "few_frames" in flags


def test_repeated_times_blank_frames_and_gaps_are_told(study: tuple[Path, ScanTruth], tmp_path: Path) -> None:
    """Two frames with the same acquisition time, one without a picture, four missing."""
    stamps: dict[tuple[str, str, int], str] = {}

    def key(image: Dataset) -> tuple[str, str, int]:
        return str(image.SeriesDescription), str(image.SliceLocation), int(image.EchoNumbers)

    def note(image: Dataset, frame: int) -> bool:
        if frame == 25:
            stamps[key(image)] = str(image.AcquisitionTime)
        return not 30 <= frame < 34

    def spoil(image: Dataset, frame: int) -> bool:
        if frame == 26:
            image.AcquisitionTime = stamps[key(image)]
        if frame == 28 and not is_aif(image):
            set_pixels(image, 0 * image.pixel_array + 5)
        return True

    source = spoiled(spoiled(study[0], tmp_path / "noted", note), tmp_path / "in", spoil)
    code, _, flags = process(source, tmp_path / "out")
    assert code in (0, 3)
    assert {"frames_blank", "frames_gap"} <= flags
