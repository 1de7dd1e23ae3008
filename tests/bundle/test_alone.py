"""In an empty folder, without the application, on made-up files, the bundle infers, evaluates and trains."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from bundle_scripts import add_made_up_series, make_small_bundle

PATIENTS = 3


@pytest.fixture(scope="module")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle with few filters and random weights, in a folder of its own."""
    return make_small_bundle(tmp_path_factory.mktemp("small") / "bundle")


@pytest.fixture(scope="module")
def ran(small_bundle: Path) -> Path:
    """The bundle after a run of everything, see run_alone.py."""
    add_made_up_series(small_bundle, PATIENTS)
    script = Path(__file__).with_name("run_alone.py")
    done = subprocess.run([sys.executable, script, small_bundle], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return small_bundle


def test_inference_writes_labels_on_each_images_own_grid(ran: Path) -> None:
    written = sorted((ran / "output").glob("*_seg.nii.gz"))
    assert [path.name for path in written] == [f"case_{patient}_seg.nii.gz" for patient in range(PATIENTS)]
    for path in written:
        image = nib.load(ran / "data" / path.name.replace("_seg", ""))
        labels = nib.load(path)
        assert labels.shape == image.shape[:3]
        assert labels.get_data_dtype() == np.uint8
        np.testing.assert_allclose(labels.affine, image.affine, atol=1e-5)


def test_evaluation_scores_each_image_and_class(ran: Path) -> None:
    with (ran / "evaluation/dice_raw.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == PATIENTS
    assert {"class0", "class1", "class2", "mean"} <= rows[0].keys()


def test_training_leaves_a_checkpoint_that_fits(ran: Path) -> None:
    import torch

    trained = torch.load(ran / "runs/checkpoints/model.pt", weights_only=True)
    start = torch.load(ran / "models/model.pt", weights_only=True)
    assert {name: tensor.shape for name, tensor in trained.items()} == {name: t.shape for name, t in start.items()}
    assert any(not torch.equal(trained[name], start[name]) for name in start)


def test_a_federated_client_initialises_trains_and_evaluates(ran: Path) -> None:
    script = Path(__file__).with_name("run_federated.py")
    done = subprocess.run([sys.executable, script, ran], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "val_mean_dice" in done.stdout or "dice" in done.stdout.lower()
