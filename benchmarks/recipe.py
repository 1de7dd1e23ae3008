"""What each part of the training brings: ``python -m benchmarks.recipe [--minutes M] [--write]``.

The bundle's own configuration for digital patients, from nothing, one part left out or put in another's place at a
time, each for the same time and judged by the myocardium's Dice on the frozen validation patients. The network is the
one that learnt fastest in the search for its size, so that a short training tells most. Then the released weights,
trained on for as long, with and without their own mean answer in the labels. Trainings lie in ``bundle/runs/recipe``,
where a run that was stopped goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from benchmarks.inference_speed import Runner
from benchmarks.record import TRAINING, Record, parser
from benchmarks.search import BUNDLE, CONFIGS, answer, dice_of_slices, train, validation
from operators.segmentation.bundle_folder import importable
from operators.segmentation.inference import Segmenter
from operators.series import FloatArray, Label
from perf_app.phantom.population import TURNED

with importable(BUNDLE):
    from scripts.asking_again import AskAgainInferer

QUICK = {"network_def#widths": [16, 40, 40, 16], "network_def#blocks": [3, 4, 3]}
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


def distilled(item: Item) -> Item:
    """Half of the label is what the released weights answer when they are asked more than once."""
    mean = asked_again(_released(), item["image"][None])[0].softmax(0)
    return {**item, "label": (item["label"] + mean) / 2}


def asked_again(network: nn.Module, images: Tensor) -> Tensor:
    """The bundle's mean logits (batch, label, row, col) for series (batch, frame, row, col)."""
    inferer = AskAgainInferer(roi_size=images.shape[2:], spatial_dim=2, sw_batch_size=len(images))
    with torch.inference_mode():
        logits: Tensor = inferer(images[..., None], network)[..., 0]
    return logits


@cache
def _released() -> nn.Module:
    return Segmenter(BUNDLE).network


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
    overlay: str | None = None
    """Further configuration."""


FROM_NOTHING = (
    Variant("recipe", "the recipe", QUICK),
    Variant("again", "the recipe, other patients: what is chance", {**QUICK, "digital_seed": 2}),
    Variant("entropy", "cross-entropy alone, without IoU", {**QUICK, "loss#iou_weight": 0.0}),
    Variant("classes", "the paper's class weights", {**QUICK, "loss#class_weights": [1.0, 2.0, 3.0, 1.0]}),
    Variant("batch", "BatchNorm, as the paper", {**QUICK, "network_def#norm": "batch"}),
    Variant("turned", "plausible anatomies in any position alone", {**QUICK, "digital_patients#ranges": [TURNED]}),
    Variant("hard", "hard labels", QUICK, hard_labels),
    Variant("shift", "no shift in time", QUICK, no_shift),
    Variant("frames", "each frame scaled on its own", QUICK, each_frame, each_frame),
    Variant("baseline", "baseline subtracted", QUICK, above_baseline, above_baseline),
)
RELEASED = {"start_from": str(BUNDLE / "models" / "model.pt")}
ON = (
    Variant("on", "trained on", RELEASED, overlay="train_released_full"),
    Variant(
        "distilled",
        "trained on, half of each label their mean answer",
        RELEASED,
        distilled,
        overlay="train_released_full",
    ),
)


def main() -> None:
    """Train every variant and print the table."""
    options = parser("What each part of the training brings.")
    options.add_argument("--minutes", type=float, default=5.0, help="training of each variant")
    arguments = options.parse_args()
    folder = BUNDLE / "runs" / "recipe" / f"{arguments.minutes:g}min"
    record = Record("recipe", "benchmarks.recipe", arguments.write, TRAINING)
    timed = {"minutes": arguments.minutes}
    rows = []
    for variant in FROM_NOTHING:
        network, steps = trained(variant, folder, timed)
        rows.append([variant.words, str(steps), cell(judge(partial(answer, network), variant.judged))])
    record.table(["from nothing", "steps", "Dice myocardium"], rows)
    networks = {"as they are": (_released(), 0), **{variant.words: trained(variant, folder, timed) for variant in ON}}
    rows = [
        [words, str(steps), cell(judge(partial(answer, network))), cell(judge(partial(asked_again, network)))]
        for words, (network, steps) in networks.items()
    ]
    record.table(["the released weights", "steps", "one answer", "mean of the bundle's two"], rows)
    record.close()


def trained(
    variant: Variant, folder: Path, settings: Mapping[str, Any], bundle: Path = BUNDLE
) -> tuple[nn.Module, int]:
    """The network that a variant makes and the steps it took, in a folder of its name; `settings` beside its own."""
    overlays = () if variant.overlay is None else (variant.overlay,)
    return train(folder / variant.name, {**settings_of(variant), **settings}, bundle, (*CONFIGS, *overlays))


def cell(scores: FloatArray) -> str:
    """Mean and SD over slices."""
    return f"{np.nanmean(scores):.3f} ± {np.nanstd(scores, ddof=1):.3f}"


def settings_of(variant: Variant) -> dict[str, Any]:
    """Of the configuration: the patients and what is done to them, and what else is changed."""
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
    return {"digital_patients": patients, "train#dataset": changed, **variant.settings}


def judge(ask: Runner, change: Change = as_it_is, n_patients: int | None = None) -> FloatArray:
    """Dice of the myocardium in each slice of the frozen validation patients, whose series are changed."""
    patches = validation(n_patients)
    return dice_of_slices(ask, (replace(patch, image=change({"image": patch.image})["image"]) for patch in patches))


if __name__ == "__main__":
    main()
