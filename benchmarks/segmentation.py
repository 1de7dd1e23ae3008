"""Dice of the shipped network: ``python -m benchmarks.segmentation [--patients N] [--bundle FOLDER]``.

Digital patients of fixed seeds that no training used, and real series where they are: in the folder named in
PERF_APP_TEST_DATA, or in ``shared/data`` beside the checkout. Everything runs as in a study: heart finding, crop,
network, clean-up.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from pydicom import Dataset

from operators.segmentation.inference import Segmenter
from operators.series import FloatArray, GadoliniumSeries, ImageSeries, IntArray, Label
from perf_app.phantom.anatomy import PLAUSIBLE, WILD, AnatomyRanges
from perf_app.phantom.training import draw_patches

REPOSITORY = Path(__file__).resolve().parents[1]
STRUCTURES = {Label.LV_CAVITY: "LV cavity", Label.MYOCARDIUM: "myocardium", Label.RV: "RV"}
POPULATIONS: dict[str, tuple[AnatomyRanges, int]] = {
    "digital, plausible": (PLAUSIBLE, 900_001),
    "digital, wild": (WILD, 900_002),
}
DIGITAL_SIZE = 208
QPERF_SPACING_MM = 1.9
Case = tuple[FloatArray, float, IntArray]
"""Series (frame, row, col), pixel size [mm], true labels (row, col) with -1 where a structure isn't drawn."""


def main() -> None:
    """Print a table of Dice coefficients, mean and SD over slices."""
    parser = argparse.ArgumentParser(description="Dice of the shipped network on digital patients and real series.")
    parser.add_argument("--patients", type=int, default=12, help="digital patients of each population")
    parser.add_argument("--bundle", type=Path, default=REPOSITORY / "bundle")
    arguments = parser.parse_args()
    segmenter = Segmenter(arguments.bundle)
    print(f"weights {segmenter.model_sha256[:12]}, {machine()}")
    print(f"| {'series':20} | slices | " + " | ".join(f"{name:13}" for name in STRUCTURES.values()) + " |")
    print("|---|---|" + "---|" * len(STRUCTURES))
    for name, (ranges, seed) in POPULATIONS.items():
        print(table_row(name, segmenter, digital_cases(ranges, seed, arguments.patients)))
    folder = Path(os.environ.get("PERF_APP_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        print("no real series here: name their folder in PERF_APP_TEST_DATA")
        return
    print(table_row("real, daugs", segmenter, daugs_cases(folder / "daugs")))
    print(table_row("real, qperf rest", segmenter, [qperf_case(folder / "qperf")]))
    print(qperf_flow(folder / "qperf", segmenter))


def machine() -> str:
    """Kind of processor and number of cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def dice(first: IntArray, second: IntArray) -> float:
    """Of two masks; NaN where both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * float(np.logical_and(first, second).sum()) / total if total else float("nan")


def segment(segmenter: Segmenter, frames: FloatArray, spacing: float) -> IntArray:
    """Labels of one slice's frames (time, row, col)."""
    affine = np.diag([spacing, spacing, 8.0, 1.0])[:, [1, 0, 2, 3]]
    series = ImageSeries(
        series_instance_uids=("2.25.1",),
        pixels=frames[None],
        unit="a.u.",
        times=np.arange(len(frames), dtype=float)[None],
        affines=affine[None],
        headers=(tuple(Dataset() for _ in frames),),
    )
    labels: IntArray = segmenter.segment(GadoliniumSeries(series)).labels[0].astype(np.int64)
    return labels


def table_row(name: str, segmenter: Segmenter, cases: Iterator[Case] | list[Case]) -> str:
    """Mean and SD of each structure's Dice over the cases."""
    values = []
    for frames, spacing, truth in cases:
        found = np.where(truth < 0, -1, segment(segmenter, frames, spacing))
        known = {int(label) for label in np.unique(truth)}
        values.append([dice(found == k, truth == k) if int(k) in known else np.nan for k in STRUCTURES])
    columns = [column[~np.isnan(column)] for column in np.array(values).T]
    cells = [f"{c.mean():.3f} ± {c.std():.3f}" if len(c) else "-" for c in columns]
    return f"| {name:20} | {len(values):6} | " + " | ".join(f"{cell:13}" for cell in cells) + " |"


def digital_cases(ranges: AnatomyRanges, seed: int, n_patients: int) -> Iterator[Case]:
    """Digital patients' slices, one patient at a time."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_patients):
        for patch in draw_patches(1, DIGITAL_SIZE, generator, ranges):
            yield patch.image.numpy(), 1.0, patch.label[0].numpy().astype(np.int64)


def daugs_cases(folder: Path) -> Iterator[Case]:
    """Twelve real series of four patients; where no cavity is drawn, what the wall encloses is left out."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            frames, mask = file["image"].astype(np.float32), file["mask"]
        yield frames, 1.0, np.select([mask == 1, mask == 3], [Label.MYOCARDIUM, Label.LV_CAVITY], 0).astype(np.int64)


def qperf_case(folder: Path) -> Case:
    """A real rest slice of Gd concentration."""
    with np.load(folder / "rest_gd.npz") as file:
        truth = np.select([file["ring_mask"], file["cavity_mask"]], [Label.MYOCARDIUM, Label.LV_CAVITY], 0)
        return file["gd"].astype(np.float32), QPERF_SPACING_MM, truth.astype(np.int64)


def qperf_flow(folder: Path, segmenter: Segmenter) -> str:
    """Mean of the published flow map in the segmented wall beside that in the drawn ring."""
    frames, spacing, truth = qperf_case(folder)
    with np.load(folder / "rest_gd.npz") as file:
        flow = file["mbf_reference"]
    wall = segment(segmenter, frames, spacing) == Label.MYOCARDIUM
    ring = truth == Label.MYOCARDIUM
    return (
        f"qperf rest: published MBF {flow[wall].mean():.2f} in the segmented wall ({wall.sum()} pixels), "
        f"{flow[ring].mean():.2f} in the drawn ring ({ring.sum()} pixels)"
    )


if __name__ == "__main__":
    main()
