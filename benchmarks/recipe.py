"""What each part of the training brings: ``python -m benchmarks.recipe [--minutes M] [--write]``.

The bundle's own configuration for digital patients, from nothing, one part left out or put in another's place at a
time, each for the same time and judged by the myocardium's Dice on the frozen validation patients. The network is the
one that learnt fastest in the search for its size, so that a short training tells most. Trainings lie in
``bundle/runs/recipe``, where a run that was stopped goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from benchmarks.record import TRAINING, Record, parser
from benchmarks.search import BUNDLE, dice_of_slices, train, validation
from operators.series import FloatArray, Label
from perf_app.phantom.population import TURNED

NETWORK = {"network_def#widths": [16, 40, 40, 16], "network_def#blocks": [3, 4, 3]}
ARRIVAL = 12
"""Frame at which blood reaches half of its peak where no shift in time is shown."""
Item = dict[str, Tensor]
"""``image`` (frame, row, col) and, but for what is judged, ``label`` (label, row, col)."""
Change = Callable[[Item], Item]


class Changed(IterableDataset[Item]):
    """Items of a dataset, changed one by one."""

    def __init__(self, dataset: IterableDataset[Item], change: Change) -> None:
        super().__init__()
        self.dataset, self.change = dataset, change

    def __iter__(self) -> Iterator[Item]:
        return map(self.change, self.dataset)


def as_it_is(item: Item) -> Item:
    """Nothing changed."""
    return item


def hard_labels(item: Item) -> Item:
    """A pixel is of one structure alone, the one that fills most of it."""
    label = F.one_hot(item["label"].argmax(0), len(Label)).movedim(-1, 0).to(item["label"])
    return {**item, "label": label}


def no_shift(item: Item) -> Item:
    """Blood arrives at the same frame in all patients; the first or last frame is held."""
    image = item["image"]
    bright = image.flatten(1).quantile(0.98, dim=1)
    arrival = int((bright >= (bright.amax() + bright.amin()) / 2).int().argmax())
    frames = torch.arange(len(image)) + arrival - ARRIVAL
    return {**item, "image": image[frames.clamp(0, len(image) - 1)]}


def each_frame(item: Item) -> Item:
    """Each frame has mean 0 and standard deviation 1, whatever the others have."""
    image = item["image"]
    spread = image.std((1, 2), keepdim=True).clamp(min=1e-3)
    return {**item, "image": (image - image.mean((1, 2), keepdim=True)) / spread}


def above_baseline(item: Item) -> Item:
    """What each pixel is brighter than in the first three frames."""
    return {**item, "image": item["image"] - item["image"][:3].mean(0)}


@dataclass(frozen=True, slots=True)
class Variant:
    """What is changed."""

    name: str
    """Of its folder."""
    words: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the configuration."""
    change: Change = as_it_is
    """Of the items trained on."""
    judged: Change = as_it_is
    """Of the series that are judged."""


VARIANTS = (
    Variant("recipe", "the recipe"),
    Variant("again", "the recipe, other patients: what is chance", {"digital_seed": 2}),
    Variant("entropy", "cross-entropy alone, without IoU", {"loss#iou_weight": 0.0}),
    Variant("classes", "the paper's class weights", {"loss#class_weights": [1.0, 2.0, 3.0, 1.0]}),
    Variant("batch", "BatchNorm, as the paper", {"network_def#norm": "batch"}),
    Variant("turned", "plausible anatomies in any position alone", {"digital_patients#ranges": [TURNED]}),
    Variant("hard", "hard labels", change=hard_labels),
    Variant("shift", "no shift in time", change=no_shift),
    Variant("frames", "each frame scaled on its own", change=each_frame, judged=each_frame),
    Variant("baseline", "baseline subtracted", change=above_baseline, judged=above_baseline),
)


def main() -> None:
    """Train every variant and print the table."""
    options = parser("What each part of the training brings.")
    options.add_argument("--minutes", type=float, default=5.0, help="training of each variant")
    arguments = options.parse_args()
    folder = BUNDLE / "runs" / "recipe" / f"{arguments.minutes:g}min"
    record = Record("recipe", "benchmarks.recipe", arguments.write, TRAINING)
    rows = []
    for variant in VARIANTS:
        output = folder / variant.name
        scores = judge(variant, train(output, {"minutes": arguments.minutes, **settings_of(variant)}))
        rows.append([variant.words, f"{np.nanmean(scores):.3f} ± {np.nanstd(scores, ddof=1):.3f}"])
    record.table(["", "Dice myocardium"], rows)
    record.close()


def settings_of(variant: Variant) -> dict[str, Any]:
    """Of the configuration: the network, the patients and what is done to them."""
    patients = {
        "_target_": "perf_app.phantom.training.DigitalPatients",
        "size": "@patch_size",
        "seed": "@digital_seed",
        "length": "@items_per_epoch",
    }
    changed = {
        "_target_": "benchmarks.recipe.Changed",
        "dataset": "@digital_patients",
        "change": {"_target_": f"benchmarks.recipe.{variant.change.__name__}", "_mode_": "callable"},
    }
    return {**NETWORK, "digital_patients": patients, "train#dataset": changed, **variant.settings}


def judge(variant: Variant, network: nn.Module, n_patients: int | None = None) -> FloatArray:
    """Dice of the myocardium in each slice of the frozen validation patients."""
    patches = validation(n_patients)
    return dice_of_slices(
        network, (replace(patch, image=variant.judged({"image": patch.image})["image"]) for patch in patches)
    )


if __name__ == "__main__":
    main()
