"""How often the truth lies where the chain says: ``python -m benchmarks.coverage [--patients N] [--write]``.

Digital (simulated) patients as DICOM through the whole chain. An interval is taken in the logarithm of MBF, as flow's
errors multiply: what was found times or over exp(z SD / found).
"""

from __future__ import annotations

import logging
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from benchmarks.chain import Pair, by_state, process_patient
from benchmarks.record import Record, parser
from operators.series import FloatArray, Label, Statistics
from perf_app.phantom.patient import draw_patient

FIRST_SEED = 501
"""Patients that were not looked at while the intervals were made."""
LEVELS = (0.5, 0.68, 0.8, 0.9, 0.95, 0.99)


def main() -> None:
    """Print the table."""
    options = parser("How often the truth lies in the intervals told.")
    options.add_argument("--patients", type=int, default=10, help="how many")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    arguments = options.parse_args()
    logging.getLogger("perf_app").setLevel(logging.ERROR)
    record = Record("coverage", "benchmarks.coverage", arguments.write)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.patients)
    pairs = [pair for seed in seeds for pair in process_patient(draw_patient(seed))]
    parts = {"whole myocardium": wholes, "sectors": sectors, "pixels": pixels}
    scores = {
        f"{name}, {state}": np.concatenate([scores_of(pair) for pair in some])
        for name, scores_of in parts.items()
        for state, some in by_state(pairs).items()
    }
    record.say(f"{len(seeds)} digital patients, seeds {seeds[0]} to {seeds[-1]}; z: error over SD, in the logarithm:\n")
    record.table(
        ["intervals of", "number", "hold the truth: of 68 %", "of 95 %", "mean of z", "SD of z", "SD told, median"],
        [row(name, one) for name, one in scores.items()],
    )
    path = record.picture("coverage.png", "How often intervals hold the truth by their level")
    if path is not None:
        plot({name: scores[f"{name}, both"] for name in parts}, path)
    record.close()


def wholes(pair: Pair) -> FloatArray:
    """z and relative SD of the whole myocardium, shape (1 or 0, 2)."""
    return _scored([(pair.true.whole, pair.found.sectors.whole)])


def sectors(pair: Pair) -> FloatArray:
    """z and relative SD of the sectors, shape (sector, 2)."""
    return _scored([(pair.true.by_sector[k], pair.found.sectors.by_sector[k]) for k in range(1, 17)])


def pixels(pair: Pair) -> FloatArray:
    """z and relative SD of pixels that are myocardium in truth and as segmented, shape (pixel, 2).

    The truth is at the end of expiration, what is found where the reference frame has it, a few millimetres away.
    """
    flow = pair.found.flow
    found, sd = flow.flow, flow.parameters["flow_sd_ml_min_g"]
    both = (pair.found.segmentation.labels == Label.MYOCARDIUM) & np.isfinite(pair.true.flow) & np.isfinite(found)
    relative = sd[both] / found[both]
    return np.stack([np.log(found[both] / pair.true.flow[both]) / relative, relative], axis=1).astype(float)


def _scored(regions: list[tuple[Statistics | None, Statistics | None]]) -> FloatArray:
    rows = [
        (np.log(found.mean / true.mean) * found.mean / found.uncertainty, found.uncertainty / found.mean)
        for true, found in regions
        if true is not None and found is not None and found.uncertainty is not None
    ]
    return np.array(rows, float).reshape(-1, 2)


def row(name: str, scores: FloatArray) -> list[str]:
    """Cells of one kind of region."""
    z, relative = scores.T
    shares = [f"{np.mean(np.abs(z) < norm.ppf(0.5 + level / 2)):.0%}" for level in (0.68, 0.95)]
    return [name, str(len(z)), *shares, f"{z.mean():+.2f}", f"{z.std():.2f}", f"{np.median(relative):.1%}"]


def plot(scores: dict[str, FloatArray], path: Path) -> None:
    """Share of intervals that hold the truth by the share that should."""
    figure, axis = plt.subplots(figsize=(4.2, 3.8), layout="constrained")
    for name, one in scores.items():
        held = [np.mean(np.abs(one[:, 0]) < norm.ppf(0.5 + level / 2)) for level in LEVELS]
        axis.plot(LEVELS, held, "o-", markersize=4, label=name)
    axis.axline((0.5, 0.5), slope=1, color="0.6", linewidth=0.8)
    axis.set(xlabel="nominal", ylabel="found", xlim=(0.45, 1.0), ylim=(0.3, 1.02))
    axis.legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
