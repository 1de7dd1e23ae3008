"""Contours from a user's files: NIfTI label maps, DICOM segmentations."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
from nibabel.filebasedimages import ImageFileError
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import SegmentationStorage

from operators.errors import IncompleteSeriesError, UnsupportedSeriesError
from operators.series import LPS_TO_RAS, FloatArray, Label
from perf_app.evaluation.label_stack import LabelStack

SAME_PLACE_MM = 0.5
"""Slices of two files nearer than this are one."""
CODES = {"87878005": Label.LV_CAVITY, "49848007": Label.MYOCARDIUM, "53085002": Label.RV}
"""Segmented property types (SNOMED CT) that are read."""
NAMES = {
    "lv cavity": Label.LV_CAVITY,
    "lv blood pool": Label.LV_CAVITY,
    "lv myocardium": Label.MYOCARDIUM,
    "myocardium": Label.MYOCARDIUM,
    "rv": Label.RV,
    "right ventricle": Label.RV,
}
"""Segment labels that are read where the code is another program's, in lower case."""


def read_nifti(path: Path) -> LabelStack:
    """A label map (X, Y) or (X, Y, slice) with 0 background, 1 LV cavity, 2 LV myocardium, 3 RV.

    Raises:
        UnsupportedSeriesError: it isn't one.
    """
    try:
        image = nib.load(path)
        values = np.asarray(image.dataobj)
    except (ImageFileError, OSError, EOFError, ValueError) as error:
        raise UnsupportedSeriesError("A label map can't be read as NIfTI.", where=path.name) from error
    values = values[..., None] if values.ndim == 2 else values
    if values.ndim != 3 or not np.isin(values, [int(label) for label in Label]).all():
        raise UnsupportedSeriesError(
            f"Not a label map: shape {values.shape}, values {values.min():g} to {values.max():g}.",
            where=path.name,
            hint="Labels are 0 background, 1 LV cavity, 2 LV myocardium, 3 RV in a file of shape (X, Y, slice).",
        )
    affines = np.repeat((LPS_TO_RAS @ image.affine)[None], values.shape[2], axis=0)
    affines[:, :3, 3] += np.arange(values.shape[2])[:, None] * affines[0, :3, 2]
    return LabelStack(np.moveaxis(values, -1, 0).astype(np.uint8), affines)


def is_segmentation(path: Path) -> bool:
    """Whether a file is a DICOM segmentation object."""
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"])
    except (InvalidDicomError, OSError):
        return False
    return bool(header.get("SOPClassUID") == SegmentationStorage)


def source_series(path: Path) -> str:
    """UID of the series that a segmentation was drawn on.

    Raises:
        UnsupportedSeriesError: it doesn't say.
    """
    header = pydicom.dcmread(path, stop_before_pixels=True)
    try:
        return str(header.ReferencedSeriesSequence[0].SeriesInstanceUID)
    except (AttributeError, IndexError) as error:
        raise UnsupportedSeriesError(
            "A segmentation doesn't say which series it was drawn on.",
            where=path.name,
            hint="Export the segmentation with its reference to the source images, or compare NIfTI label maps.",
        ) from error


def read_segmentation(path: Path) -> LabelStack:
    """LV cavity, myocardium and RV of a binary DICOM segmentation, slices in the order of their positions.

    Segments are known by their code (`CODES`) or their label (`NAMES`); others, such as AHA segments, are passed over.

    Raises:
        UnsupportedSeriesError: it isn't binary, or none of its segments is known.
    """
    dataset = pydicom.dcmread(path)
    if dataset.get("SegmentationType") != "BINARY":
        raise UnsupportedSeriesError(
            "Only binary segmentations are compared.", where=path.name, hint="Export it as a binary segmentation."
        )
    labels = {int(segment.SegmentNumber): _label_of(segment) for segment in dataset.SegmentSequence}
    planes: dict[tuple[float, ...], np.ndarray] = {}
    affines: dict[tuple[float, ...], FloatArray] = {}
    pixels = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    for frame, groups in zip(pixels, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        label = labels[int(groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber)]
        if label is None:
            continue
        affine = _affine(dataset, groups)
        place = tuple(np.round(affine[:3, 3], 2))
        affines[place] = affine
        plane = planes.setdefault(place, np.zeros(frame.shape, np.uint8))
        plane[frame > 0] = label
    if not planes:
        known = ", ".join(NAMES)
        raise UnsupportedSeriesError(
            "A segmentation holds none of LV cavity, LV myocardium and RV.",
            where=path.name,
            hint=f"Label the segments with one of: {known}.",
        )
    order = sorted(planes, key=lambda place: float(np.asarray(place) @ affines[place][:3, 2]))
    return LabelStack(np.stack([planes[place] for place in order]), np.stack([affines[place] for place in order]))


def on_one_grid(truth: LabelStack, found: LabelStack, where: str) -> tuple[LabelStack, LabelStack]:
    """Both with the truth's slices, in its order; a slice that was not found is empty.

    Raises:
        IncompleteSeriesError: the two were drawn on different grids.
    """
    labels, met = np.zeros_like(truth.labels), False
    for k, affine in enumerate(truth.affines):
        distances = np.abs(found.affines[:, :3, 3] - affine[:3, 3]).max(axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] > SAME_PLACE_MM:
            continue
        same_steps = np.allclose(found.affines[nearest, :3, :2], affine[:3, :2], atol=1e-3)
        met = found.labels.shape[1:] == truth.labels.shape[1:] and same_steps
        if not met:
            break
        labels[k] = found.labels[nearest]
    if not met:
        raise IncompleteSeriesError(
            f"True and found contours lie on different grids, {truth.labels.shape} and {found.labels.shape} "
            "(slice, row, col), or elsewhere in space.",
            where=where,
            hint="Draw the true contours on the images that were analysed, and export both on their grid.",
        )
    return truth, LabelStack(labels, truth.affines)


def _label_of(segment: Dataset) -> Label | None:
    codes = [
        str(item.CodeValue) for item in segment.get("SegmentedPropertyTypeCodeSequence", []) if "CodeValue" in item
    ]
    by_code = [CODES[code] for code in codes if code in CODES]
    return by_code[0] if by_code else NAMES.get(str(segment.get("SegmentLabel", "")).strip().lower())


def _affine(dataset: Dataset, groups: Dataset) -> FloatArray:
    shared = dataset.SharedFunctionalGroupsSequence[0]

    def item(name: str) -> Dataset:
        found: Dataset = (groups if name in groups else shared)[name][0]
        return found

    along_row, along_column = np.reshape(
        [float(v) for v in item("PlaneOrientationSequence").ImageOrientationPatient], (2, 3)
    )
    row_step, column_step = (float(v) for v in item("PixelMeasuresSequence").PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = along_column * row_step, along_row * column_step
    affine[:3, 2] = np.cross(along_row, along_column)
    affine[:3, 3] = [float(v) for v in item("PlanePositionSequence").ImagePositionPatient]
    return affine
