"""What asking the network more than once brings: ``python -m benchmarks.test_time [--patients N] [--write]``.

The same slice turned, mirrored or shown later, the logits averaged with those of the slice as it is: Dice on digital
(simulated) patients no training used and, where they are, on the real series. One pass more costs as much time as the
first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from benchmarks.cases import DIGITAL, Labelled, daugs_scans, digital_scans
from benchmarks.confidence import CALIBRATION_SEED
from benchmarks.record import TRAINING, Record, parser
from benchmarks.surroundings import REPOSITORY, real_series
from operators.segmentation.bundle_folder import importable
from operators.segmentation.inference import Segmenter
from operators.series import BoolArray, Label
from perf_app.evaluation.contours import overlap

with importable(REPOSITORY / "bundle"):
    from scripts.asking_again import DELAY, later

Change = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]
"""Of the network's input (1, frame, row, col), and back, of its logits (1, label, row, col)."""
QUESTIONS: dict[str, Change] = {
    "as it is": (lambda image: image, lambda answer: answer),
    "mirrored": (lambda image: image.flip(3), lambda answer: answer.flip(3)),
    "turned": (lambda image: image.rot90(1, (2, 3)), lambda answer: answer.rot90(-1, (2, 3))),
    "later": (later, lambda answer: answer),
    "mirrored and later": (lambda image: later(image).flip(3), lambda answer: answer.flip(3)),
    "turned and later": (lambda image: later(image).rot90(1, (2, 3)), lambda answer: answer.rot90(-1, (2, 3))),
}
BUNDLE_ASKS = "turned and later"
LABELS = (Label.MYOCARDIUM, Label.LV_CAVITY)


def main() -> None:
    """Print the table."""
    options = parser("Test-time augmentation.")
    options.add_argument("--patients", type=int, default=12, help="digital patients of each population")
    arguments = options.parse_args()
    record = Record("test-time", "benchmarks.test_time", arguments.write, TRAINING)
    segmenter = Segmenter(REPOSITORY / "bundle")
    record.say(
        f"Weights {segmenter.model_sha256[:12]}; Dice of myocardium and LV cavity, mean over slices. "
        f"Turned: by 90°; later: by {DELAY} frames.\n"
    )
    populations = {name: digital_scans(name, arguments.patients, CALIBRATION_SEED) for name in DIGITAL}
    folder = real_series()
    if folder is not None:
        populations["real, daugs"] = daugs_scans(folder / "daugs")
    first, *others = QUESTIONS
    asked = {first: [first]}
    asked |= {f"and {name}{': the bundle' if name == BUNDLE_ASKS else ''}": [first, name] for name in others}
    asked["all"] = list(QUESTIONS)
    columns = [scores(scans, segmenter, list(asked.values())) for scans in populations.values()]
    rows = [[name, *(column[k] for column in columns)] for k, name in enumerate(asked)]
    record.table(["logits averaged over", *populations], rows)
    record.close()


def scores(scans: Iterable[Labelled], segmenter: Segmenter, asked: list[list[str]]) -> list[str]:
    """A cell for each set of questions."""
    slices = chain.from_iterable(
        zip(scan.series.series.pixels, scan.series.series.affines, scan.truth, strict=True) for scan in scans
    )
    found, device = [], next(segmenter.network.parameters()).device
    for frames, affine, truth in slices:
        prepared = segmenter.prepare(frames, affine)
        image = prepared["image"][None, ..., 0].to(device)
        with torch.inference_mode():
            answers = {name: back(segmenter.network(change(image))) for name, (change, back) in QUESTIONS.items()}
        means = [torch.stack([answers[name] for name in names]).mean(0)[0, ..., None].cpu() for names in asked]
        drawn = [segmenter.finish(prepared, mean)[0] for mean in means]
        found.append([[_dice(truth == label, one == label) for label in LABELS] for one in drawn])
    return ["{:.3f}, {:.3f}".format(*dice) for dice in np.nanmean(found, axis=0)]


def _dice(truth: BoolArray, found: BoolArray) -> float:
    return overlap(truth, found)["dice"] if truth.any() else float("nan")


if __name__ == "__main__":
    main()
