"""Dice of the shipped network: ``python -m benchmarks.segmentation [--patients N] [--chain N] [--bundle FOLDER]``.

Digital patients of fixed seeds that no training used: made by the training's own generator, and simulated physically
and taken through motion correction and conversion to Gd, which shares nothing with training but the anatomy. Then real
series where they are: in the folder named in PERF_APP_TEST_DATA, or in ``shared/data`` beside the checkout. Everything
runs as in a study: heart finding, crop, network, clean-up.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from pydicom import Dataset

from benchmarks.surroundings import REPOSITORY, machine, real_series
from operators.gadolinium.conversion import to_gadolinium
from operators.motion_correction.correction import correct_motion
from operators.protocol import Protocol
from operators.segmentation.inference import Segmenter
from operators.series import FloatArray, GadoliniumSeries, ImageSeries, IntArray, Label, PerfusionScan, Sequence, State
from perf_app.phantom.motion import warp
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.population import PLAUSIBLE, WILD, AnatomyRanges
from perf_app.phantom.scene import Scene, build_scene
from perf_app.phantom.simulation import SimulatedScan, simulate
from perf_app.phantom.training import draw_patches

STRUCTURES = {Label.LV_CAVITY: "LV cavity", Label.MYOCARDIUM: "myocardium", Label.RV: "RV"}
POPULATIONS: dict[str, tuple[AnatomyRanges, int]] = {
    "digital, plausible": (PLAUSIBLE, 900_001),
    "digital, wild": (WILD, 900_002),
}
FIRST_CHAIN_SEED = 900_100
DIGITAL_SIZE = 208
QPERF_SPACING_MM = 1.9
Case = tuple[GadoliniumSeries, IntArray]
"""Series and true labels, shape (slice, row, col)."""


def main() -> None:
    """Print a table of Dice coefficients, mean and SD over slices."""
    parser = argparse.ArgumentParser(description="Dice of the shipped network on digital patients and real series.")
    parser.add_argument("--patients", type=int, default=12, help="digital patients of each population")
    parser.add_argument("--chain", type=int, default=3, help="patients simulated physically, stress and rest each")
    parser.add_argument("--bundle", type=Path, default=REPOSITORY / "bundle")
    arguments = parser.parse_args()
    segmenter = Segmenter(arguments.bundle)
    print(f"weights {segmenter.model_sha256[:12]}, {machine()}")
    print(f"| {'series':20} | slices | " + " | ".join(f"{name:13}" for name in STRUCTURES.values()) + " |")
    print("|---|---|" + "---|" * len(STRUCTURES))
    for name, (ranges, seed) in POPULATIONS.items():
        print(table_row(name, segmenter, digital_cases(ranges, seed, arguments.patients)), flush=True)
    print(table_row("digital, whole chain", segmenter, chain_cases(arguments.chain)), flush=True)
    folder = real_series()
    if folder is None:
        return
    print(table_row("real, daugs", segmenter, daugs_cases(folder / "daugs")))
    print(table_row("real, qperf rest", segmenter, [qperf_case(folder / "qperf")]))
    print(qperf_flow(folder / "qperf", segmenter))


def dice(first: IntArray, second: IntArray) -> float:
    """Of two masks; NaN where both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * float(np.logical_and(first, second).sum()) / total if total else float("nan")


def table_row(name: str, segmenter: Segmenter, cases: Iterable[Case]) -> str:
    """Mean and SD of each structure's Dice over the slices in which it is drawn."""
    values = []
    for series, truth in cases:
        labels = segmenter.segment(series).labels
        for found, drawn in zip(labels, truth, strict=True):
            values.append([dice(found == k, drawn == k) if (drawn == k).any() else np.nan for k in STRUCTURES])
    columns = [column[~np.isnan(column)] for column in np.array(values).T]
    cells = [f"{c.mean():.3f} ± {c.std():.3f}" if len(c) else "-" for c in columns]
    return f"| {name:20} | {len(values):6} | " + " | ".join(f"{cell:13}" for cell in cells) + " |"


def one_slice(frames: FloatArray, spacing: float) -> GadoliniumSeries:
    """Bare frames (time, row, col) as a series of one slice."""
    affine = np.diag([spacing, spacing, 8.0, 1.0])[:, [1, 0, 2, 3]]
    return GadoliniumSeries(image_series(frames[None], np.arange(len(frames), dtype=float)[None], affine[None]))


def image_series(pixels: FloatArray, times: FloatArray, affines: FloatArray) -> ImageSeries:
    """Images without headers."""
    headers = tuple(tuple(Dataset() for _ in row) for row in times)
    return ImageSeries(("2.25.1",), pixels.astype(np.float32), "a.u.", times, affines, headers)


def digital_cases(ranges: AnatomyRanges, seed: int, n_patients: int) -> Iterator[Case]:
    """The training's own generator, with seeds of its own."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_patients):
        for patch in draw_patches(1, DIGITAL_SIZE, generator, ranges):
            yield one_slice(patch.image.numpy(), 1.0), patch.label.numpy().astype(np.int64)


def chain_cases(n_patients: int) -> Iterator[Case]:
    """Physically simulated stress and rest scans after motion correction and conversion to Gd."""
    for seed in range(FIRST_CHAIN_SEED, FIRST_CHAIN_SEED + n_patients):
        patient = draw_patient(seed)
        scene = build_scene(patient)
        for state in patient.states:
            film = simulate(patient, state, scene=scene)
            scan = perfusion_scan(film, patient.field_strength_t)
            motion = correct_motion(scan)
            protocol = Protocol(pd_flip_angle=film.perfusion.readout.pd_flip_angle)
            truth = [labels_in_frame(scene, film, k, int(t)) for k, t in enumerate(motion.reference_frame)]
            yield to_gadolinium(scan, motion, protocol), np.stack(truth)


def perfusion_scan(film: SimulatedScan, field_strength_t: float) -> PerfusionScan:
    """Simulated pictures as the loader would hand them on."""
    pictures, n = film.perfusion, film.n_proton_density
    size = (pictures.pixels.shape[-2], pictures.pixels.shape[-1])
    affines = np.stack([plane.affine(size).numpy() for plane in pictures.planes])
    pixels, times = pictures.pixels.numpy().astype(np.float32), pictures.times.numpy()
    readout = pictures.readout
    sequence = Sequence(
        readout="flash",
        repetition_time=readout.repetition_time,
        flip_angle=readout.flip_angle,
        saturation_time=readout.saturation_time,
        phase_encodes=readout.phase_encodes,
        acceleration=readout.acceleration,
    )
    main, density = (
        replace(image_series(pixels[:, part], times[:, part], affines), sequence=sequence)
        for part in (slice(n, None), slice(n))
    )
    return PerfusionScan(
        state=State(film.state),
        state_from="simulation",
        perfusion=main,
        manufacturer="",
        field_strength_t=field_strength_t,
        heart_rate_bpm=None,
        proton_density=density,
    )


def labels_in_frame(scene: Scene, film: SimulatedScan, k: int, frame: int) -> IntArray:
    """True labels of a slice where the heart lies in a saturation-recovery frame, shape (row, col)."""
    labels = scene.labels[k]
    shares = torch.stack([labels == label for label in Label]).float()
    fine = (labels.shape[-2], labels.shape[-1])
    at = film.n_proton_density + frame
    moved = warp(shares[None], film.motion[k].sources(fine)[at : at + 1])
    size = (film.perfusion.pixels.shape[-2], film.perfusion.pixels.shape[-1])
    truth: IntArray = F.adaptive_avg_pool2d(moved, size)[0].argmax(0).numpy()
    return truth


def daugs_cases(folder: Path) -> Iterator[Case]:
    """Twelve real series of four patients; one of them has no cavity drawn."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            frames, mask = file["image"].astype(np.float32), file["mask"]
        truth = np.select([mask == 1, mask == 3], [Label.MYOCARDIUM, Label.LV_CAVITY], 0).astype(np.int64)
        yield one_slice(frames, 1.0), truth[None]


def qperf_case(folder: Path) -> Case:
    """A real rest slice of Gd concentration."""
    with np.load(folder / "rest_gd.npz") as file:
        truth = np.select([file["ring_mask"], file["cavity_mask"]], [Label.MYOCARDIUM, Label.LV_CAVITY], 0)
        return one_slice(file["gd"].astype(np.float32), QPERF_SPACING_MM), truth[None].astype(np.int64)


def qperf_flow(folder: Path, segmenter: Segmenter) -> str:
    """Mean of the published flow map in the segmented wall beside that in the drawn ring."""
    series, truth = qperf_case(folder)
    with np.load(folder / "rest_gd.npz") as file:
        flow = file["mbf_reference"]
    wall, ring = segmenter.segment(series).labels[0] == Label.MYOCARDIUM, truth[0] == Label.MYOCARDIUM
    return (
        f"qperf rest: published MBF {flow[wall].mean():.2f} in the segmented wall ({wall.sum()} pixels), "
        f"{flow[ring].mean():.2f} in the drawn ring ({ring.sum()} pixels)"
    )


if __name__ == "__main__":
    main()
