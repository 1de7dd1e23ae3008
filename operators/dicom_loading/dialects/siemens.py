"""Siemens classic MR images, as the scanner's own reconstruction writes them.

All slices interleaved in one series or one series a slice; copies that it has registered (MOCO) or whose coil shading
it has evened out (NORM) say so in the image type.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from pydicom import Dataset

from operators.dicom_loading.dialects import gadgetron, standard
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.headers import is_enhanced, text
from operators.series import Sequence

PRIVATE_CREATOR, PRIVATE_BLOCK, ACCELERATION = "SIEMENS MR HEADER", 0x0051, 0x11


def matches(header: Dataset) -> bool:
    """Whether the maker is Siemens and no other reconstruction has signed the image."""
    maker = text(header, "Manufacturer").lower()
    return maker.startswith("siemens") and not is_enhanced(header) and not gadgetron.matches(header)


def readout(header: Dataset) -> Literal["flash", "bssfp"] | None:
    """From the sequence's name (tfl: turbo FLASH, tfi: TrueFISP), else from its variant."""
    name = text(header, "SequenceName").lstrip("*").lower()
    variant = text(header, "SequenceVariant")
    if name.startswith("tfi"):
        return "bssfp"
    if name.startswith(("tfl", "fl")) or "SP" in variant:
        return "flash"
    return "bssfp" if "SS" in variant else None


def acceleration(header: Dataset) -> float | None:
    """The private parallel imaging mode such as ``p2``, else the standard attribute."""
    try:
        mode = str(header.private_block(PRIVATE_BLOCK, PRIVATE_CREATOR)[ACCELERATION].value)
    except KeyError:
        mode = ""
    found = re.match(r"p(\d+)", mode)
    return float(found[1]) if found else standard.sequence(header).acceleration


def sequence(header: Dataset) -> Sequence:
    """The standard attributes, readout and acceleration in the vendor's own words."""
    return replace(standard.sequence(header), readout=readout(header), acceleration=acceleration(header))


SIEMENS = Dialect(
    matches=matches,
    description="Siemens, classic images: slices in one series or one each, MOCO and NORM copies, dual-sequence AIF",
    sequence=sequence,
    private_tags=(0x00510010, 0x00511011),
)
