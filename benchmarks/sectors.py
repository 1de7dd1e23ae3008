"""Angles of the RV insertions on digital patients: ``python -m benchmarks.sectors [--patients N] [--network N]``.

The true insertions are those that the anatomy was drawn with: angles about the heart's own centre, found again on the
fine grid as the places on the epicardium that have this angle, so that the anatomy's elastic deformation is in them.
They are compared as angles about the LV's true centre, in the septum's plane, with what the sectors room finds about
the centre that it finds: a shift of the whole heart counts for nothing.

Labels are the true ones on the picture's grid, and those of the shipped network on the simulated series after motion
correction and conversion to Gd; the truth then lies where the reference frame has it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.record import Record, parser
from benchmarks.surroundings import REPOSITORY
from operators.aha_sectors.frame import angles, centroid, long_axis, positions, septal_plane
from operators.aha_sectors.insertion import find_septum
from operators.segmentation.inference import Segmenter
from operators.series import BoolArray, FloatArray, IntArray, Label
from perf_app.phantom.anatomy import Anatomy, draw_anatomy
from perf_app.phantom.filmed import corrected, perfusion_scan
from perf_app.phantom.geometry import FIELD_OF_VIEW_MM
from perf_app.phantom.patient import DigitalPatient, draw_patient
from perf_app.phantom.population import PLAUSIBLE
from perf_app.phantom.scene import FULL, Scene, build_scene, picture_labels, stream
from perf_app.phantom.simulation import SimulatedScan, simulate

FIRST_SEED = 100
BAR = 2.5
"""Mean error to stay within [degrees]."""
LEVELS = ("basal", "mid", "apical")
SIZE = (FULL.main.rows, FULL.main.columns)


@dataclass(frozen=True)
class Case:
    """A labelled stack and where the RV inserts in truth."""

    labels: IntArray
    """Shape (slice, row, col)."""
    affines: FloatArray
    insertions: FloatArray
    """Anterior and inferior, LPS mm, NaN where there is no RV, shape (slice, 2, 3)."""
    centers: FloatArray
    """Of the LV cavity, LPS mm, shape (slice, 3)."""


@dataclass(frozen=True)
class Errors:
    """Found minus true angles, positive to anterior [degrees]; NaN where refused, and where there is no RV in truth."""

    anterior: FloatArray
    """Shape (slices of all levels,); the level turns fastest."""
    inferior: FloatArray
    refused: BoolArray
    """An RV in truth, and no insertions found."""
    invented: BoolArray
    """No RV in truth, and insertions found."""

    @property
    def middle(self) -> FloatArray:
        """Of mid-septum."""
        return np.asarray((self.anterior + self.inferior) / 2)


def main() -> None:
    """Print the table, and replace its section of the page if asked to."""
    arguments = _options().parse_args()
    torch.set_num_threads(1)
    record = Record("sectors", "benchmarks.sectors", arguments.write)
    segmenter = Segmenter(arguments.bundle)
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.patients)
    found = {
        "true": find_errors(true_case(draw_patient(seed)) for seed in seeds),
        "network's": find_errors(network_cases(seeds[: arguments.network], segmenter)),
    }
    columns = "labels, slices, with RV, refused, invented, anterior, inferior, both: mean, median, 95th, worst"
    rows = [row for name, errors in found.items() for row in table_rows(name, errors)]
    record.say(f"Absolute error of the RV insertions' angles in degrees; weights {segmenter.model_sha256[:12]}.\n")
    record.table([*columns.split(", "), "mid-septum: mean", "worst"], rows)
    for name, errors in found.items():
        mean = np.nanmean(abs(np.stack([errors.anterior, errors.inferior])))
        record.say(f"On {name} labels the mean is {mean:.1f} degrees: {'within' if mean <= BAR else 'beyond'} {BAR}.\n")
    picture = record.picture("sectors.png", "cumulative share of slices by error of the insertions and of mid-septum")
    if picture is not None:
        plot(found, picture)
    record.close()


def _options() -> argparse.ArgumentParser:
    options = parser("Angles of the RV insertions on digital patients, against the truth.")
    options.add_argument("--patients", type=int, default=67, help="with true labels, three slices each")
    options.add_argument("--network", type=int, default=24, help="of these, simulated and segmented by the network")
    options.add_argument("--bundle", type=Path, default=REPOSITORY / "bundle")
    return options


def true_case(patient: DigitalPatient) -> Case:
    """The patient as drawn."""
    scene = build_scene(patient)
    insertions, centers = truth(patient, scene)
    return Case(picture_labels(scene, SIZE).numpy(), affines(scene, SIZE), insertions, centers)


def network_cases(seeds: Iterable[int], segmenter: Segmenter) -> Iterator[Case]:
    """Stress and rest scans in turn, as the network labels them."""
    for number, seed in enumerate(seeds):
        patient = draw_patient(seed)
        scene = build_scene(patient)
        film = simulate(patient, list(patient.states)[number % 2], scene=scene)
        motion, gadolinium = corrected(film, perfusion_scan(film, patient.field_strength_t))
        labels = segmenter.segment(gadolinium).labels
        insertions, centers = truth(patient, scene)
        places = np.concatenate([insertions, centers[:, None]], axis=1)
        there = np.stack([in_frame(places[k], film, k, int(frame)) for k, frame in enumerate(motion.reference_frame)])
        yield Case(labels, affines(scene, SIZE), there[:, :2], there[:, 2])


def affines(scene: Scene, size: tuple[int, int]) -> FloatArray:
    """Of each slice, for a picture of that size, shape (slice, 4, 4)."""
    return np.stack([plane.affine(size).numpy() for plane in scene.planes])


def truth(patient: DigitalPatient, scene: Scene) -> tuple[FloatArray, FloatArray]:
    """Insertions (slice, 2, 3) and centres of the LV cavity (slice, 3) as drawn, LPS mm.

    Raises:
        ValueError: the scene isn't the patient's.
    """
    size = (scene.labels.shape[-2], scene.labels.shape[-1])
    spacing, chance = FIELD_OF_VIEW_MM[0] / size[0], stream(patient, "anatomy", "cpu")
    anatomy = draw_anatomy(1, PLAUSIBLE, size=size, spacing_mm=spacing, generator=chance)
    if not torch.equal(anatomy.labels[0], scene.labels):
        raise ValueError("this scene was drawn otherwise")
    fine = affines(scene, size)
    pools = (scene.labels == Label.LV_CAVITY).numpy()
    centers = [centroid(pool, affine) for pool, affine in zip(pools, fine, strict=True)]
    insertions = [[on_epicardium(anatomy, k, end, fine[k]) for end in range(2)] for k in range(len(fine))]
    return np.array(insertions), np.stack(centers)


def on_epicardium(anatomy: Anatomy, k: int, end: int, affine: FloatArray) -> FloatArray:
    """Place [mm] of a slice's insertion: of depth 1 and its angle, by a polynomial through the wall's pixels nearby."""
    depth, angle = anatomy.wall_depth[0, k].numpy(), anatomy.wall_angle[0, k].numpy()
    away = np.angle(np.exp(1j * (angle - float(anatomy.insertions[0, k, end]))))
    near = (depth > 0.6) & (depth < 1) & (abs(away) < 0.25)
    if not near.any():
        return np.full(3, np.nan)
    terms = np.stack([np.ones(near.sum()), away[near], depth[near] - 1, away[near] ** 2], axis=1)
    return np.asarray(np.linalg.lstsq(terms, positions(affine, *depth.shape)[near], rcond=None)[0][0])


def in_frame(places: FloatArray, film: SimulatedScan, k: int, frame: int) -> FloatArray:
    """Where places (n, 3) of the reference lie in a saturation-recovery frame of a slice, LPS mm."""
    affine = film.perfusion.planes[k].affine(SIZE).numpy()
    moved = film.motion[k].displacement(SIZE)[film.n_proton_density + frame].numpy()
    known = np.isfinite(places).all(axis=1)
    pixels = np.linalg.lstsq(affine[:3, :2], (places[known] - affine[:3, 3]).T, rcond=None)[0]
    row, column = np.rint(pixels).astype(int)
    steps = affine[:3, :2] / np.linalg.norm(affine[:3, :2], axis=0)
    there = places.copy()
    there[known] += (steps @ moved[:, row, column]).T
    return there


def find_errors(cases: Iterable[Case]) -> Errors:
    """Errors of all slices of all cases."""
    found = [_slice_errors(case) for case in cases]
    errors, refused, invented = (np.concatenate(part) for part in zip(*found, strict=True))
    return Errors(errors[:, 0], errors[:, 1], refused, invented)


def _slice_errors(case: Case) -> tuple[FloatArray, BoolArray, BoolArray]:
    cavity, wall, rv = (np.equal(case.labels, label) for label in (Label.LV_CAVITY, Label.MYOCARDIUM, Label.RV))
    centers = np.stack([centroid(mask, affine) for mask, affine in zip(cavity, case.affines, strict=True)])
    normal = case.affines[0, :3, 2] / np.linalg.norm(case.affines[0, :3, 2])
    base = long_axis(centers, normal, (cavity | wall).sum(axis=(1, 2)))
    lacking = np.asarray(np.isnan(case.insertions).any(axis=(1, 2)))
    errors = np.full((len(centers), 2), np.nan)
    seen = np.zeros(len(centers), np.bool_)
    for k, places in enumerate(case.insertions):
        septum = find_septum(rv[k], wall[k], centers[k], case.affines[k], base)
        seen[k] = septum is not None
        if septum is not None and not lacking[k]:
            true = angles(places, case.centers[k], *septal_plane(septum.middle, base))
            errors[k] = np.degrees([septum.half_width - true[0], -septum.half_width - true[1]])
    return errors, ~seen & ~lacking, seen & lacking


def table_rows(name: str, errors: Errors) -> list[list[str]]:
    """A row for each level and one for all."""
    level = np.arange(len(errors.refused)) % len(LEVELS)
    rows = []
    for words, chosen in [(word, level == k) for k, word in enumerate(LEVELS)] + [("all", level >= 0)]:
        anterior, inferior, middle = (abs(e[chosen]) for e in (errors.anterior, errors.inferior, errors.middle))
        both, refused = np.concatenate([anterior, inferior]), int(errors.refused[chosen].sum())
        seen = int(np.isfinite(anterior).sum()) + refused
        numbers = [np.nanmean(anterior), np.nanmean(inferior), np.nanmean(both), np.nanmedian(both)]
        numbers += [np.nanpercentile(both, 95), np.nanmax(both), np.nanmean(middle), np.nanmax(middle)]
        invented = str(int(errors.invented[chosen].sum()))
        cells = [f"{number:.1f}" for number in numbers]
        rows.append([f"{name}, {words}", str(int(chosen.sum())), str(seen), str(refused), invented, *cells])
    return rows


def plot(found: dict[str, Errors], path: Path) -> None:
    """Cumulative share of slices by absolute error, one panel for each kind of labels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(found), sharey=True))
    for panel, (name, errors) in zip(panels, found.items(), strict=True):
        lines = {"anterior": errors.anterior, "inferior": errors.inferior, "mid-septum": errors.middle}
        for words, values in lines.items():
            size = np.sort(abs(values[np.isfinite(values)]))
            panel.step(size, np.arange(1, len(size) + 1) / len(size) * 100, where="post", label=words)
        panel.axvline(BAR, color="0.6", linewidth=0.8, linestyle="--")
        panel.set(title=f"{name} labels", xlabel="error [degrees]", xlim=(0, 12), ylim=(0, 101))
    panels[0].set_ylabel("slices [%]")
    panels[-1].legend(loc="lower right")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
