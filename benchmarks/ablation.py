"""What each step before and after the network brings: ``python -m benchmarks.ablation [--patients N] [--write]``.

The released network on the same physically simulated scans of the frozen test population, one step left out or put in
another's place at a time: conversion to Gd, motion correction, room for a short bolus when brightness is scaled, frames
after the first pass, the clean-up of what was drawn.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import FilmedScan, filmed_scans
from benchmarks.record import TRAINING, Record, parser
from benchmarks.surroundings import REPOSITORY
from operators.segmentation.inference import Segmenter
from operators.series import FloatArray, ImageSeries, IntArray
from perf_app.evaluation.label_stack import LabelStack
from perf_app.evaluation.tables import STRUCTURES, ContourPair, contour_table
from perf_app.phantom.frozen import TEST

EARLY = 24
"""Frames: about the first pass alone."""
CONFIG = Path("configs/inference.json")
Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """What is changed."""

    words: str
    series: Callable[[FilmedScan], ImageSeries]
    edit: Edit | None = None
    """Of the bundle's configuration; None: as released."""


def no_room(config: dict[str, Any]) -> None:
    """Scale by the percentile of all pixels alone."""
    step = next(one for one in config["preprocessing"]["transforms"] if "ScaleByPercentiles" in one["_target_"])
    step["peak"] = 0.0


def no_clean_up(config: dict[str, Any]) -> None:
    """Keep all that was drawn."""
    steps = config["postprocessing"]["transforms"]
    config["postprocessing"]["transforms"] = [one for one in steps if "KeepHeart" not in one["_target_"]]


VARIANTS = (
    Variant("as the chain does it", lambda scan: scan.gadolinium.series),
    Variant("signal in place of Gd", lambda scan: scan.motion.series),
    Variant("signal, motion not corrected", lambda scan: scan.taken.perfusion),
    Variant(f"first {EARLY} frames alone", lambda scan: first_frames(scan.gadolinium.series)),
    Variant("no room for a short bolus", lambda scan: scan.gadolinium.series, no_room),
    Variant("no clean-up", lambda scan: scan.gadolinium.series, no_clean_up),
)


def main() -> None:
    """Print the table."""
    options = parser("What each step before and after the network brings.")
    options.add_argument("--patients", type=int, default=6, help="of the frozen test population, both scans of each")
    options.add_argument("--bundle", type=Path, default=REPOSITORY / "bundle")
    arguments = options.parse_args()
    record = Record("ablation", "benchmarks.ablation", arguments.write, TRAINING)
    scans = [scan for patient in TEST.patients(arguments.patients) for scan in filmed_scans(patient)]
    digest = Segmenter(arguments.bundle).model_sha256[:12]
    record.say(f"Weights {digest}; {len(scans)} simulated scans of three slices; mean Dice, and boundary error [mm].\n")
    rows = []
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            network = Segmenter(edited(arguments.bundle, Path(folder) / "bundle", variant.edit))
            rows.append([variant.words, *scores(scans, variant, network)])
    record.table(["", *(f"Dice {name}" for name in STRUCTURES.values()), "boundary of the myocardium"], rows)
    record.close()


def first_frames(series: ImageSeries) -> ImageSeries:
    """The series cut after the first pass."""
    headers = tuple(row[:EARLY] for row in series.headers)
    return replace(series, pixels=series.pixels[:, :EARLY], times=series.times[:, :EARLY], headers=headers)


def edited(bundle: Path, copy: Path, edit: Edit | None) -> Path:
    """A copy of the bundle with another configuration; the bundle itself where nothing is edited."""
    if edit is None:
        return bundle
    shutil.copytree(bundle, copy, ignore=shutil.ignore_patterns("runs"))
    config = json.loads((copy / CONFIG).read_text(encoding="utf-8"))
    edit(config)
    (copy / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    return copy


def scores(scans: list[FilmedScan], variant: Variant, network: Segmenter) -> list[str]:
    """Cells of a variant's row."""
    table = contour_table(pair(scan, variant.series(scan), network) for scan in scans)
    structures = [table[table["structure"] == name] for name in STRUCTURES.values()]
    return [*(f"{part['dice'].mean():.3f}" for part in structures), f"{structures[0]['boundary_mm'].mean():.2f}"]


def pair(scan: FilmedScan, series: ImageSeries, network: Segmenter) -> ContourPair:
    """True contours and what the network draws, unchecked: what would be refused counts as drawn."""
    drawn = [draw(frames, affine, network) for frames, affine in zip(series.pixels, series.affines, strict=True)]
    truth, found = (LabelStack(labels, series.affines) for labels in (scan.truth, np.stack(drawn)))
    return ContourPair(scan.case, truth, found)


def draw(frames: FloatArray, affine: FloatArray, network: Segmenter) -> IntArray:
    """Labels of one slice, shape (row, col)."""
    return network.ask(frames, affine).labels.astype(np.int64)


if __name__ == "__main__":
    main()
