"""The command that made the released weights still runs, small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from bundle_scripts import RECIPE, SMALL, make_small_bundle

from benchmarks.training_curves import DICE


@pytest.mark.parametrize("further", [(), ("train_released_full",)], ids=["patches", "full size"])
def test_recipe_runs(tmp_path: Path, repository: Path, further: tuple[str, ...]) -> None:
    run_recipe(tmp_path, repository, further, SMALL | ({"start_from": "models/model.pt"} if further else {}))


def run_recipe(folder: Path, repository: Path, further: tuple[str, ...], settings: dict[str, object]) -> None:
    bundle = make_small_bundle(folder / "bundle")
    files = [f"configs/{name}.json" for name in RECIPE + further]
    overrides = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(files), *overrides]
    environment = os.environ | {"PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=bundle, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (bundle / "runs/checkpoints/final.pt").is_file()
    assert DICE.search(done.stdout), "the curves can't be drawn from this"
    assert list(bundle.glob("runs/events.*"))


@pytest.mark.xdist_group("scanned")
def test_recipe_runs_on_scanned_patients(tmp_path: Path, repository: Path, scanned_folder: Path) -> None:
    settings = SMALL | {"start_from": "models/model.pt", "scanned_folder": scanned_folder, "scanned_patients": 1}
    for name in ("patients", "shuffle"):
        settings[f"digital_patients#{name}"] = settings.pop(f"train#dataset#{name}")
    run_recipe(tmp_path, repository, ("train_released_full", "train_scanned"), settings)


def test_recipe_runs_in_two_processes_with_the_papers_network(tmp_path: Path, repository: Path) -> None:
    bundle = make_small_bundle(tmp_path / "bundle")
    files = [f"configs/{name}.json" for name in (*RECIPE, "train_gpu", "paper_network", "multi_gpu_digital")]
    settings = SMALL | {"minutes": 0.001, "epochs": 50, "network_def#widths": [4, 4, 4]}
    overrides = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [sys.executable, *launch, "-m", "monai.bundle", "run", "--config_file", str(files), *overrides]
    environment = os.environ | {"PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=bundle, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    checkpoints = bundle / "runs/checkpoints"
    assert (checkpoints / "final.pt").is_file()
    first, second = (torch.load(checkpoints / f"resume_{rank}.pt", weights_only=True) for rank in (0, 1))
    assert first["trainer"]["iteration"] == second["trainer"]["iteration"] < 50
    for name, weight in first["network"].items():
        if weight.is_floating_point() and "running" not in name:
            torch.testing.assert_close(weight, second["network"][name])
