"""Decode the pixels of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import RLELossless

from operators.dicom_loading.codestream import claimed_size
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.files import DAMAGED
from operators.dicom_loading.headers import text
from operators.dicom_loading.image_file import ImageFile
from operators.errors import IncompleteSeriesError
from operators.series import FloatArray

PIXEL_KEYWORDS = [
    "BitsAllocated",
    "BitsStored",
    "Columns",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "HighBit",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "PixelData",
    "PixelRepresentation",
    "Rows",
    "SamplesPerPixel",
]
"""What the decoders ask for."""
MAX_IMAGE_BYTES = 1 << 24
"""Of one compressed image: eight times the largest image, so that no run-length code can swell without bound."""


def decode(images: Sequence[ImageFile], dialect: Dialect) -> FloatArray:
    """Rescaled values of images of one size, each by its own slope and intercept, float32, shape (image, row, col).

    Raises:
        IncompleteSeriesError: pixels are missing, truncated, damaged or of another size than the header says.
    """
    opened: dict[Path, Dataset] = {}
    return np.stack([_decode(image, dialect, opened) for image in images])


def _decode(image: ImageFile, dialect: Dialect, opened: dict[Path, Dataset]) -> FloatArray:
    header = image.header
    try:
        with disable_value_validation():
            stored = _stored(image, opened)
    except (*DAMAGED, OSError, RuntimeError) as error:
        raise _unreadable(image) from error
    if stored is None or stored.shape != (header.Rows, header.Columns):
        raise _unreadable(image)
    slope, intercept = dialect.rescale(header)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def _stored(image: ImageFile, opened: dict[Path, Dataset]) -> npt.NDArray[Any] | None:
    """Stored values; None where a compressed frame is too large or claims another size than the header, so that none
    is decoded. Multi-frame files are opened once and kept in `opened`."""
    if image.frame is None and (not image.transfer_syntax.is_encapsulated or image.transfer_syntax == RLELossless):
        return pixel_array(image.path)
    if image.path not in opened:
        opened.clear()
        opened[image.path] = dcmread(image.path, specific_tags=PIXEL_KEYWORDS)
    dataset = opened[image.path]
    if image.transfer_syntax.is_encapsulated:
        frame = get_frame(dataset.PixelData, image.frame or 0, number_of_frames=dataset.get("NumberOfFrames") or 1)
        size = (image.header.Rows, image.header.Columns, 1)
        claimed = size if image.transfer_syntax == RLELossless else claimed_size(frame)
        if len(frame) > MAX_IMAGE_BYTES or claimed != size:
            return None
    return pixel_array(dataset, index=image.frame)


def _unreadable(image: ImageFile) -> IncompleteSeriesError:
    return IncompleteSeriesError(
        "The pixels of an image are missing, truncated or damaged.",
        where=text(image.header, "SOPInstanceUID"),
        hint="Export the study again.",
    )
