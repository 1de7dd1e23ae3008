"""A digital patient as the bundle's training data: true Gd and labels as NIfTI files, and their data list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from operators.series import LPS_TO_RAS
from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.contrast import at_times
from perf_app.phantom.geometry import Plane
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.scene import FULL, Detail, build_scene, picture_labels, to_picture
from perf_app.phantom.simulation import SimulatedScan, simulate

LIST = "dataset.json"


def write_training_case(
    folder: Path, patient: DigitalPatient, *, detail: Detail = FULL, device: torch.device | str = "cpu"
) -> tuple[dict[str, str], ...]:
    """Write each scan's Gd (row, col, slice, time) and labels (row, col, slice), and add them to ``dataset.json``.

    Args:
        folder: made where it is missing; cases of other patients may be in it.
        patient: whose.
        detail: how many frames and how fine.
        device: where to compute.

    Returns:
        The items added to the data list.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scene = build_scene(patient, detail, device)
    name = f"patient_{patient.seed:06d}"
    items = []
    for state in patient.states:
        scan = simulate(patient, state, detail, device, scene)
        size = (scan.perfusion.pixels.shape[2], scan.perfusion.pixels.shape[3])
        affine = _ras_affine(scan.perfusion.planes, size)
        item = {"image": f"{name}_{state}.nii.gz", "label": f"{name}_{state}_label.nii.gz", "patient": name}
        _save(folder / item["image"], true_gadolinium(scan).permute(2, 3, 0, 1).numpy(), affine)
        _save(folder / item["label"], picture_labels(scene, size).permute(1, 2, 0).cpu().numpy(), affine)
        items.append(item)
    _list(folder / LIST, items)
    return tuple(items)


def true_gadolinium(scan: SimulatedScan) -> Tensor:
    """Gd [mmol/L] in the reference position, mean over each pixel, of the saturation-recovery frames.

    Returns:
        float32 on the CPU, shape (slice, time, row, col).
    """
    scene, contrast = scan.scene, scan.contrast
    device = scene.fractions.device
    size = (scan.perfusion.pixels.shape[2], scan.perfusion.pixels.shape[3])
    maps = torch.stack([to_picture(tissue, size) for tissue in scene.fractions.unbind(1)], 1)
    muscle = scene.fractions[:, Tissue.MYOCARDIUM]
    flow = to_picture(muscle * scan.flow.to(device), size) / maps[:, Tissue.MYOCARDIUM].clamp(min=1e-6)
    slices = []
    for k, times in enumerate(scan.perfusion.times[:, scan.n_proton_density :]):
        curves = at_times(contrast.tissues, contrast.times, times).float().to(device)
        table = at_times(contrast.myocardium, contrast.times, times).float().to(device)
        position = (flow[k] / float(contrast.flows[1])).clamp(0, len(table) - 1.001)
        below = position.long()
        uptake = torch.lerp(table[below], table[below + 1], (position - below)[..., None])
        inside = maps[k, Tissue.MYOCARDIUM][..., None] * uptake
        slices.append((torch.einsum("kt,krc->rct", curves, maps[k]) + inside).movedim(-1, 0))
    return torch.stack(slices).cpu()


def _ras_affine(planes: tuple[Plane, ...], size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Voxel (row, col, slice) to RAS mm."""
    affine = planes[0].affine(size)
    affine[:3, 2] = planes[1].center - planes[0].center
    return np.asarray(LPS_TO_RAS @ affine.numpy())


def _save(path: Path, values: npt.NDArray[Any], affine: npt.NDArray[np.float64]) -> None:
    image = nib.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)


def _list(path: Path, items: list[dict[str, str]]) -> None:
    known: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    names = {item["image"] for item in items}
    known = [item for item in known if item["image"] not in names]
    path.write_text(json.dumps([*known, *items], indent=1) + "\n", encoding="utf-8")
