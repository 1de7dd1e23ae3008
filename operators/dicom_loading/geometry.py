"""Where images lie in the patient: orientation, slices, affines."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from pydicom import Dataset

from operators.dicom_loading.headers import numbers, positive, text, words
from operators.errors import IncompleteSeriesError, UnsupportedSeriesError
from operators.series import FloatArray

SAME_SLICE_MM = 0.5
SAME_DIRECTION = 0.02
"""Largest difference between direction cosines that counts as none."""
BASE_TO_APEX = np.array([0.65, -0.6, -0.45]) / np.linalg.norm([0.65, -0.6, -0.45])
"""Direction of the left ventricle's long axis in most patients (LPS): leftwards, forwards, downwards."""
UNUSUAL_DEG, IMPLAUSIBLE_DEG = 45.0, 65.0
"""Angles between a short-axis normal and that direction. The normal of a long-axis view stands about square on it."""
LONG_AXIS = re.compile(r"(?<![a-z0-9])([234][ _-]?(ch|chamber)|lax|hla|vla|long[ _-]?ax[a-z]*)(?![a-z])", re.IGNORECASE)
SHORT_AXIS = frozenset({"sax", "sa", "short"})


def directions(header: Dataset) -> FloatArray:
    """Unit vectors along a row, along a column, and their cross product; shape (3, 3), one vector a row.

    Raises:
        IncompleteSeriesError: the orientation is missing or no right angle.
    """
    found = numbers(header, "ImageOrientationPatient", 6)
    vectors = np.zeros((2, 3)) if found is None else np.reshape(found, (2, 3))
    if not np.allclose(vectors @ vectors.T, np.eye(2), atol=SAME_DIRECTION):
        raise IncompleteSeriesError(
            "The image orientation (0020,0037) is missing or impossible.",
            where=text(header, "SOPInstanceUID"),
            hint="Export the original images; copies without geometry can't be used.",
        )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.vstack([vectors, np.cross(vectors[0], vectors[1])])


def positions(headers: Sequence[Dataset]) -> FloatArray:
    """Centre of the first pixel of each image, LPS mm, shape (image, 3).

    Raises:
        IncompleteSeriesError: an image has none.
    """
    found = []
    for header in headers:
        position = numbers(header, "ImagePositionPatient", 3)
        if position is None:
            raise IncompleteSeriesError(
                "The image position (0020,0032) is missing.",
                where=text(header, "SOPInstanceUID"),
                hint="Export the original images; copies without geometry can't be used.",
            )
        found.append(position)
    return np.array(found)


def common_directions(headers: Sequence[Dataset]) -> FloatArray:
    """`directions` that all images share.

    Raises:
        IncompleteSeriesError: an orientation is missing.
        UnsupportedSeriesError: they differ.
    """
    all_directions = {text(header, "ImageOrientationPatient"): header for header in headers}
    found = [directions(header) for header in all_directions.values()]
    if any(np.abs(other - found[0]).max() > SAME_DIRECTION for other in found[1:]):
        raise UnsupportedSeriesError(
            "The images of the series have different orientations.",
            where=text(headers[0], "SeriesInstanceUID"),
            hint="Give the short-axis slices alone.",
        )
    return found[0]


def group_slices(headers: Sequence[Dataset]) -> list[list[int]]:
    """Indices of the images of each slice: grouped by position along the normal, base first.

    Raises:
        IncompleteSeriesError, UnsupportedSeriesError: the geometry is missing or mixed.
    """
    normal = common_directions(headers)[2]
    towards_apex = normal if normal @ BASE_TO_APEX > 0 else -normal
    along = positions(headers) @ towards_apex
    order = np.argsort(along, kind="stable")
    breaks = np.flatnonzero(np.diff(along[order]) > SAME_SLICE_MM) + 1
    return [[int(i) for i in group] for group in np.split(order, breaks)]


def tilt(headers: Sequence[Dataset]) -> float:
    """Angle between the slices' normal and the usual long axis [degrees]."""
    return float(np.degrees(np.arccos(min(1.0, abs(common_directions(headers)[2] @ BASE_TO_APEX)))))


def check_short_axis(headers: Sequence[Dataset]) -> None:
    """Decide from words, then from the normal, and only against what can't be a short axis.

    Raises:
        UnsupportedSeriesError: a long-axis view.
    """
    where = text(headers[0], "SeriesInstanceUID")
    described = f"{text(headers[0], 'SeriesDescription')} {text(headers[0], 'ProtocolName')}"
    hint = "Give short-axis slices: the 16 segments are defined on them."
    if LONG_AXIS.search(described) and not words(headers[0], "SeriesDescription") & SHORT_AXIS:
        raise UnsupportedSeriesError("The series is described as a long-axis view.", where=where, hint=hint)
    if (angle := tilt(headers)) > IMPLAUSIBLE_DEG:
        raise UnsupportedSeriesError(
            f"The slices stand {angle:.0f} degrees off any usual short axis: a long-axis view.", where=where, hint=hint
        )


def affine(header: Dataset, thickness: float) -> FloatArray:
    """(row, col, 0, 1) to LPS mm, as in `operators.series`; thickness in mm.

    Raises:
        IncompleteSeriesError: orientation, position or pixel spacing is missing.
    """
    across, down, normal = directions(header)
    spacing = numbers(header, "PixelSpacing", 2)
    if spacing is None or min(spacing) <= 0:
        raise IncompleteSeriesError(
            "The pixel spacing (0028,0030) is missing or not positive.",
            where=text(header, "SOPInstanceUID"),
            hint="Export the original images.",
        )
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = down * spacing[0], across * spacing[1], normal * thickness
    matrix[:3, 3] = positions([header])[0]
    return matrix


def slice_thickness(header: Dataset) -> float | None:
    """As the header states it, else the spacing between slices [mm]."""
    return positive(header, "SliceThickness") or positive(header, "SpacingBetweenSlices")
