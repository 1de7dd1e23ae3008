"""Decode the pixels of one frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import pixel_array
from pydicom.uid import RLELossless

from operators.dicom_loading.codestream import claimed_size
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.files import DAMAGED, ImageFile
from operators.dicom_loading.headers import text
from operators.errors import IncompleteSeriesError
from operators.series import FloatArray


def decode(image: ImageFile, dialect: Dialect) -> FloatArray:
    """Rescaled values of one image by its own slope and intercept, float32, shape (row, col).

    Raises:
        IncompleteSeriesError: the pixels are missing, truncated, damaged or of another size than the header says.
    """
    header = image.header
    try:
        with disable_value_validation():
            stored = _stored(image)
    except (*DAMAGED, OSError, RuntimeError) as error:
        raise _unreadable(image) from error
    if stored is None or stored.shape != (header.Rows, header.Columns):
        raise _unreadable(image)
    slope, intercept = dialect.rescale(header)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def _stored(image: ImageFile) -> npt.NDArray[Any] | None:
    """Stored values; None where a compressed frame claims another size than the header, so that none is decoded."""
    if not image.transfer_syntax.is_encapsulated or image.transfer_syntax == RLELossless:
        return pixel_array(image.path)
    dataset = dcmread(image.path, specific_tags=["PixelData"])
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1), b"")
    if claimed_size(frame) != (image.header.Rows, image.header.Columns, 1):
        return None
    return pixel_array(image.path)


def _unreadable(image: ImageFile) -> IncompleteSeriesError:
    return IncompleteSeriesError(
        "The pixels of an image are missing, truncated or damaged.",
        where=text(image.header, "SOPInstanceUID"),
        hint="Export the study again.",
    )
