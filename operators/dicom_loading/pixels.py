"""Decode the pixels of one frame."""

from __future__ import annotations

import numpy as np
from pydicom.pixels.utils import pixel_array

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
        stored = pixel_array(image.path)
    except (*DAMAGED, OSError, RuntimeError) as error:
        raise _unreadable(text(header, "SOPInstanceUID")) from error
    if stored.shape != (header.Rows, header.Columns):
        raise _unreadable(text(header, "SOPInstanceUID"))
    slope, intercept = dialect.rescale(header)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def _unreadable(where: str) -> IncompleteSeriesError:
    return IncompleteSeriesError(
        "The pixels of an image are missing, truncated or damaged.", where=where, hint="Export the study again."
    )
