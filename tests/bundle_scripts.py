"""The bundle's folder, and small bundles made of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
from first_pass import first_pass

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
RECIPE = ("train", "train_digital", "train_released")
"""Of the released weights."""
SMALL = {
    "epochs": 1,
    "items_per_epoch": 2,
    "batch_size": 1,
    "num_workers": 0,
    "validation_items": 1,
    "val_interval": 1,
    "patch_size": 32,
    "validation_patients#size": 32,
    "train#dataset#patients": 1,
    "train#dataset#shuffle": 0,
}
"""What makes a training by it as short as can be."""


def make_small_bundle(folder: Path) -> Path:
    """Copy the bundle to `folder`, with fewer filters and random weights, always the same."""
    import torch
    from scripts.networks import create_network
    from scripts.weights import record_digest

    shutil.copytree(BUNDLE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.pt", "*.sha256"))
    (folder / "models").mkdir(exist_ok=True)
    for name in ("inference.json", "train.json"):
        path = folder / "configs" / name
        config = json.loads(path.read_text())
        config["network_def"]["widths"] = [4, 4, 4]
        path.write_text(json.dumps(config))
    settings = {key: value for key, value in config["network_def"].items() if key != "_target_"}
    torch.manual_seed(1)
    torch.save(create_network(**settings).state_dict(), folder / "models/model.pt")
    record_digest(folder / "models/model.pt")
    return folder


def add_made_up_series(bundle: Path, n_patients: int, n_slices: int = 2) -> None:
    """Put labelled series, oblique as scanners' are, into the bundle's data folder: ``case_0.nii.gz`` and so on."""
    data = bundle / "data"
    (data / "labels").mkdir(parents=True)
    affine = np.array([[0.354, -0.707, 0, 0], [-0.354, -0.707, 0, 0], [-0.866, 0, 1, 0], [0, 0, 0, 1]])
    affine = affine @ np.diag([2.2, 2.2, 10, 1])
    items = []
    for patient in range(n_patients):
        slices = [first_pass((70, 64), 2.2, (4.0 * patient, -3.0 * s), n_frames=36) for s in range(n_slices)]
        images = np.stack([np.moveaxis(series, 0, -1) for series, _ in slices], axis=2)
        labels = np.stack([label for _, label in slices], axis=2)
        item = {"image": f"case_{patient}.nii.gz", "label": f"labels/case_{patient}.nii.gz", "patient": str(patient)}
        nib.save(nib.Nifti1Image(images, affine), data / item["image"])
        nib.save(nib.Nifti1Image(labels, affine), data / item["label"])
        items.append(item)
    (data / "dataset.json").write_text(json.dumps(items))
