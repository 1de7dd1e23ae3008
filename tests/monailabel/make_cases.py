"""Labelled digital patients as 4-D NIfTI files, as a site stores series for MONAI Label: make_cases.py FOLDER [NUMBER].

``case0.nii.gz`` ... (X, Y, slice, time) and ``labels/case0.nii.gz`` ... (X, Y, slice). The labels are those of a reader
who draws along the edges of blood and tissue: of the released weights' own convention nothing is left to learn.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import torch

from perf_app.phantom.population import PLAUSIBLE
from perf_app.phantom.training import draw_patches

SEED = 920_001
AT_THE_EDGES = replace(PLAUSIBLE, trabecular_zone=(0.0, 0.0), endocardial_inset=0.0, epicardial_inset_mm=(0.0, 0.0))
SIZE = 176
DOWN_RAS, RIGHT_RAS = np.array([0.354, -0.354, -0.866]), np.array([-0.707, -0.707, 0.0])
"""Of a short-axis view as it is displayed."""


def main() -> None:
    """Write them."""
    folder, number = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([DOWN_RAS, RIGHT_RAS, 10 * np.cross(RIGHT_RAS, DOWN_RAS)])
    generator = torch.Generator().manual_seed(SEED)
    for case in range(number):
        slices = draw_patches(1, SIZE, generator, AT_THE_EDGES)
        series = np.stack([np.moveaxis(one.image.numpy(), 0, -1) for one in slices], axis=2).astype(np.float32)
        labels = np.stack([one.label.numpy().reshape(SIZE, SIZE) for one in slices], axis=2).astype(np.uint8)
        nib.save(nib.Nifti1Image(series, affine), folder / f"case{case}.nii.gz")
        nib.save(nib.Nifti1Image(labels, affine), folder / "labels" / f"case{case}.nii.gz")


if __name__ == "__main__":
    main()
