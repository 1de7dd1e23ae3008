"""Search for the network's size: ``python -m benchmarks.search [--trials N] [--minutes M] [--write]``.

Optuna draws resolutions, blocks and widths; each draw is trained for the same time by the bundle's own configuration on
digital patients, then judged by two things at once: Dice on the frozen validation patients and milliseconds a slice.
The first two trials are the released size and the paper's. Study and trainings lie in ``bundle/runs/search``, where a
search that was stopped goes on, also within a trial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from torch import nn

from benchmarks.inference_speed import Runner, dice_of, times
from benchmarks.record import TRAINING, Record, parser
from benchmarks.surroundings import REPOSITORY
from operators.segmentation.bundle_folder import importable
from operators.series import FloatArray
from perf_app.phantom.frozen import VALIDATION
from perf_app.phantom.training import TrainingPatch

BUNDLE = REPOSITORY / "bundle"
CONFIGS = ("train", "train_digital", "train_released")
RESOLUTIONS, BLOCKS, WIDTHS = (2, 4), (2, 4), (16, 32, 40, 48, 64, 96, 128, 256)
KNOWN = {"released": ((40, 64, 128), (2, 3)), "paper": ((96, 96, 128), (2, 3))}
QUIET = {"validation_items": 1, "val_interval": 1_000_000}
"""Validation within the training would take its time and is not used."""
NETWORK_SIZE = 176
REPEATS = 7


def main() -> None:
    """Search, then print the table of all trials."""
    options = parser("Search for the network's size.")
    options.add_argument("--trials", type=int, default=20, help="in all, those of earlier runs included")
    options.add_argument("--minutes", type=float, default=20.0, help="training of each trial")
    arguments = options.parse_args()
    folder = BUNDLE / "runs" / "search" / f"{arguments.minutes:g}min"
    study = search(folder, arguments.trials, {"minutes": arguments.minutes})
    record = Record("search", "benchmarks.search", arguments.write, TRAINING)
    report(record, study)
    record.close()


def search(
    folder: Path, n_trials: int, settings: Mapping[str, Any], bundle: Path = BUNDLE, n_patients: int | None = None
) -> optuna.Study:
    """Go on until the study has so many finished trials.

    Args:
        folder: of the study and its trainings.
        n_trials: those finished before included.
        settings: of the configuration, such as ``minutes``.
        bundle: whose configuration is trained.
        n_patients: of the frozen validation patients; None: all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'study.db'}",
        study_name="size",
        sampler=optuna.samplers.TPESampler(seed=0),
        directions=["maximize", "minimize"],
        load_if_exists=True,
    )
    if not study.trials:
        for widths, blocks in KNOWN.values():
            study.enqueue_trial(parameters(widths, blocks))
    for stopped in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(stopped.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(stopped.params)

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        widths, blocks = draw_size(trial)
        size = {"network_def#widths": list(widths), "network_def#blocks": list(blocks)}
        output = folder / "-".join(str(n) for n in (*widths, *blocks))
        network, _ = train(output, {**settings, **size}, bundle)
        return judge(trial, network, n_patients)

    study.optimize(objective, n_trials=max(n_trials - len(finished(study)), 0))
    return study


def parameters(widths: tuple[int, ...], blocks: tuple[int, ...]) -> dict[str, int]:
    """A size as the study names it."""
    named = {"resolutions": len(widths)} | {f"width_{k}": width for k, width in enumerate(widths)}
    return named | {f"blocks_{k}": count for k, count in enumerate(blocks, 1)}


def draw_size(trial: optuna.trial.BaseTrial) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Filters of each resolution, from the finest; residual blocks of each below the finest."""
    count = trial.suggest_int("resolutions", *RESOLUTIONS)
    widths = tuple(int(trial.suggest_categorical(f"width_{k}", WIDTHS)) for k in range(count))
    return widths, tuple(trial.suggest_int(f"blocks_{k}", *BLOCKS) for k in range(1, count))


def train(
    output: Path, settings: Mapping[str, Any], bundle: Path = BUNDLE, configs: Sequence[str] = CONFIGS
) -> tuple[nn.Module, int]:
    """Train by the bundle's configuration; the average of the weights and the steps taken.

    Args:
        output: folder of the training, where an earlier run of it is gone on with.
        settings: of the configuration that are to differ.
        bundle: whose configuration it is.
        configs: names of its files, each over those before.
    """
    from monai.bundle import ConfigWorkflow

    with importable(bundle):
        workflow = ConfigWorkflow(
            config_file=[str(bundle / f"configs/{name}.json") for name in configs],
            logging_file=str(bundle / "configs/logging.conf"),
            workflow_type="train",
            bundle_root=str(bundle),
            output_dir=str(output),
            **{**QUIET, **settings},
        )
        workflow.initialize()
        workflow.run()
        average: nn.Module = workflow.parser.get_parsed_content("average").ema_model
        steps: int = workflow.parser.get_parsed_content("train#trainer").state.iteration
    return average.eval(), steps


def judge(trial: optuna.Trial, network: nn.Module, n_patients: int | None) -> tuple[float, float]:
    """Mean Dice of the myocardium on the frozen validation patients, and the median time of a slice [ms]."""
    patches, ask = validation(n_patients), partial(answer, network)
    scores = dice_of_slices(ask, patches)
    trial.set_user_attr("sd", float(np.nanstd(scores, ddof=1)))
    trial.set_user_attr("slices", int(np.isfinite(scores).sum()))
    trial.set_user_attr("parameters", sum(weight.numel() for weight in network.parameters()))
    seconds = times(ask, patches[0].image[None], REPEATS)
    return float(np.nanmean(scores)), 1000 * float(np.median(seconds))


def validation(n_patients: int | None = None) -> list[TrainingPatch]:
    """All slices of the frozen validation patients, of the first so many."""
    return [patch for some in replace(VALIDATION, size=NETWORK_SIZE).patients(n_patients) for patch in some]


def dice_of_slices(ask: Runner, patches: Iterable[TrainingPatch]) -> FloatArray:
    """Of the myocardium in each slice; NaN where neither the truth nor the answer has one."""
    return np.array([dice_of(ask(patch.image[None]), patch.label[0]) for patch in patches])


def answer(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Logits (batch, label, row, col) for series (batch, frame, row, col)."""
    with torch.inference_mode():
        logits: torch.Tensor = network(images)
    return logits


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials with a result."""
    return study.get_trials(states=[optuna.trial.TrialState.COMPLETE])


def report(record: Record, study: optuna.Study) -> None:
    """All trials, the best Dice first; marked: no other is both faster and better."""
    best = {trial.number for trial in study.best_trials}
    rows = []
    for trial in sorted(finished(study), key=lambda one: -one.values[0]):
        count = trial.params["resolutions"]
        widths = tuple(trial.params[f"width_{k}"] for k in range(count))
        blocks = tuple(trial.params[f"blocks_{k}"] for k in range(1, count))
        name = next((known for known, size in KNOWN.items() if size == (widths, blocks)), "")
        sizes = ["/".join(map(str, part)) for part in (widths, blocks)]
        dice = f"{trial.values[0]:.3f} ± {trial.user_attrs['sd']:.3f}"
        measured = [f"{trial.user_attrs['parameters'] / 1e6:.2f}", dice, f"{trial.values[1]:.0f}"]
        rows.append([*sizes, *measured, "yes" if trial.number in best else "", name])
    record.table(["widths", "blocks", "million weights", "Dice myocardium", "ms a slice", "not surpassed", ""], rows)


if __name__ == "__main__":
    main()
