"""A training's output is read as it is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.training_curves import plot, read_log

LOG = """
2026-01-02 03:04:05,067 - INFO - Epoch: 1/100000, Iter: 50/128 -- train_loss: 0.9000
2026-01-02 03:04:06,067 - INFO - Epoch: 1/100000, Iter: 100/128 -- train_loss: 0.7000
2026-01-02 03:04:07,067 - INFO - Epoch: 2/100000, Iter: 22/128 -- train_loss: 0.5000
2026-01-02 03:04:08,067 - INFO - Epoch[2] Metrics -- dice: 0.6100
2026-01-02 03:04:08,067 - INFO - Key metric: dice best value: 0.6100 at epoch: 2
"""


def test_losses_and_dice_are_placed_by_their_step(tmp_path: Path) -> None:
    curves = read_log(LOG)
    assert curves.loss.tolist() == [[50, 0.9], [100, 0.7], [150, 0.5]]
    assert curves.dice.tolist() == [[256, 0.61]]
    plot([curves, curves], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_a_resumed_training_counts_each_step_once() -> None:
    again = LOG + "Epoch: 1/100000, Iter: 100/128 -- train_loss: 0.6500 \n"
    assert read_log(again).loss.tolist() == [[50, 0.9], [100, 0.65], [150, 0.5]]


def test_another_log_is_refused() -> None:
    with pytest.raises(ValueError, match="train_loss"):
        read_log("Epoch[1] Complete. Time taken: 00:00:52")
