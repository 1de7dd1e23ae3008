"""What one series UID may hold besides one injection's images: other injections, doubled images, stray slices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from pydicom import Dataset

from operators.dicom_loading import clock, geometry
from operators.dicom_loading.dialects.standard import image_kinds
from operators.dicom_loading.headers import number, text
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.image_series import MIN_FRAMES
from operators.series import FloatArray

Images = tuple[ImageFile, ...]
PAUSE_S = 120.0
"""Longer than any pause within a first pass, shorter than any between two injections."""
STRAY = 0.5
"""Part of the fullest slice's frames that a slice must have."""


def by_injection(images: Images) -> list[Images]:
    """Images apart where more than two minutes pass between two of them and either side holds a first pass.

    Raises:
        IncompleteSeriesError, UnsupportedSeriesError: the geometry is missing or mixed.
    """
    times = _wall_times(images)
    if times is None or float(np.ptp(times)) < PAUSE_S:
        return [images]
    ordered = np.unique(times)
    breaks = [(a + b) / 2 for a, b in pairwise(ordered) if b - a > PAUSE_S]
    where = np.searchsorted(breaks, times)
    parts = [tuple(image for image, part in zip(images, where, strict=True) if part == n) for n in np.unique(where)]
    whole = all(max(map(len, _slices(part))) >= MIN_FRAMES for part in parts)
    return parts if whole else [images]


def _wall_times(images: Images) -> FloatArray | None:
    """Seconds on the first clock on the wall that isn't constant."""
    for name in clock.ON_THE_WALL:
        values = clock.read(name, [image.header for image in images])
        if values is not None and len(values) and np.ptp(values) > 0:
            return values
    return None


def without_doubles(images: Images) -> Images:
    """Less those that show a slice at a moment that another shows too, where that is what keeps frames from being
    ordered in time.

    Raises:
        IncompleteSeriesError, UnsupportedSeriesError: the geometry is missing or mixed.
    """
    groups = _groups(images)
    if clock.trusted_clock([[image.header for image in group] for group in groups]) is not None:
        return images
    single = [_first_of_each_moment(group) for group in groups]
    if clock.trusted_clock([[image.header for image in group] for group in single]) is None:
        return images
    kept = {id(image) for group in single for image in group}
    return tuple(image for image in images if id(image) in kept)


def _first_of_each_moment(group: Sequence[ImageFile]) -> list[ImageFile]:
    moments: dict[tuple[float | None, ...], ImageFile] = {}
    for image in sorted(group, key=lambda image: number(image.header, "InstanceNumber") or 0.0):
        moments.setdefault(_moment(image.header), image)
    return list(moments.values())


def _moment(header: Dataset) -> tuple[float | None, ...]:
    clocks = {**clock.CLOCKS, **clock.COUNTERS}
    return tuple(read(header) for name, read in clocks.items() if name != "InstanceNumber")


def without_stray_slices(images: Images) -> Images:
    """Less those of slices with fewer than half of the fullest slice's frames, where that one holds a first pass.

    Raises:
        IncompleteSeriesError, UnsupportedSeriesError: the geometry is missing or mixed.
    """
    slices = _slices(images)
    fullest = max(map(len, slices))
    if fullest < MIN_FRAMES:
        return images
    kept = {id(image) for group in slices if len(group) >= STRAY * fullest for image in group}
    return tuple(image for image in images if id(image) in kept)


def _slices(images: Images) -> list[Images]:
    return [tuple(images[i] for i in group) for group in geometry.group_slices([image.header for image in images])]


def _groups(images: Images) -> list[Images]:
    """Images of one slice, echo and kind."""
    found: dict[tuple[object, ...], list[ImageFile]] = {}
    for k, group in enumerate(_slices(images)):
        for image in group:
            header = image.header
            key = (k, text(header, "EchoTime"), text(header, "EchoNumbers"), *sorted(image_kinds(header)))
            found.setdefault(key, []).append(image)
    return [tuple(group) for group in found.values()]
