"""The weights are the ones the bundle was released with, or they aren't loaded.

Beside ``model.pt`` lies ``model.sha256``, one line as ``sha256sum`` writes and checks it. After a training that is to
replace the released weights::

    python -m scripts.weights models/model.pt

from the bundle's folder records the new digest.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
from pathlib import Path

import torch
from torch import nn


class WeightsError(ValueError):
    """The weights are missing, not the recorded ones, or don't fit the network."""


def digest(checkpoint: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with checkpoint.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_digest(checkpoint: Path) -> str:
    """Write the weights' digest beside them and return it."""
    found = digest(checkpoint)
    checkpoint.with_suffix(".sha256").write_text(f"{found}  {checkpoint.name}\n", encoding="ascii")
    return found


def check_digest(checkpoint: Path) -> str:
    """SHA-256 of weights that are the recorded ones.

    Raises:
        WeightsError: the weights or their recorded digest are missing, or the two differ.
    """
    recorded = checkpoint.with_suffix(".sha256")
    for path in (checkpoint, recorded):
        if not path.is_file():
            raise WeightsError(f"{path} is missing")
    words = recorded.read_text(encoding="ascii").split()
    found = digest(checkpoint)
    if not words or words[0] != found:
        raise WeightsError(f"{checkpoint} has SHA-256 {found}, but {recorded.name} says otherwise")
    return found


def load_weights(network: nn.Module, checkpoint: str | Path) -> str:
    """Check the weights and load them into the network; returns their SHA-256.

    Raises:
        WeightsError: as `check_digest`, or the weights don't fit the network.
    """
    path = Path(checkpoint)
    found = check_digest(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{path} holds more than tensors and isn't loaded") from error
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
    given = {name: tensor.shape for name, tensor in state.items()}
    differ = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
    if differ:
        raise WeightsError(f"{path} doesn't fit the network: {len(differ)} tensors differ, such as {differ[0]}")
    network.load_state_dict(state)
    return found


def main() -> None:
    """Record the digest of the weights named on the command line."""
    parser = argparse.ArgumentParser(description="Record the SHA-256 of a checkpoint beside it.")
    parser.add_argument("checkpoint", type=Path, help="such as models/model.pt")
    checkpoint: Path = parser.parse_args().checkpoint
    print(record_digest(checkpoint), checkpoint)


if __name__ == "__main__":
    main()
