"""A digital patient's study on disk: DICOM files, and the truth beside them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydicom import Dataset

from perf_app.phantom.dialect import Dialect
from perf_app.phantom.dicom import scan_objects
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.scene import FULL, Detail, build_scene
from perf_app.phantom.simulation import SimulatedScan, simulate
from perf_app.phantom.truth import StudyTruth, study_truth, truth_document

logger = logging.getLogger(__name__)


WRITERS: dict[Dialect, Callable[[DigitalPatient, SimulatedScan], Iterable[Dataset]]] = {Dialect.SIEMENS: scan_objects}
"""What makes a scan's DICOM objects."""


def write_study(
    folder: Path,
    patient: DigitalPatient,
    *,
    detail: Detail = FULL,
    device: torch.device | str = "cpu",
    dialect: Dialect = Dialect.SIEMENS,
) -> StudyTruth:
    """Simulate a study and write it.

    ``dicom/<series>/<instance>.dcm`` are the images, ``truth.json`` and ``truth.npz`` what a measurement should find;
    the arrays are labels, segments, and for each state flow and displacement (float16, on a grid of a quarter of the
    rows and columns that covers the same field of view: it is smooth).

    Args:
        folder: made where it is missing.
        patient: whose.
        detail: how many frames and how fine.
        device: where to compute.
        dialect: of the DICOM objects.

    Returns:
        The truth.
    """
    scene = build_scene(patient, detail, device)
    scans = tuple(simulate(patient, state, detail, device, scene) for state in patient.states)
    count = 0
    for scan in scans:
        for image in WRITERS[dialect](patient, scan):
            target = folder / "dicom" / f"series_{image.SeriesNumber:02d}"
            target.mkdir(parents=True, exist_ok=True)
            image.save_as(target / f"{image.InstanceNumber:04d}.dcm", enforce_file_format=True)
            count += 1
    truth = study_truth(patient, scene, scans)
    write_truth(folder, truth)
    logger.info("digital patient %d: %d images", patient.seed, count)
    return truth


def write_truth(folder: Path, truth: StudyTruth) -> None:
    """Write ``truth.json`` and ``truth.npz``."""
    (folder / "truth.json").write_text(json.dumps(truth_document(truth), indent=1) + "\n", encoding="utf-8")
    size = (truth.labels.shape[1] // 4, truth.labels.shape[2] // 4)
    arrays: dict[str, npt.NDArray[Any]] = {"labels": truth.labels, "segments": truth.segments}
    for scan in truth.scans:
        arrays[f"flow_{scan.state}"] = scan.flow
        arrays[f"displacement_{scan.state}"] = scan.displacement(size).astype(np.float16)
    np.savez_compressed(folder / "truth.npz", allow_pickle=False, **arrays)
