"""A training that takes a given time: what fits on a machine whose speed isn't known beforehand."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
import torch.distributed as dist
from ignite.engine import Engine, Events
from torch.optim import Optimizer


class TimeBudget:
    """Learning rate over a span of wall-clock time, which then ends the training.

    It rises in a straight line over the first part of the span and falls along half a cosine to zero. Time is counted
    over interruptions: the state goes into a checkpoint, and a resumed training has what was left.

    Args:
        optimizer: whose learning rates are set; all groups alike.
        minutes: the span.
        learning_rate: at its highest.
        rise: share of the span until then.

    Raises:
        ValueError: no time, or a rise outside 0 to 1.
    """

    def __init__(self, optimizer: Optimizer, minutes: float, learning_rate: float, rise: float = 0.04) -> None:
        if minutes <= 0 or not 0 <= rise < 1:
            raise ValueError(f"a span of {minutes} minutes with a rise of {rise} of it can't be trained for")
        self.optimizer, self.minutes, self.learning_rate, self.rise = optimizer, minutes, learning_rate, rise
        self.elapsed_s = 0.0
        self._last: float | None = None

    def attach(self, engine: Engine) -> None:
        """Let it run the trainer's learning rate and end."""
        engine.add_event_handler(Events.STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.step)

    def start(self) -> None:
        """Begin to count, with the learning rate of the time already spent."""
        self._last = time.monotonic()
        self._set()

    def step(self, engine: Engine) -> None:
        """Count the time since the last step; set the learning rate, or end the training."""
        now = time.monotonic()
        self.elapsed_s += now - (now if self._last is None else self._last)
        self._last = now
        if dist.is_initialized():
            # All processes of a training end at the same step, or those left would wait for ever.
            spent = torch.tensor(self.elapsed_s, device=_device())
            dist.all_reduce(spent, dist.ReduceOp.MAX)
            self.elapsed_s = float(spent)
        self._set()
        if self.elapsed_s >= 60 * self.minutes:
            engine.terminate()

    def rate(self, share: float) -> float:
        """Learning rate when a share of the span has gone by."""
        if share < self.rise:
            return self.learning_rate * (0.04 + 0.96 * share / self.rise)
        return self.learning_rate * (1 + math.cos(math.pi * (min(share, 1.0) - self.rise) / (1 - self.rise))) / 2

    def _set(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(self.elapsed_s / (60 * self.minutes))

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training goes on from."""
        return {"elapsed_s": self.elapsed_s}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from another run's state."""
        self.elapsed_s = float(state["elapsed_s"])


def _device() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
