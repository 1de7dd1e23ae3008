"""A digital patient's files: what the reader finds in them, and the truth beside them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
import torch
import torch.nn.functional as F

from operators.dicom_loading.loader import load_study
from operators.series import Label, PerfusionStudy, State
from perf_app.phantom.patient import DigitalPatient, draw_patient
from perf_app.phantom.rhythm import Rhythm
from perf_app.phantom.scene import QUICK
from perf_app.phantom.simulation import SimulatedScan, simulate
from perf_app.phantom.study import write_study
from perf_app.phantom.tissue_flow import territory_share
from perf_app.phantom.training_case import true_gadolinium, write_training_case
from perf_app.phantom.truth import StudyTruth

PATIENT = draw_patient(2, field_strength_t=1.5, ischemia=True)
DETAIL = replace(QUICK, n_beats=24)
N_DENSITY = DETAIL.n_proton_density
SIZE = (DETAIL.main.rows, DETAIL.main.columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def truth(folder: Path) -> StudyTruth:
    return write_study(folder, PATIENT, detail=DETAIL)


@pytest.fixture(scope="module")
def study(folder: Path, truth: StudyTruth) -> PerfusionStudy:
    assert truth.scans
    return load_study(folder)


@pytest.fixture(scope="module")
def stress() -> SimulatedScan:
    return simulate(PATIENT, State.STRESS, DETAIL)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".dcm", ".json"))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def quiet(patient: DigitalPatient) -> DigitalPatient:
    """No noise, no breathing, no change from beat to beat."""
    states = {
        state: replace(one, breathing_mm=0.0, rhythm=Rhythm(one.rhythm.heart_rate, 0.0, 0.0, 0.0, 0.0))
        for state, one in patient.states.items()
    }
    return replace(patient, states=states, noise_mmol_per_l=0.0)


def test_same_seed_same_bytes_other_seed_others(tmp_path: Path) -> None:
    only = replace(PATIENT, states={State.STRESS: PATIENT.states[State.STRESS]})
    for name in ("first", "second"):
        write_study(tmp_path / name, only, detail=replace(DETAIL, n_beats=3))
    assert digests(tmp_path / "first") == digests(tmp_path / "second")
    write_study(tmp_path / "third", replace(only, seed=77), detail=replace(DETAIL, n_beats=3))
    first, third = digests(tmp_path / "first"), digests(tmp_path / "third")
    assert not set(first.values()) & set(third.values())


def test_files_hold_the_simulated_pixels(folder: Path, truth: StudyTruth, stress: SimulatedScan) -> None:
    assert truth.scans
    for series, pictures in ((10, (stress.perfusion,)), (11, stress.aif)):
        files = sorted((folder / "dicom" / f"series_{series}").glob("*.dcm"))
        read = np.stack([pydicom.dcmread(file).pixel_array for file in files])
        # Instances go through the slices (the echoes) of a beat first.
        simulated = np.concatenate([one.pixels.numpy() for one in pictures]).swapaxes(0, 1)
        np.testing.assert_array_equal(read, simulated.reshape(read.shape))


def test_objects_obey_the_standard(folder: Path, truth: StudyTruth) -> None:
    assert truth.scans
    validator = Path(sys.executable).with_name("dciodvfy")
    for name in ("series_10/0001", "series_10/0020", "series_11/0002", "series_11/0021", "series_20/0020"):
        file = folder / "dicom" / f"{name}.dcm"
        said = subprocess.run([validator, file], capture_output=True, text=True, check=False).stderr
        assert "MRImage" in said
        assert not [line for line in said.splitlines() if line.startswith("Error")]


def test_every_object_says_that_it_is_simulated(folder: Path, truth: StudyTruth) -> None:
    assert truth.scans
    for file in folder.rglob("*.dcm"):
        header = pydicom.dcmread(file, stop_before_pixels=True)
        assert "simulated" in header.ImageComments
        assert header.PatientName == "Digital^Patient"


def test_the_reader_finds_every_role(study: PerfusionStudy) -> None:
    assert [scan.state for scan in study.scans] == [State.STRESS, State.REST]
    for scan in study.scans:
        assert scan.perfusion.pixels.shape == (3, DETAIL.n_beats, *SIZE)
        assert scan.proton_density is not None
        assert scan.proton_density.n_frames == N_DENSITY
        assert scan.aif is not None
        assert scan.aif.second_echo is not None
        assert scan.aif.proton_density is not None
        assert scan.field_strength_t == 1.5


def test_the_reader_finds_the_truth_s_times_and_places(study: PerfusionStudy, truth: StudyTruth) -> None:
    for scan in study.scans:
        expected = truth.scan(scan.state).frame_times[:, N_DENSITY:]
        np.testing.assert_allclose(
            scan.perfusion.times - scan.perfusion.times.min(), expected - expected.min(), atol=1e-4
        )
        centers = scan.perfusion.affines @ np.array([(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2, 0, 1])
        gaps = np.linalg.norm(np.diff(centers[:, :3], axis=0), axis=1)
        np.testing.assert_allclose(gaps, PATIENT.slice_gap_mm, rtol=1e-4)


def test_a_defect_shows_in_the_truth_s_numbers(truth: StudyTruth) -> None:
    defect = PATIENT.defect
    assert defect is not None
    stress = truth.scan(State.STRESS)
    means = {name: part.mean for name, part in stress.by_territory.items() if part is not None}
    assert min(means, key=lambda name: means[name]) == defect.territory
    measured = sum(part.n_pixels for part in stress.by_sector.values() if part is not None)
    assert measured == stress.whole.n_pixels == int((truth.labels == Label.MYOCARDIUM).sum())


def test_the_truth_is_beside_the_images(folder: Path, truth: StudyTruth) -> None:
    document = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert document["simulated"] is True
    for scan in document["scans"]:
        assert scan["flow"]["global"]["mean"] == truth.scan(State(scan["state"])).whole.mean
        assert max(scan["aif"]["gd_mmol_per_l"]) == pytest.approx(scan["aif"]["peak_mmol_per_l"], abs=1e-4)
    stress, rest = (truth.scan(state).whole.mean for state in (State.STRESS, State.REST))
    assert document["reserve"]["global"] == pytest.approx(stress / rest)
    with np.load(folder / "truth.npz") as arrays:
        np.testing.assert_array_equal(arrays["labels"], truth.labels)
        frames = N_DENSITY + DETAIL.n_beats
        assert arrays["displacement_rest"].shape == (3, frames, 2, SIZE[0] // 4, SIZE[1] // 4)


def test_a_quiet_patient_s_frames_differ_by_contrast_alone() -> None:
    scan = simulate(quiet(PATIENT), State.REST, replace(DETAIL, n_beats=5))
    for pictures in (scan.perfusion, *scan.aif[:1]):
        density, before = pictures.pixels[:, :N_DENSITY], pictures.pixels[:, N_DENSITY:]
        if pictures is scan.perfusion:
            assert (density == density[:, :1]).all()
            assert (before == before[:, :1]).all()
        assert not torch.equal(density[:, 0], before[:, 0])


def test_blood_brightens_right_before_left(stress: SimulatedScan, truth: StudyTruth) -> None:
    frames = stress.perfusion.pixels[0, N_DENSITY:].float().numpy()
    right, left = (frames[:, truth.labels[0] == label].mean(1) for label in (Label.RV, Label.LV_CAVITY))
    assert right.argmax() + 2 <= left.argmax()
    assert left.max() > 4 * left[:5].mean()


def test_training_data_have_the_same_grid_and_the_right_amount(tmp_path: Path) -> None:
    only = replace(PATIENT, states={State.REST: PATIENT.states[State.REST]})
    short = replace(DETAIL, n_beats=6)
    for _ in range(2):
        items = write_training_case(tmp_path, only, detail=short)
    assert json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8")) == list(items)
    image, label = (nib.load(tmp_path / items[0][key]) for key in ("image", "label"))
    assert image.shape == (*SIZE, 3, 6)
    assert label.shape == (*SIZE, 3)
    np.testing.assert_allclose(image.affine, label.affine)
    assert image.header.get_zooms()[:3] == pytest.approx((3.75, 3.75, PATIENT.slice_gap_mm), rel=1e-4)


def test_only_a_late_territory_is_late() -> None:
    """By a beat: each of its frames is the one before of a territory that isn't."""
    still = quiet(PATIENT)
    beat = 60 / still.states[State.STRESS].rhythm.heart_rate
    usual, late = (simulate(with_late_territory(still, delay), State.STRESS, DETAIL) for delay in (0.0, beat))
    share = territory_share(still, usual.scene.septal_angle)
    wall = usual.scene.labels == Label.MYOCARDIUM
    for k in range(3):
        inside, outside = (
            [curve(scan, k, wall[k] & (share[k] == part)) for scan in (usual, late)] for part in (1.0, 0.0)
        )
        change = (inside[1] - inside[0]).abs().max()
        assert (inside[1][1:] - inside[0][:-1]).abs().max() < 0.25 * change
        assert (outside[1] - outside[0]).abs().max() < 0.25 * change


def with_late_territory(patient: DigitalPatient, delay: float) -> DigitalPatient:
    assert patient.defect is not None
    return replace(patient, defect=replace(patient.defect, delay=delay))


def curve(scan: SimulatedScan, k: int, where: torch.Tensor) -> torch.Tensor:
    """Mean signal of slice k over frames in a part of the fine grid, shape (time,)."""
    weight = F.adaptive_avg_pool2d(where[None].float(), SIZE)[0]
    return (scan.perfusion.pixels[k, N_DENSITY:].float() * weight).sum(dim=(1, 2)) / weight.sum()


def test_true_gadolinium_follows_the_input(truth: StudyTruth) -> None:
    scan = simulate(PATIENT, State.STRESS, DETAIL)
    gadolinium = true_gadolinium(scan).numpy()
    pool = gadolinium[0][:, truth.labels[0] == Label.LV_CAVITY].max(1)
    times = scan.perfusion.times[0, N_DENSITY:].numpy()
    expected = np.interp(times, scan.contrast.times, scan.contrast.aif)
    np.testing.assert_allclose(pool, expected, atol=0.02 * expected.max())
    muscle = gadolinium[1][:, truth.labels[1] == Label.MYOCARDIUM].mean(1)
    assert 0.03 < muscle.max() / expected.max() < 0.3
