"""With MLflow's settings on the command line, trainings and evaluations log what they find."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from bundle_scripts import RECIPE, SMALL, add_made_up_series, make_small_bundle

Logged = dict[str, list[float]]


@pytest.fixture(scope="module")
def environment(repository: Path) -> dict[str, str]:
    """A process's environment with MLflow, which our own environment hasn't (see the Makefile)."""
    folder = repository / "build/mlflow"
    if not (folder / ".installed").is_file() and find_spec("mlflow") is None:
        pytest.skip("MLflow isn't installed: `make tools` puts it into build/mlflow")
    path = os.pathsep.join([str(repository), str(folder)])
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}


def tracked(bundle: Path, environment: dict[str, str], *names: str, **settings: object) -> Logged:
    """Values of each metric in order of steps, after a run of the configurations called `names`."""
    folder = bundle / f"tracked_{names[-1]}"
    files = [f"configs/{name}.json" for name in names]
    words = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(files), "--output_dir", folder.name]
    command += ["--tracking", "configs/mlflow.json", *words]
    done = subprocess.run(command, cwd=bundle, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    logged: Logged = {}
    with sqlite3.connect(folder / "mlruns.db") as database:
        assert database.execute("select status from runs").fetchall() == [("FINISHED",)]
        for name, value in database.execute("select key, value from metrics order by step"):
            logged.setdefault(name, []).append(value)
    return logged


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle with two labelled series."""
    made = make_small_bundle(tmp_path_factory.mktemp("tracked") / "bundle")
    add_made_up_series(made, n_patients=2, n_slices=1)
    return made


def test_training_on_files_logs_loss_learning_rate_and_dice(bundle: Path, environment: dict[str, str]) -> None:
    settings = {"epochs": 2, "batch_size": 1, "num_workers": 0, "log_interval": 1}
    logged = tracked(bundle, environment, "train", **settings)
    assert {name: len(values) for name, values in logged.items()} == {
        "train_loss": 2,
        "lr_group_0": 2,
        "train_dice": 2,
        "dice": 2,
    }
    assert logged["lr_group_0"] == [0.001, 0.001]
    assert all(0 < loss < 10 for loss in logged["train_loss"])
    assert all(0 <= dice <= 1 for dice in logged["dice"])


def test_training_by_the_released_recipe_logs_them_too(bundle: Path, environment: dict[str, str]) -> None:
    logged = tracked(bundle, environment, *RECIPE, **SMALL)
    assert logged.keys() == {"train_loss", "lr_group_0", "dice"}
    assert len(logged["train_loss"]) == 1, "the first of every ten steps"


def test_evaluation_logs_its_metrics(bundle: Path, environment: dict[str, str]) -> None:
    logged = tracked(bundle, environment, "inference", "evaluate")
    assert logged.keys() == {"dice", "hausdorff_95_pixels"}
