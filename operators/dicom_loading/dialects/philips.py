"""Philips: classic images, and enhanced objects with all slices and time points in one file.

Every frame has a rescale slope of its own, made for display; values of different frames and series compare once the
private scale slope (2005,100E) is applied too: value = (stored x slope + intercept) / (slope x scale). Acquisition and
content times are those of the whole series and instance numbers follow no order; a frame's time is the private begin of
its dynamic (2005,10A0) [s] plus its delay after the trigger.
"""

from __future__ import annotations

from dataclasses import replace

from pydicom import Dataset

from operators.dicom_loading.dialects import standard
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.headers import is_enhanced, number, text

CREATOR, GROUP, SCALE_SLOPE, DYNAMIC_BEGIN = "Philips MR Imaging DD 001", 0x2005, 0x0E, 0xA0
PRIVATE_TAGS = (0x20050010, 0x2005100E, 0x200510A0)
"""The creator's usual block; with it the elements lie where they are always seen."""


def _by_philips(header: Dataset) -> bool:
    return text(header, "Manufacturer").lower().startswith("philips")


def matches_classic(header: Dataset) -> bool:
    """Whether it is a single-frame image by Philips."""
    return _by_philips(header) and not is_enhanced(header)


def matches_enhanced(header: Dataset) -> bool:
    """Whether it is a frame of an enhanced object by Philips."""
    return _by_philips(header) and is_enhanced(header)


def rescale(header: Dataset) -> tuple[float, float]:
    """To values that compare between frames; the display's where there is no private scale."""
    slope, intercept = standard.rescale(header)
    scale = standard.private_number(header, GROUP, CREATOR, SCALE_SLOPE)
    if scale is None or scale <= 0 or slope == 0:
        return slope, intercept
    return 1 / scale, intercept / (slope * scale)


def complete(header: Dataset) -> None:
    """Time offset of the frame from its dynamic's begin and its trigger delay [s]."""
    begin = standard.private_number(header, GROUP, CREATOR, DYNAMIC_BEGIN)
    if begin is not None and "TemporalPositionTimeOffset" not in header:
        header.TemporalPositionTimeOffset = begin + (number(header, "TriggerTime") or 0.0) / 1000


PHILIPS = Dialect(
    matches=matches_classic,
    description="Philips, classic images: a rescale slope for every frame, a private scale, shuffled instance numbers",
    rescale=rescale,
    complete=complete,
    private_tags=PRIVATE_TAGS,
)
PHILIPS_ENHANCED = replace(
    PHILIPS,
    matches=matches_enhanced,
    description="Philips, enhanced multi-frame: slices and time points in one object, a rescale slope for every frame",
)
