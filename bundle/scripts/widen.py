"""A wider network that answers as a narrower one does, to be trained on from there.

The idea is Net2Net's (Chen et al., ICLR 2016); the channels that are added begin at random and are read with weight
zero. From the bundle's folder::

    python -m scripts.widen models/model.pt runs/wider.pt --widths 40 64 128
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from monai.bundle import ConfigParser
from torch import Tensor

CONFIG = Path(__file__).parents[1] / "configs/train.json"


def widen(narrow: dict[str, Tensor], wide: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights with which the wider `ResidualUNet` gives the narrower one's logits.

    Args:
        narrow: weights that are known.
        wide: of a new network with as many levels and blocks.

    Raises:
        ValueError: the networks differ in more than their widths, a level shrinks, or a block would come to add its
            input, or no longer add it.
    """
    before, after = _widths(narrow), _widths(wide)
    if narrow.keys() != wide.keys() or any(a > b for a, b in zip(before, after, strict=True)):
        raise ValueError(f"widths {before} can't be widened to {after} in a network of other levels or blocks")
    if any(_square(old) != _square(wide[name]) for name, old in narrow.items()):
        raise ValueError(f"widths {after} give a block as many channels as it reads, unlike {before}, or the reverse")
    result = {}
    for name, old in narrow.items():
        new = wide[name].clone()
        if old.dim() == 0:
            new = old.clone()
        elif old.dim() == 1:
            new[_places(name, before, after, len(old))] = old
        else:
            new[: len(old)] = 0
            new[: len(old), _places(name, before, after, old.shape[1])] = old
        result[name] = new
    return result


def _widths(weights: dict[str, Tensor]) -> list[int]:
    """Channels of each level."""
    first = [name for name in weights if name.startswith("down.") and name.endswith(".0.body.2.weight")]
    return [len(weights[name]) for name in ("entry.body.0.weight", *first)]


def _square(values: Tensor) -> bool:
    return values.dim() > 1 and values.shape[0] == values.shape[1]


def _places(name: str, before: Sequence[int], after: Sequence[int], n_channels: int) -> Tensor:
    """Where the channels that a layer of the narrower network reads or scales lie in the wider one.

    A level on the way up begins with those from below and goes on with those from beside.
    """
    places = torch.arange(n_channels)
    joined = re.match(r"up\.(\d+)\.0\.body\.[02]\.", name)
    if joined:
        below = -1 - int(joined[1])
        places[before[below] :] += after[below] - before[below]
    return places


def main() -> None:
    """Widen the weights of a file."""
    parser = argparse.ArgumentParser(description="Start a wider network from a narrower one's weights.")
    parser.add_argument("narrow", type=Path, help="weights that are known")
    parser.add_argument("wide", type=Path, help="where to write those of the wider network")
    parser.add_argument("--widths", type=int, nargs="+", required=True, help="channels of each level")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    config = ConfigParser()
    config.read_config(CONFIG)
    config["network_def"]["widths"] = arguments.widths
    wide = config.get_parsed_content("network_def").state_dict()
    torch.save(widen(torch.load(arguments.narrow, weights_only=True), wide), arguments.wide)


if __name__ == "__main__":
    main()
