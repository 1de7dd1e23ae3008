"""Go on with an interrupted training where it stopped."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events

logger = logging.getLogger(__name__)


def make_resumable(trainer: Engine, parts: dict[str, Any], path: Path | str, every: int = 50) -> bool:
    """Save all that a training consists of every so many steps, and go on from what an earlier run saved there.

    Random data go on with new numbers, so a resumed run isn't the one that would have come without the interruption.

    Args:
        trainer: its epoch and step are saved too.
        parts: whatever has `state_dict` and `load_state_dict`: network, optimizer, average.
        path: of the file; written aside first, so that a run killed while saving leaves the one before.
        every: steps between two saves; one more at the end.

    Returns:
        Whether an earlier run was found.
    """
    path = Path(path)
    everything = {**parts, "trainer": trainer}

    def save() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        torch.save({name: part.state_dict() for name, part in everything.items()}, aside)
        aside.replace(path)

    found = path.is_file()
    if found:
        epochs = trainer.state.max_epochs
        for name, state in torch.load(path, map_location="cpu", weights_only=True).items():
            everything[name].load_state_dict(state)
        trainer.state.max_epochs = epochs
        # Seeded as at its start, it would draw the data of its first steps again.
        torch.manual_seed(torch.initial_seed() + trainer.state.iteration)
        logger.info("going on after step %d of %s", trainer.state.iteration, path.name)
    trainer.add_event_handler(Events.ITERATION_COMPLETED(every=every) | Events.COMPLETED, save)
    return found
