"""Confidence of a slice: ``python -m benchmarks.confidence [--patients N] [--calibrate] [--write]``.

``--calibrate`` fits the Dice to expect of the myocardium to digital patients of seeds of their own and writes it into
the bundle, for the weights that lie there. Then, on other digital patients and on the real series: how many of the poor
slices are flagged, and the error that is left as more and more of the least sure slices are withheld. Real series never
enter the calibration.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import spearmanr

from benchmarks.cases import DIGITAL, Labelled, daugs_scans, digital_scans
from benchmarks.record import Record, parser
from benchmarks.surroundings import REPOSITORY, real_series
from operators.segmentation.confidence import CALIBRATION, read_calibration
from operators.segmentation.inference import Segmenter
from operators.series import FloatArray, Label
from perf_app.evaluation.contours import overlap

CALIBRATION_SEED = 910_000
POOR = 0.8
"""A slice with a lower Dice of the myocardium is to be flagged."""
BAD = 0.7
"""One with a lower Dice than this all the more."""
FALSE_ALARMS = 0.2
"""Share of the other slices of the calibration's patients that the limit flags: with more, nobody would look."""
HOPELESS = 0.5
"""Below this Dice a slice counts as failed, and is not drawn where no more is to be expected."""
KNOTS = 12


@dataclass(frozen=True)
class Measured:
    """Slices of one population."""

    dice: FloatArray
    """Of the myocardium, shape (slice,)."""
    sureness: FloatArray
    """Shape (slice,)."""


def main() -> None:
    """Print the tables."""
    options = parser("Confidence of the shipped network.")
    options.add_argument(
        "--patients", type=int, default=100, help="digital patients of each population, three slices each"
    )
    options.add_argument("--calibrate", action="store_true", help="fit to the bundle's weights first")
    arguments = options.parse_args()
    bundle = REPOSITORY / "bundle"
    record = Record("confidence", "benchmarks.confidence", arguments.write)
    segmenter = Segmenter(bundle)
    if arguments.calibrate:
        parts = [measure(digital_scans(name, arguments.patients, CALIBRATION_SEED), segmenter) for name in DIGITAL]
        calibrate(bundle, segmenter.model_sha256, parts)
    calibration = read_calibration(bundle, segmenter.model_sha256)
    if calibration is None:
        raise SystemExit("the bundle's weights have no calibration: run again with --calibrate")
    measured = {name: measure(digital_scans(name, arguments.patients), segmenter) for name in DIGITAL}
    folder = real_series()
    if folder is not None:
        measured["real, daugs"] = measure(daugs_scans(folder / "daugs"), segmenter)
    record.say(
        f"Weights {segmenter.model_sha256[:12]}. A slice is flagged where a Dice below {calibration.unsure_below:.2f} "
        f"is to be expected of its myocardium, and not drawn below {calibration.hopeless_below:.2f}.\n"
    )
    rows = []
    for name, found in measured.items():
        expected = np.array([calibration.expect(value) for value in found.sureness])
        rows.append([name, *_row(found.dice, expected, calibration.unsure_below)])
    heads = ["slices", f"Dice below {POOR}", "of them flagged", f"Dice below {BAD}", "of them flagged"]
    heads += [f"of those from {POOR} on flagged"]
    heads += ["mean Dice", "flagged ones withheld", "mean error of the expected Dice", "rank correlation"]
    record.table(["series", *heads], rows)
    path = record.picture("confidence.png", "Mean Dice of the myocardium by the share of slices withheld")
    if path is not None:
        plot(measured, path)
    record.close()


def measure(scans: Iterable[Labelled], segmenter: Segmenter) -> Measured:
    """Dice and sureness of every slice with a myocardium."""
    rows = []
    for scan in scans:
        series = scan.series.series
        for frames, affine, truth in zip(series.pixels, series.affines, scan.truth, strict=True):
            if not (truth == Label.MYOCARDIUM).any():
                continue
            answer = segmenter.ask(frames, affine)
            dice = overlap(truth == Label.MYOCARDIUM, answer.labels == Label.MYOCARDIUM)["dice"]
            rows.append((dice, answer.sureness))
    return Measured(*np.array(rows).T)


def calibrate(bundle: Path, model_sha256: str, parts: list[Measured]) -> None:
    """Fit and write: means of equally many slices, made not to fall, and nothing expected of no sureness."""
    dice, sureness = (np.concatenate([getattr(part, name) for part in parts]) for name in ("dice", "sureness"))
    groups = np.array_split(np.argsort(sureness), KNOTS)
    fit = isotonic_regression([dice[group].mean() for group in groups], weights=[len(group) for group in groups])
    # Groups that were made equal are one knot: on a plateau no threshold would tell its slices apart.
    means = fit.x[fit.blocks[:-1]]
    blocks = (np.concatenate(groups[first:last]) for first, last in itertools.pairwise(fit.blocks))
    knots = [float(sureness[block].mean()) for block in blocks]
    expected = np.interp(sureness, [0.0, *knots], [0.0, *means])
    good = expected[dice >= POOR]
    content = {
        "model_sha256": model_sha256,
        "sureness": [0.0, *(round(value, 4) for value in knots)],
        "dice": [0.0, *(round(float(value), 4) for value in means)],
        "unsure_below": round(float(np.quantile(good, FALSE_ALARMS)), 4) if good.size else POOR,
        "hopeless_below": HOPELESS,
    }
    (bundle / CALIBRATION).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _row(dice: FloatArray, expected: FloatArray, threshold: float) -> list[str]:
    poor, bad, flagged = dice < POOR, dice < BAD, expected < threshold
    rest = f"{dice[~flagged].mean():.3f}" if (~flagged).any() else "-"
    return [
        str(len(dice)),
        str(int(poor.sum())),
        f"{flagged[poor].mean():.0%}" if poor.any() else "-",
        str(int(bad.sum())),
        f"{flagged[bad].mean():.0%}" if bad.any() else "-",
        f"{flagged[~poor].mean():.0%}" if (~poor).any() else "-",
        f"{dice.mean():.3f}",
        rest,
        f"{(expected - dice).mean():+.3f}",
        f"{spearmanr(expected, dice).statistic:.2f}",
    ]


def kept_dice(dice: FloatArray, order: FloatArray) -> FloatArray:
    """Mean Dice of what is left when 0, 1, 2 ... slices with the lowest `order` are withheld, shape (slice,)."""
    from_best = dice[np.argsort(-order, kind="stable")]
    return np.asarray((np.cumsum(from_best) / np.arange(1, len(dice) + 1))[::-1])


def plot(measured: dict[str, Measured], path: Path) -> None:
    """Error against fraction withheld: by confidence, and as if the true Dice were known."""
    figure, panels = plt.subplots(1, len(measured), figsize=(3.2 * len(measured), 3), layout="constrained", sharey=True)
    for axes, (name, found) in zip(np.atleast_1d(panels), measured.items(), strict=True):
        withheld = np.arange(len(found.dice)) / len(found.dice)
        axes.plot(withheld, 1 - kept_dice(found.dice, found.sureness), color="tab:blue", label="least sure withheld")
        axes.plot(withheld, 1 - kept_dice(found.dice, found.dice), color="0.6", linestyle="--", label="worst withheld")
        axes.axhline(1 - found.dice.mean(), color="0.8", linewidth=0.8, label="at random")
        axes.set(title=f"{name}, n = {len(found.dice)}", xlabel="share of slices withheld", xlim=(0, 0.9))
    np.atleast_1d(panels)[0].set_ylabel("1 - mean Dice of the others")
    np.atleast_1d(panels)[0].legend(fontsize=7, frameon=False)
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
