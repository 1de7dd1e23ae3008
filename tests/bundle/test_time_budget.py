"""The learning rate's course over a span of time, and a training that goes on after an interruption."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ignite.engine import Engine, Events
from scripts.resuming import make_resumable
from scripts.time_budget import TimeBudget


def budget(minutes: float = 1.0) -> TimeBudget:
    weight = torch.nn.Parameter(torch.zeros(1))
    return TimeBudget(torch.optim.SGD([weight], lr=9.0), minutes, learning_rate=0.5, rise=0.1)


def test_rate_rises_to_its_highest_and_falls_to_nothing() -> None:
    rates = [budget().rate(i / 100) for i in range(101)]
    assert max(rates) == rates[10] == 0.5
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(0.0)
    assert budget().rate(1.7) == pytest.approx(0.0), "late by a step"


def test_training_ends_with_its_time_and_what_was_spent_counts() -> None:
    ends = budget(minutes=1.0)
    ends.load_state_dict({"elapsed_s": 59.999})
    trainer = Engine(lambda _engine, _batch: torch.ones(1000, 1000) @ torch.ones(1000, 1000))
    ends.attach(trainer)
    trainer.run(range(100_000), max_epochs=1)
    assert 0 < trainer.state.iteration < 100_000
    assert ends.optimizer.param_groups[0]["lr"] == pytest.approx(0.0, abs=1e-6)
    assert ends.state_dict()["elapsed_s"] >= 60


@pytest.mark.parametrize(("minutes", "rise"), [(0.0, 0.1), (1.0, 1.0)])
def test_no_time_is_refused(minutes: float, rise: float) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(ValueError, match="can't be trained"):
        TimeBudget(optimizer, minutes, 0.1, rise)


def killed() -> None:
    raise KeyboardInterrupt


def test_interrupted_training_goes_on_at_its_step(tmp_path: Path) -> None:
    path, drawn = tmp_path / "checkpoints/resume.pt", list[float]()

    def run(stop_after: int | None) -> tuple[torch.nn.Linear, list[int], bool]:
        torch.manual_seed(5)
        network, steps = torch.nn.Linear(1, 1), []

        def step(engine: Engine, _: int) -> None:
            network.weight.data.fill_(float(engine.state.iteration))
            steps.append(engine.state.iteration)

        trainer = Engine(step)
        trainer.state.max_epochs = 2
        found = make_resumable(trainer, {"network": network}, path, every=3)
        if stop_after is not None:
            trainer.add_event_handler(Events.ITERATION_COMPLETED(once=stop_after), killed)
        drawn.append(torch.rand(1).item())
        trainer.run(range(10), max_epochs=trainer.state.max_epochs)
        return network, steps, found

    with pytest.raises(KeyboardInterrupt):
        run(stop_after=8)
    assert not path.with_suffix(".part").exists()
    network, steps, found = run(stop_after=None)
    assert found
    assert steps == list(range(7, 21)), "step 6 was the last one saved"
    assert network.weight.item() == 20
    assert drawn[0] != drawn[1], "data of the first steps come again"
