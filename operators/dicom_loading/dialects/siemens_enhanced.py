"""Siemens XA: enhanced MR objects, one for every time point, with the slices as its frames.

Frames are told apart by StackID, InStackPositionNumber and TemporalPositionIndex; each has its own acquisition time.
The pulse sequence keeps the name it has in classic images.
"""

from __future__ import annotations

from pydicom import Dataset

from operators.dicom_loading.dialects import gadgetron, siemens
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.headers import is_enhanced, text


def matches(header: Dataset) -> bool:
    """Whether it is an enhanced object by Siemens that no other reconstruction has signed."""
    maker = text(header, "Manufacturer").lower()
    return maker.startswith("siemens") and is_enhanced(header) and not gadgetron.matches(header)


SIEMENS_ENHANCED = Dialect(
    matches=matches,
    description="Siemens XA, enhanced multi-frame: one object a time point, its frames the slices",
    sequence=siemens.sequence,
)
