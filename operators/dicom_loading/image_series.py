"""The images of one series, or of several that are one acquisition, and whether they can be used."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from operators.dicom_loading import clock, geometry
from operators.dicom_loading.dialects import registry, standard
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.headers import number, text, words
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.pixels import MAX_IMAGE_BYTES
from operators.errors import IncompleteSeriesError, PerfusionError, UnsupportedSeriesError
from operators.series import QualityFlag, Role, State

MIN_FRAMES = 20
"""Fewest saturation-recovery frames a slice that can hold a first pass."""
MAX_MATRIX = 1024
MAX_VALUES = 1 << 29
"""Pixels of one series, all frames together (2 GiB as float32)."""
MAIN = (Role.PERFUSION, Role.GADOLINIUM)
TRANSFER_SYNTAXES = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        JPEGLossless,
        JPEGLosslessSV1,
        JPEGLSLossless,
        JPEG2000Lossless,
        RLELossless,
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class FileSeries:
    """Images on disk that belong together, and what their words say."""

    uids: tuple[str, ...]
    """Series instance UIDs: more than one where each slice is a series of its own."""
    images: tuple[ImageFile, ...]
    dialect_name: str | None
    """None: no dialect reads them."""
    dialect: Dialect | None
    role: Role
    state: State
    state_from: str
    label: str = ""
    """The number by which people know the series; ``7.2`` for the second part of series 7."""
    flags: tuple[QualityFlag, ...] = ()
    """What had to be done to make a series of these images."""

    @property
    def headers(self) -> tuple[Dataset, ...]:
        return tuple(image.header for image in self.images)

    @property
    def first(self) -> Dataset:
        return self.images[0].header

    @property
    def motion_corrected(self) -> bool:
        """Whether the scanner has already registered the images."""
        return "MOCO" in standard.image_kinds(self.first) or "moco" in words(self.first, "ImageComments")

    @property
    def span(self) -> tuple[float, float] | None:
        """First and last moment on the clock on the wall [s]; None where the headers tell none."""
        for name in clock.ON_THE_WALL:
            values = clock.read(name, self.headers)
            if values is not None and len(values) and (len(values) == 1 or np.ptp(values) > 0):
                return float(values.min()), float(values.max())
        # The clock stands still, at the beginning of the series.
        begin, offsets = (clock.read(name, self.headers) for name in ("AcquisitionTime", "TemporalPositionTimeOffset"))
        if begin is None or offsets is None:
            return None
        return float((begin + offsets).min()), float((begin + offsets).max())

    @property
    def number(self) -> float:
        return number(self.first, "SeriesNumber") or 0.0


def problem(series: FileSeries) -> PerfusionError | None:
    """Why main images can't be used, or None."""
    try:
        check_images(series)
        geometry.check_short_axis(series.headers)
        check_frames(series)
    except PerfusionError as error:
        return error
    return None


def check_images(series: FileSeries) -> None:
    """Check what must hold before pixels are decoded, in any series that is used.

    Raises:
        UnsupportedSeriesError: no dialect, colour, lossy or unknown compression, mixed matrices, too large.
        IncompleteSeriesError: images without size.
    """
    where = series.uids[0]
    if series.dialect is None:
        registry.choose(series.first)
    for image in series.images:
        header = image.header
        rows, columns = number(header, "Rows") or 0.0, number(header, "Columns") or 0.0
        if rows < 1 or columns < 1:
            raise IncompleteSeriesError(
                "An image has no rows or columns.", where=text(header, "SOPInstanceUID"), hint="Export the study again."
            )
        oversized = max(rows, columns) > MAX_MATRIX or image.size > MAX_IMAGE_BYTES
        if oversized or rows * columns * len(series.images) > MAX_VALUES:
            raise UnsupportedSeriesError(
                f"The series is too large: {len(series.images)} images of {rows:.0f} x {columns:.0f}.",
                where=where,
                hint=f"At most {MAX_MATRIX} rows or columns, {MAX_IMAGE_BYTES >> 20} MiB an image and "
                f"{MAX_VALUES >> 20} million pixels are read.",
            )
        if number(header, "SamplesPerPixel") != 1 or (number(header, "NumberOfFrames") or 1) != 1:
            raise UnsupportedSeriesError(
                "The images are in colour, or classic ones with several frames each.",
                where=where,
                hint="Give the original images.",
            )
        if image.transfer_syntax not in TRANSFER_SYNTAXES:
            raise UnsupportedSeriesError(
                f"The transfer syntax {image.transfer_syntax} is not read.",
                where=where,
                hint="Export the images uncompressed or without loss.",
            )
    if len({(h.Rows, h.Columns, text(h, "PixelSpacing")) for h in series.headers}) > 1:
        raise UnsupportedSeriesError(
            "The images of the series differ in matrix or pixel spacing.", where=where, hint="Give one acquisition."
        )


def check_frames(series: FileSeries) -> None:
    """Check that every slice was seen often enough.

    Raises:
        IncompleteSeriesError: fewer frames than a first pass takes.
    """
    counts = [len(group) for group in geometry.group_slices(series.headers)]
    if min(counts) < MIN_FRAMES:
        seen = Counter(counts)
        listed = ", ".join(f"{n} x {frames}" for frames, n in sorted(seen.items()))
        raise IncompleteSeriesError(
            f"A slice has {min(counts)} frames, a first pass needs at least {MIN_FRAMES} (slices x frames: {listed}).",
            where=series.uids[0],
            hint="Export the complete first pass.",
        )
