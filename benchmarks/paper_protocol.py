"""The whole frozen test population: ``python -m benchmarks.paper_protocol [--patients N] [--workers N] [--write]``.

600 slices at full size: 100 digital (simulated) patients under the paper's protocol, at stress and at rest, three
slices each. Pictures are simulated as the chain would read them, then corrected for motion, converted to Gd and
segmented, each as in a study; only the DICOM files between are left out. The paper's metrics stand beside the paper's
figures and the goals, of the contours as the reference frames have them, and of those where the heart lies on the mean
of the corrected frames. All else is of the former; a summary goes into the bundle's README and metadata.
"""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import pandas as pd
import torch
from rich.progress import track

from benchmarks.cases import FilmedScan, filmed_scans
from benchmarks.record import BUNDLE, Record, parser
from benchmarks.surroundings import REPOSITORY
from operators.segmentation.inference import Segmenter
from operators.series import Label
from perf_app.evaluation.label_stack import LabelStack
from perf_app.evaluation.summary import NOTE, TITLES, contour_lines
from perf_app.evaluation.tables import (
    STRUCTURES,
    ContourPair,
    contour_table,
    known_groups,
    summarise_contours,
)
from perf_app.phantom.frozen import TEST
from perf_app.phantom.patient import DigitalPatient

WALL = STRUCTURES[Label.MYOCARDIUM]
PAPER = {
    "dice": ("0.93 ± 0.04", 0.95, "≥"),
    "false_positive": ("0.09", 0.06, "≤"),
    "false_negative": ("0.06", 0.05, "≤"),
    "precision": ("0.92", 0.94, "≥"),
    "recall": ("0.94", 0.95, "≥"),
    "boundary_mm": ("0.33 ± 0.15", 0.30, "≤"),
    "hausdorff_mm": ("2.52 ± 1.08", 2.3, "≤"),
    "insertion_anterior_deg": ("2.65 ± 3.89", 2.3, "≤"),
}
"""Of Xue et al. 2020, and our goals."""
PAPERS_FAILURES = "2 of 600"
PLACES = ("true contours in the reference frame", "on the mean of the frames")
METADATA = REPOSITORY / "bundle/configs/metadata.json"


def main() -> None:
    """Print the tables."""
    options = parser("The paper's metrics on the frozen test population.")
    options.add_argument("--patients", type=int, default=TEST.n_patients, help="the first so many")
    options.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    options.add_argument("--bundle", type=Path, default=REPOSITORY / "bundle")
    arguments = options.parse_args()
    patients = list(TEST.patients(arguments.patients))
    work = partial(rows_of, bundle=arguments.bundle)
    with ProcessPoolExecutor(arguments.workers) as pool:
        both = pd.concat(track(pool.map(work, patients), "patients", len(patients)))
    table, mean = (both[both["truth"] == place] for place in PLACES)
    digest = segmenter(arguments.bundle).model_sha256[:12]
    for record in (
        Record("protocol", "benchmarks.paper_protocol", arguments.write),
        Record("protocol", "benchmarks.paper_protocol", arguments.write, BUNDLE),
    ):
        record.say(f"Weights {digest}; {len(patients)} patients.\n")
        heads = [head for place in PLACES for head in (f"found, {place}", "")]
        record.table(["myocardium", "the paper", "goal", *heads], against_the_paper(table, mean))
        record.say("\n".join(contour_lines(table)) + "\n")
        if record.page is not BUNDLE:
            for by in known_groups(table):
                record.say("\n".join(contour_lines(table[table["structure"] == WALL], by)) + "\n")
        record.say(NOTE)
        record.close()
    if arguments.write:
        write_metrics(METADATA, table, digest)


def rows_of(patient: DigitalPatient, bundle: Path) -> pd.DataFrame:
    """Metrics of both scans of a patient, on one thread; rows of each slice by every of `PLACES`, column ``truth``."""
    torch.set_num_threads(1)
    network = segmenter(bundle)
    pairs = zip(*(contour_pairs(scan, network) for scan in filmed_scans(patient)), strict=True)
    return pd.concat(contour_table(some).assign(truth=place) for place, some in zip(PLACES, pairs, strict=True))


@cache
def segmenter(bundle: Path) -> Segmenter:
    """Loaded once in each process."""
    return Segmenter(bundle)


def contour_pairs(scan: FilmedScan, network: Segmenter) -> list[ContourPair]:
    """True and found contours, the true ones by `PLACES`."""
    affines = scan.gadolinium.series.affines
    found = LabelStack(network.segment(scan.gadolinium).labels, affines)
    return [ContourPair(scan.case, LabelStack(truth, affines), found) for truth in (scan.truth, scan.mean_truth)]


def against_the_paper(*tables: pd.DataFrame) -> list[list[str]]:
    """A row for each of the paper's figures: its own, the goal, then of each table what was found and the verdict."""
    walls = [table[table["structure"] == WALL] for table in tables]
    rows = []
    for metric, (paper, goal, side) in PAPER.items():
        found = [wall[metric].dropna() for wall in walls]
        reached = [v.mean() >= goal if side == "≥" else v.mean() <= goal for v in found]
        cells = [(f"{v.mean():.3g} ± {v.std():.2g}", verdict(ok)) for v, ok in zip(found, reached, strict=True)]
        rows.append([TITLES[metric], paper, f"{side} {goal:g}", *itertools.chain(*cells)])
    failed = [int(wall["failed"].sum()) for wall in walls]
    cells = [(f"{n} of {len(wall)}", verdict(n == 0)) for n, wall in zip(failed, walls, strict=True)]
    rows.append(["failures (Dice below 0.5)", PAPERS_FAILURES, "none", *itertools.chain(*cells)])
    return rows


def verdict(reached: bool) -> str:
    """On a goal."""
    return "reached" if reached else "missed"


def write_metrics(path: Path, table: pd.DataFrame, digest: str) -> None:
    """Replace ``eval_metrics`` of a bundle's metadata by the means and SDs over slices; nothing else in it changes.

    Args:
        path: of ``metadata.json``.
        table: as `contour_table` makes it.
        digest: of the weights.
    """
    wall = table[table["structure"] == WALL]
    metrics: dict[str, str | float] = {
        "data": f"simulated: {len(wall)} slices of {wall['patient'].nunique()} digital patients",
        "weights": digest,
        "failed_slices": int(wall["failed"].sum()),
    }
    for row in summarise_contours(table).to_dict("records"):
        if row["metric"] == "dice" or (row["structure"] == WALL and row["metric"] in ("boundary_mm", "hausdorff_mm")):
            name = f"{row['metric']}_{row['structure']}".lower().replace(" ", "_")
            metrics |= {name: round(row["mean"], 3), f"{name}_sd": round(row["sd"], 3)}
    metadata = json.loads(path.read_text(encoding="utf-8")) | {"eval_metrics": metrics}
    path.write_text(json.dumps(metadata, indent=4, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
