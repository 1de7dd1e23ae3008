"""GE: trigger times that count on from the first beat, few distinct acquisition times, field strength in gauss.

Which clock orders the frames `clock` finds out; gauss are told from tesla by their size (`acquisition`). Private
elements tell phase from magnitude (0043,102F) and how much faster parallel imaging was (0043,1083).
"""

from __future__ import annotations

import re
from dataclasses import replace

from pydicom import Dataset

from operators.dicom_loading.dialects import standard
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.headers import is_enhanced, text
from operators.dicom_loading.rules import Rules
from operators.series import Role, Sequence

CREATOR, GROUP, IMAGE_KIND, ASSET_FACTOR = "GEMS_PARM_01", 0x0043, 0x2F, 0x83
MAGNITUDE = 0.0


def matches(header: Dataset) -> bool:
    """Whether GE made it; AGFA-GEVAERT and GENESIS are others."""
    maker = text(header, "Manufacturer").lower()
    return re.match(r"ge(hc|ms)?(?![a-z])", maker) is not None and not is_enhanced(header)


def role(header: Dataset, rules: Rules) -> Role | None:
    """As the words say; phase, real and imaginary images serve nothing."""
    kind = standard.private_number(header, GROUP, CREATOR, IMAGE_KIND)
    return Role.OTHER if kind not in (None, MAGNITUDE) else standard.role(header, rules)


def sequence(header: Dataset) -> Sequence:
    """The standard attributes; the private ASSET factor is the inverse of the acceleration."""
    told = standard.sequence(header)
    factor = standard.private_number(header, GROUP, CREATOR, ASSET_FACTOR)
    if told.acceleration is None and factor is not None and 0 < factor <= 1:
        told = replace(told, acceleration=1 / factor)
    return told


GE = Dialect(
    matches=matches,
    description="GE, classic images: cumulative trigger times, few distinct acquisition times, field strength in gauss",
    role=role,
    sequence=sequence,
    private_tags=(0x00430010, 0x0043102F, 0x00431083),
)
