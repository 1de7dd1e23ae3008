"""Results as NIfTI: what a retraining needs, and the maps that no DICOM object holds."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from operators.series import LPS_TO_RAS, FloatArray, ScanResult, StudyResult


def write_nifti(result: StudyResult, folder: Path) -> tuple[Path, ...]:
    """Per scan: the Gd (or signal) series (row, col, slice, time); labels, flow and every other map (row, col, slice).

    Maps are those of `FlowMap.parameters`, named with their units.

    One file holds one affine: exact for a stack of parallel, equally spaced slices, otherwise the first slice's.
    """
    written: list[Path] = []
    for index, scan in enumerate(result.scans):
        stem = f"scan{index + 1}_{scan.scan.state}"
        affine = LPS_TO_RAS @ stack_affine(scan)
        series = scan.gadolinium.series
        step = float(np.median(np.diff(series.times, axis=1)))
        arrays = {
            "gd" if series.unit == "mmol/L" else "signal": np.transpose(series.pixels, (2, 3, 0, 1)),
            "mbf" if scan.flow.unit == "mL/min/g" else "relative_upslope": np.transpose(scan.flow.flow, (1, 2, 0)),
            "labels": np.transpose(scan.segmentation.labels, (1, 2, 0)),
        }
        arrays |= {name: np.transpose(values, (1, 2, 0)) for name, values in scan.flow.parameters.items()}
        for name, array in arrays.items():
            image = nib.Nifti1Image(array, affine)
            image.header.set_xyzt_units("mm", "sec")
            if array.ndim == 4:
                image.header["pixdim"][4] = step
            path = folder / f"{stem}_{name}.nii.gz"
            nib.save(image, path)
            written.append(path)
    return tuple(written)


def stack_affine(scan: ScanResult) -> FloatArray:
    """(row, col, slice, 1) to LPS mm, from the first slice's affine and the mean step between slices."""
    affines = scan.gadolinium.series.affines
    affine = np.array(affines[0])
    if len(affines) > 1:
        affine[:3, 2] = (affines[-1, :3, 3] - affines[0, :3, 3]) / (len(affines) - 1)
    return affine
