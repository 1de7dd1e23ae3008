"""From DICOM files to results, by the command, on a digital patient and on real hearts."""

from __future__ import annotations

import gzip
import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pypdf
import pytest
from builders import CANARIES, CANARY_BIRTH_DATE, CANARY_ID, CANARY_NAME
from dicom_series import write_daugs
from pydicom import dcmread
from typer.testing import CliRunner

from operators.dicom_loading.inspection import inspect_folder
from operators.series import Role
from perf_app.cli import DEMO_SEED, orchestrators
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.study import write_study
from perf_app.phantom.truth import StudyTruth
from perf_app.terminal import STEPS

PATIENT = f"{CANARY_NAME}=金糸雀^鳥"
FORBIDDEN = (*CANARIES, "金糸雀", "鳥")
LONG = [canary for canary in FORBIDDEN if len(canary.encode()) > 4]
"""Those that can't occur by chance."""

pytestmark = pytest.mark.xdist_group("graph")


def process(folder: Path, out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and results.json of the command."""
    ended = CliRunner().invoke(orchestrators, ["-i", str(folder), "-o", str(out), *options])
    return ended.exit_code, json.loads((out / "results.json").read_text())


def numbers(results: dict[str, Any]) -> dict[str, Any]:
    """Results without how long they took."""
    for scan in results["scans"]:
        del scan["timings_s"]
    return results


@dataclass(frozen=True)
class Ran:
    """The demo's patient, under the name of a canary, by the command for people in a process of its own."""

    truth: StudyTruth
    out: Path
    printed: str

    def results(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.out / "results.json").read_text())
        return read


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("digital")
    truth = write_study(folder / "study", draw_patient(DEMO_SEED))
    for file in (folder / "study").rglob("*.dcm"):
        name_canary(file)
    command = [sys.executable, "-c", "from perf_app.cli import main; main()", "run", "--verbose", "--nifti"]
    ended = subprocess.run(
        [*command, str(folder / "study"), str(folder / "out")], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return Ran(truth, folder / "out", ended.stdout + ended.stderr)


@pytest.fixture(scope="module")
def digital(ran: Ran) -> tuple[StudyTruth, Path, dict[str, Any]]:
    """The demo's patient: truth, output folder, results."""
    return ran.truth, ran.out, ran.results()


def name_canary(file: Path) -> None:
    """Put an identity into a DICOM file, in letters of two scripts, and wherever else people write one."""
    dataset = dcmread(file)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = PATIENT, CANARY_ID, CANARY_BIRTH_DATE
    dataset.OtherPatientIDs = dataset.AccessionNumber = dataset.StudyID = CANARY_ID
    dataset.PatientComments = dataset.PatientAddress = dataset.ImageComments = CANARY_NAME
    dataset.ReferringPhysicianName = dataset.OperatorsName = dataset.PerformingPhysicianName = CANARY_NAME
    dataset.save_as(file)


def test_identity_is_in_no_log_no_name_and_no_file_but_dicom(ran: Ran) -> None:
    assert "INFO" in ran.printed
    assert not [canary for canary in FORBIDDEN if canary in ran.printed]
    for file in ran.out.iterdir():
        assert not [canary for canary in FORBIDDEN if canary in file.name]
        if file.suffix == ".dcm":
            assert str(dcmread(file).PatientName) == PATIENT
            continue
        content = readable(file)
        assert not [canary for canary in FORBIDDEN if canary.encode() in content], file.name
        assert file.suffix == ".gz" or not [canary for canary in LONG if canary.encode() in file.read_bytes()], (
            file.name
        )


def readable(file: Path) -> bytes:
    """A file without packed pixels and streams: among their millions of bytes the three of a name occur by chance."""
    content = file.read_bytes()
    if file.suffix == ".gz":
        return gzip.decompress(content)[:352]
    if file.suffix == ".png":
        return b"".join(chunk for kind, chunk in png_chunks(content) if kind != b"IDAT")
    if file.suffix == ".pdf":
        reader = pypdf.PdfReader(file)
        shown = " ".join([*(page.extract_text() for page in reader.pages), str(reader.metadata)])
        return re.sub(rb"stream\r?\n.*?endstream", b"", content, flags=re.DOTALL) + shown.encode()
    return content


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each part of a PNG file."""
    at = 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        yield content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += 12 + length


def test_a_run_shows_its_steps_and_a_summary(ran: Ran) -> None:
    rooms = {room for scan in ran.results()["scans"] for room in scan["timings_s"]}
    assert rooms < set(STEPS)
    assert set(re.findall(r"operators\.door: (\w+?)(?:, scan \d)?: [\d.]+ s", ran.printed)) == set(STEPS)
    for scan in ran.results()["scans"]:
        mean, uncertainty = (scan["flow"]["global"][name] for name in ("mean", "uncertainty"))
        assert f"{mean:.2f} ± {uncertainty:.2f}" in ran.printed
    assert "Research use only" in ran.printed
    assert "report.html" in ran.printed


def test_global_flow_is_near_the_truth(digital: tuple[StudyTruth, Path, dict[str, Any]]) -> None:
    truth, _, results = digital
    assert [scan["state"] for scan in results["scans"]] == ["stress", "rest"]
    for scan, true in zip(results["scans"], truth.scans, strict=True):
        assert scan["quantification"] == "absolute"
        assert scan["flow"]["global"]["mean"] == pytest.approx(true.whole.mean, rel=0.10)
    assert results["reserve"]["global"] == pytest.approx(
        truth.scans[0].whole.mean / truth.scans[1].whole.mean, rel=0.15
    )


def test_the_territory_that_lacks_flow_at_stress_is_found(digital: tuple[StudyTruth, Path, dict[str, Any]]) -> None:
    truth, _, results = digital
    defect = draw_patient(DEMO_SEED).defect
    assert defect is not None
    for scan, true in zip(results["scans"], truth.scans, strict=True):
        territories = {name: one["mean"] for name, one in scan["flow"]["territories"].items()}
        ill = territories.pop(defect.territory)
        share = ill / np.mean(list(territories.values()))
        assert share == pytest.approx(defect.flow_share[true.state], abs=0.15)


def test_a_digital_patient_is_called_simulated(digital: tuple[StudyTruth, Path, dict[str, Any]]) -> None:
    _, out, results = digital
    assert [flag["code"] for flag in results["quality"]] == ["simulated"]
    assert "simulated" in (out / "report.html").read_text()


def test_results_follow_the_published_schema(
    digital: tuple[StudyTruth, Path, dict[str, Any]], repository: Path
) -> None:
    jsonschema.validate(digital[2], json.loads((repository / "docs" / "results.schema.json").read_text()))


def test_all_promised_files_are_there(digital: tuple[StudyTruth, Path, dict[str, Any]]) -> None:
    out = digital[1]
    assert {"results.json", "report.html", "report.pdf", "report.png"} <= {file.name for file in out.iterdir()}
    assert not [file for file in out.iterdir() if file.name.startswith(".") or file.is_dir()]
    modalities = sorted(dcmread(file).Modality for file in out.glob("*.dcm"))
    assert set(modalities) >= {"SEG", "SR", "MR", "DOC"}
    assert modalities.count("SEG") == 2
    maps = {"mbf", "ps_ml_min_g", "vp_ml_g", "visf_ml_g", "delay_s", "fit_rms_mmol_per_l", "flow_sd_ml_min_g"}
    for scan in ("scan1_stress", "scan2_rest"):
        names = {file.name.removesuffix(".nii.gz") for file in out.glob(f"{scan}_*.nii.gz")}
        assert names >= {f"{scan}_{name}" for name in ("gd", "labels", *maps)}


def test_a_real_rest_slice_is_quantified(shared_data: Path, tmp_path: Path) -> None:
    folder, aif = shared_data / "qperf" / "rest_gd_dicom", shared_data / "qperf" / "rest_gd_aif.csv"
    code, results = process(folder, tmp_path / "out", "--aif", str(aif))
    scan = results["scans"][0]
    assert code == 0
    assert scan["flow"]["unit"] == "mL/min/g"
    assert 0.8 < scan["flow"]["global"]["mean"] < 1.6
    assert "rv_cut_off" in {flag["code"] for flag in scan["quality"]}
    again = process(folder, tmp_path / "again", "--aif", str(aif))[1]
    assert numbers(results) == numbers(again)
    objects = [{dcmread(file).SOPInstanceUID for file in (tmp_path / run).glob("*.dcm")} for run in ("out", "again")]
    assert objects[0] == objects[1]


def test_real_series_of_arbitrary_signal_are_relative(shared_data: Path, tmp_path: Path) -> None:
    slices = [shared_data / "daugs" / f"Fig6-exD1-{level}.npz" for level in ("Basal", "Mid", "Apical")]
    code, results = process(write_daugs(tmp_path / "in", slices), tmp_path / "out")
    scan = results["scans"][0]
    assert code in (0, 3)
    assert scan["quantification"] == "relative"
    assert scan["flow"]["unit"] == "relative upslope"
    assert np.isfinite(scan["flow"]["global"]["mean"])
    assert "relative_only" in {flag["code"] for flag in scan["quality"]}
    for name in ("results.json", "report.html"):
        text = (tmp_path / "out" / name).read_text().lower()
        assert "ml/min" not in text


def test_an_aif_series_alone_is_named_and_refused(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "qperf" / "aif_series_1_dicom"
    assert {row.role for row in inspect_folder(folder).series} == {Role.AIF}
    ended = CliRunner().invoke(orchestrators, ["-i", str(folder), "-o", str(tmp_path / "out")])
    assert ended.exit_code == 2
    assert "perfusion" in json.loads((tmp_path / "out" / "error.json").read_text())["message"]
