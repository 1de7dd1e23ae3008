"""Pictures of 64 training samples: ``python -m benchmarks.gallery OUT.png [--population lifelike] [--outlines]``.

With ``--scanned FOLDER`` they are views of scanned patients that a training has left there. Each is shown at its blood
pool's peak and eight frames on, with what a reader is taken to draw. Real series stand below them where they are (the
folder named in PERF_APP_TEST_DATA, or ``shared/data`` beside the checkout): a glance should not tell the two apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes

from benchmarks.surroundings import real_series
from operators.series import FloatArray, IntArray, Label
from perf_app.phantom.population import LIFELIKE, PLAUSIBLE, TURNED, WILD
from perf_app.phantom.scanned import view
from perf_app.phantom.training import draw_patches

POPULATIONS = {"lifelike": LIFELIKE, "plausible": PLAUSIBLE, "turned": TURNED, "wild": WILD}
COLUMNS, HALF_MM, LATER = 8, 46, 8
Sample = tuple[FloatArray, IntArray]
"""Frames (time, row, col) and labels (row, col), pixels of 1 mm."""


def main() -> None:
    """Draw and save the picture."""
    parser = argparse.ArgumentParser(description="Pictures of training samples beside real frames.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--population", choices=POPULATIONS, default="lifelike")
    parser.add_argument("--scanned", type=Path, metavar="FOLDER", help="of scanned patients, shown in their place")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--outlines", action="store_true", help="draw the labels")
    arguments = parser.parse_args()
    generator = torch.Generator().manual_seed(arguments.seed)
    source = scanned(arguments.scanned, generator) if arguments.scanned else simulated(arguments.population, generator)
    drawn = list(islice(source, arguments.samples))
    folder = real_series()
    real = [] if folder is None else [read(path) for path in sorted((folder / "daugs").glob("*.npz"))]
    n_rows = -(-len(drawn) // COLUMNS) + -(-len(real) // COLUMNS)
    figure, axes = plt.subplots(n_rows, 2 * COLUMNS, figsize=(2 * COLUMNS, 1.08 * n_rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    first_real = -(-len(drawn) // COLUMNS) * COLUMNS
    for place, (sample, origin) in [
        *enumerate((s, "") for s in drawn),
        *enumerate(((s, "real") for s in real), first_real),
    ]:
        row, column = divmod(place, COLUMNS)
        show(list(axes[row, 2 * column : 2 * column + 2]), sample, origin, arguments.outlines)
    figure.subplots_adjust(0, 0, 1, 0.99, 0.02, 0.08)
    figure.savefig(arguments.out, dpi=90)


def simulated(population: str, generator: torch.Generator) -> Iterator[Sample]:
    """One slice a patient: basal, mid, apical in turn."""
    for index in count():
        patch = draw_patches(1, 128, generator, POPULATIONS[population])[index % 3]
        yield patch.image.numpy(), patch.label[0].numpy().astype(np.int64)


def scanned(folder: Path, generator: torch.Generator) -> Iterator[Sample]:
    """One slice a patient, stress and rest and basal, mid and apical in turn."""
    for index, file in enumerate(sorted(folder.glob("*.pt"))):
        slices = torch.load(file, weights_only=True)
        seen = view(slices[index % len(slices)], 128, generator)
        yield seen["image"].numpy(), seen["label"].argmax(0).numpy()


def read(path: Path) -> Sample:
    """A real series and its drawn contours."""
    with np.load(path) as file:
        mask = file["mask"]
        labels = np.select([mask == 1, mask == 3], [Label.MYOCARDIUM, Label.LV_CAVITY], 0).astype(np.int64)
        return file["image"].astype(np.float32), labels


def show(axes: list[Axes], sample: Sample, title: str, outlines: bool) -> None:
    """Two frames of a sample, cut about its left ventricle."""
    frames, labels = sample
    heart = np.isin(labels, (Label.LV_CAVITY, Label.MYOCARDIUM))
    if not heart.any():
        return
    pool = labels == Label.LV_CAVITY if (labels == Label.LV_CAVITY).any() else heart
    peak = int(frames[:, pool].mean(1).argmax())
    row, col = (int(index.mean()) for index in np.nonzero(heart))
    cut = np.s_[max(row - HALF_MM, 0) : row + HALF_MM, max(col - HALF_MM, 0) : col + HALF_MM]
    for axis, frame in zip(axes, (peak, min(peak + LATER, len(frames) - 1)), strict=True):
        low, high = np.percentile(frames[frame][cut], (1, 99))
        axis.imshow(frames[frame][cut], cmap="gray", vmin=low, vmax=max(high, low + 1e-6))
        axis.set_title(title, fontsize=6, pad=1)
        if outlines:
            for mask in (heart, pool):
                axis.contour(mask[cut], [0.5], colors="lime", linewidths=0.5)


if __name__ == "__main__":
    main()
