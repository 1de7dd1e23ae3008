"""Curves of a training: ``python -m benchmarks.training_curves LOG [LOG ...] [--write]``, a log for each stage.

LOG is what the bundle's training printed: lines of MONAI's ``StatsHandler`` such as ``Epoch: 3/60, Iter: 44/128 --
train_loss: 0.3242`` and ``Epoch[10] Metrics -- dice: 0.8432``. Where a resumed training has said a step twice, the
later line counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from scipy.ndimage import uniform_filter1d

from benchmarks.record import BUNDLE, Record, parser
from operators.series import FloatArray

LOSS = re.compile(r"Epoch: (\d+)/\d+, Iter: (\d+)/(\d+) -- train_loss: (\S+)")
DICE = re.compile(r"Epoch\[(\d+)\] Metrics -- dice: (\S+)")
SMOOTHED = 11
"""Losses of single batches averaged to a line."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """A training by its steps; rows of step and value."""

    loss: FloatArray
    """Of a single batch, shape (printed, 2)."""
    dice: FloatArray
    """Mean over structures on the validation patients, shape (validation, 2)."""


def main() -> None:
    """Draw and print the last values."""
    options = parser("Curves of a training.")
    options.add_argument("logs", type=Path, nargs="+", metavar="LOG")
    arguments = options.parse_args()
    stages = [read_log(log.read_text(encoding="utf-8")) for log in arguments.logs]
    record = Record("curves", "benchmarks.training_curves", arguments.write, BUNDLE)
    rows = []
    for log, stage in zip(arguments.logs, stages, strict=True):
        dice = stage.dice[:, 1]
        loss = f"{stage.loss[-SMOOTHED:, 1].mean():.3f}"
        rows.append(
            [log.stem, f"{stage.loss[-1, 0]:,.0f}", loss, f"{dice[-1]:.3f}" if len(dice) else "-", str(len(dice))]
        )
    heads = ["stage", "steps", f"loss, mean of the last {SMOOTHED} printed", "last validation Dice", "validations"]
    record.table(heads, rows)
    path = record.picture("training_curves.png", "Loss and validation Dice by step")
    if path is not None:
        plot(stages, path)
    record.close()


def read_log(text: str) -> Curves:
    """The curves in a training's output.

    Raises:
        ValueError: there are no losses in it.
    """
    losses, steps_per_epoch = dict[int, float](), 0
    for epoch, step, steps, value in LOSS.findall(text):
        steps_per_epoch = int(steps)
        losses[(int(epoch) - 1) * steps_per_epoch + int(step)] = float(value)
    if not losses:
        raise ValueError("the log has no line such as 'Epoch: 1/60, Iter: 50/128 -- train_loss: 0.2952'")
    dice = {int(epoch) * steps_per_epoch: float(value) for epoch, value in DICE.findall(text)}
    return Curves(_rows(losses), _rows(dice))


def _rows(values: dict[int, float]) -> FloatArray:
    return np.array(sorted(values.items()), np.float64).reshape(-1, 2)


def plot(stages: Sequence[Curves], path: Path) -> None:
    """Loss on the left, Dice on the right; the stages one after another."""
    figure, panels = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    begin = 0.0
    for stage in stages:
        steps, loss = stage.loss.T
        panels[0].plot(begin + steps, loss, ".", color="0.75", markersize=3)
        panels[0].plot(begin + steps, uniform_filter1d(loss, SMOOTHED, mode="nearest"), color="C0")
        panels[1].plot(begin + stage.dice[:, 0], stage.dice[:, 1], "o-", color="C0", markersize=4)
        begin += steps[-1]
        if stage is not stages[-1]:
            for axes in panels:
                axes.axvline(begin, color="0.6", linestyle=":")
    panels[0].set(xlabel="step", ylabel=f"loss of a batch, and mean of {SMOOTHED}")
    panels[1].set(xlabel="step", ylabel="Dice, validation patients (simulated)", xlim=panels[0].get_xlim())
    for axes in panels:
        axes.locator_params(axis="x", nbins=5)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
