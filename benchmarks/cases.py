"""Series with true labels, to judge segmentations by: digital patients of fixed seeds, and the real series.

No training used these seeds. Digital patients come from the training's own generator, or are simulated physically and
taken through the whole chain, by the scanner that half of the training's patients were scanned with, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from benchmarks.chain import process_patient
from operators.series import (
    FloatArray,
    GadoliniumSeries,
    IntArray,
    Label,
    MotionCorrection,
    PerfusionScan,
    ScanResult,
    State,
)
from perf_app.evaluation.tables import Case
from perf_app.phantom.filmed import corrected, image_series, moved_shares, perfusion_scan, still_shares
from perf_app.phantom.frozen import HARD, PLAUSIBLE_SLICES, TEST
from perf_app.phantom.motion import Motion
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.scene import Scene, build_scene
from perf_app.phantom.simulation import simulate

DIGITAL = {f"digital, {population.name}": population for population in (PLAUSIBLE_SLICES, HARD)}
"""Population by name."""
QPERF_SPACING_MM = 1.9


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A scan and its true labels."""

    case: Case
    series: GadoliniumSeries
    truth: IntArray
    """`Label` of each pixel, shape (slice, row, col)."""


@dataclass(frozen=True, slots=True, eq=False)
class Processed(Labelled):
    """A simulated scan that has been through the whole chain."""

    mean_truth: IntArray
    """See `mean_truth`."""
    result: ScanResult


def digital_scans(name: str, n_patients: int, further: int = 0) -> Iterator[Labelled]:
    """Slices of the training's own generator, a scan each; `further` is added to the population's seed."""
    population = DIGITAL[name]
    others = replace(population, seed=population.seed + further)
    for patient, patches in enumerate(others.patients(n_patients)):
        for k, patch in enumerate(patches):
            case = Case(f"{name} {patient} {k}", str(patient))
            yield Labelled(case, one_slice(patch.image.numpy(), 1.0), patch.label.numpy().astype(np.int64))


def chain_scans(n_patients: int) -> Iterator[Processed]:
    """Physically simulated stress and rest scans, from DICOM through the whole chain."""
    for patient in TEST.patients(n_patients):
        pairs = process_patient(patient)
        scene = build_scene(patient)
        for pair in pairs:
            truth, mean = (of(scene, pair.true.motion, pair.found.motion) for of in (truth_in_frames, mean_truth))
            yield Processed(case_of(pair.patient, pair.state), pair.found.gadolinium, truth, mean, pair.found)


def case_of(patient: DigitalPatient, state: State) -> Case:
    """A digital patient's scan, by what the tables tell apart."""
    groups = {"state": str(state), "field_strength_t": f"{patient.field_strength_t:g}"}
    return Case(f"{patient.seed} {state}", str(patient.seed), groups)


def one_slice(frames: FloatArray, spacing: float) -> GadoliniumSeries:
    """Bare frames (time, row, col) as a series of one slice."""
    affine = np.diag([spacing, spacing, 8.0, 1.0])[:, [1, 0, 2, 3]]
    return GadoliniumSeries(image_series(frames[None], np.arange(len(frames), dtype=float)[None], affine[None]))


@dataclass(frozen=True, slots=True, eq=False)
class FilmedScan:
    """A simulated scan as the chain has it before segmentation, without DICOM files between."""

    case: Case
    taken: PerfusionScan
    motion: MotionCorrection
    gadolinium: GadoliniumSeries
    truth: IntArray
    """`Label` where the reference frames have the heart, shape (slice, row, col)."""
    mean_truth: IntArray
    """See `mean_truth`."""


def filmed_scans(patient: DigitalPatient) -> Iterator[FilmedScan]:
    """Both scans of a patient."""
    scene = build_scene(patient)
    for state in patient.states:
        film = simulate(patient, state, scene=scene)
        taken = perfusion_scan(film, patient.field_strength_t)
        motion, gadolinium = corrected(film, taken)
        truth, mean = (of(scene, film.motion, motion) for of in (truth_in_frames, mean_truth))
        yield FilmedScan(case_of(patient, state), taken, motion, gadolinium, truth, mean)


def truth_in_frames(scene: Scene, moved: tuple[Motion, ...], found: MotionCorrection) -> IntArray:
    """True labels of each slice where the heart lies in its reference frame, shape (slice, row, col).

    Args:
        scene: what was filmed.
        moved: true motion of each slice, proton-density frames first.
        found: the correction, which has chosen the frames.
    """
    n = len(moved[0].weights) - found.series.n_frames
    parts = zip(scene.labels, moved, found.reference_frame, strict=True)
    return _in_pictures((moved_shares(drawn, motion, n + int(frame)) for drawn, motion, frame in parts), found)


def mean_truth(scene: Scene, moved: tuple[Motion, ...], found: MotionCorrection) -> IntArray:
    """True labels of each slice where the heart lies on the mean of its corrected frames, shape (slice, row, col).

    See `still_shares`; arguments as of `truth_in_frames`.
    """
    parts = zip(scene.labels, moved, found.displacement, strict=True)
    return _in_pictures((still_shares(*part) for part in parts), found)


def _in_pictures(shares: Iterable[Tensor], found: MotionCorrection) -> IntArray:
    """The `Label` that fills most of each of the pictures' pixels; of each slice its shares (label, row, col)."""
    rows, cols = found.series.pixels.shape[2:]
    return np.stack([F.adaptive_avg_pool2d(one, (rows, cols)).argmax(0).numpy() for one in shares])


def daugs_scans(folder: Path) -> Iterator[Labelled]:
    """Twelve real series of four patients; one patient has no cavity drawn."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            frames, mask = file["image"].astype(np.float32), file["mask"]
        truth = np.select([mask == 1, mask == 3], [Label.MYOCARDIUM, Label.LV_CAVITY], 0).astype(np.int64)
        patient, _, level = path.stem.rpartition("-")
        yield Labelled(Case(path.stem, patient, {"level": level.lower()}), one_slice(frames, 1.0), truth[None])


def qperf_scan(folder: Path) -> Labelled:
    """A real rest slice of Gd concentration."""
    with np.load(folder / "rest_gd.npz") as file:
        truth = np.select([file["ring_mask"], file["cavity_mask"]], [Label.MYOCARDIUM, Label.LV_CAVITY], 0)
        series = one_slice(file["gd"].astype(np.float32), QPERF_SPACING_MM)
    return Labelled(Case("qperf rest", "qperf", {"state": "rest"}), series, truth[None].astype(np.int64))
