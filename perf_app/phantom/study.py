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
from pydicom.dataset import FileDataset

from perf_app.phantom.compression import check_encoder, compress
from perf_app.phantom.dialect import Dialect, TransferSyntax
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.scene import FULL, Detail, build_scene
from perf_app.phantom.simulation import SimulatedScan, simulate
from perf_app.phantom.truth import StudyTruth, study_truth, truth_document
from perf_app.phantom.vendors import gadgetron, ge, philips, plain, siemens

logger = logging.getLogger(__name__)

WRITERS: dict[Dialect, Callable[[DigitalPatient, SimulatedScan], Iterable[FileDataset]]] = {
    Dialect.SIEMENS: siemens.interleaved,
    Dialect.SIEMENS_SERIES_PER_SLICE: siemens.series_per_slice,
    Dialect.SIEMENS_MOCO: siemens.with_copies,
    Dialect.SIEMENS_ENHANCED: siemens.enhanced,
    Dialect.PHILIPS: philips.classic,
    Dialect.PHILIPS_ENHANCED: philips.enhanced,
    Dialect.GE: ge.classic,
    Dialect.PLAIN: plain.classic,
    Dialect.GADGETRON: gadgetron.classic,
    Dialect.GADGETRON_MAPS: gadgetron.with_maps,
}
"""What makes a scan's DICOM objects."""


def write_study(
    folder: Path,
    patient: DigitalPatient,
    *,
    detail: Detail = FULL,
    device: torch.device | str = "cpu",
    dialect: Dialect = Dialect.SIEMENS,
    transfer_syntax: TransferSyntax = TransferSyntax.UNCOMPRESSED,
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
        transfer_syntax: of their pixels.

    Returns:
        The truth.

    Raises:
        SettingError: the encoder of the transfer syntax is not installed.
    """
    check_encoder(transfer_syntax)
    scene = build_scene(patient, detail, device)
    scans = tuple(simulate(patient, state, detail, device, scene) for state in patient.states)
    count = sum(write_scan(folder / "dicom", patient, scan, dialect, transfer_syntax) for scan in scans)
    truth = study_truth(patient, scene, scans)
    write_truth(folder, truth)
    logger.info("digital patient %d: %d images", patient.seed, count)
    return truth


def write_scan(
    folder: Path,
    patient: DigitalPatient,
    scan: SimulatedScan,
    dialect: Dialect,
    transfer_syntax: TransferSyntax = TransferSyntax.UNCOMPRESSED,
) -> int:
    """Write the DICOM objects of one scan, a folder a series; the number of objects.

    Raises:
        SettingError: the encoder of the transfer syntax is not installed.
    """
    count = 0
    for image in WRITERS[dialect](patient, scan):
        target = folder / f"series_{image.SeriesNumber:02d}"
        target.mkdir(parents=True, exist_ok=True)
        compressed = compress(image, transfer_syntax)
        compressed.save_as(target / f"{image.InstanceNumber:04d}.dcm", enforce_file_format=True)
        count += 1
    return count


def write_truth(folder: Path, truth: StudyTruth) -> None:
    """Write ``truth.json`` and ``truth.npz``."""
    (folder / "truth.json").write_text(json.dumps(truth_document(truth), indent=1) + "\n", encoding="utf-8")
    size = (truth.labels.shape[1] // 4, truth.labels.shape[2] // 4)
    arrays: dict[str, npt.NDArray[Any]] = {"labels": truth.labels, "segments": truth.segments}
    for scan in truth.scans:
        arrays[f"flow_{scan.state}"] = scan.flow
        arrays[f"displacement_{scan.state}"] = scan.displacement(size).astype(np.float16)
    np.savez_compressed(folder / "truth.npz", allow_pickle=False, **arrays)
