"""Inline reconstruction by Gadgetron: roles are words joined by ``_`` in series description and image comment.

An image comment such as ``Gd_MOCO_x1000_0.001mmol/L`` states role, processing and scale. Where a rescale slope is
written as well it is the same scale, and the slope alone is applied.
"""

from __future__ import annotations

import re

from pydicom import Dataset

from operators.dicom_loading.dialects import standard
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.headers import text, words
from operators.dicom_loading.rules import Rules
from operators.series import Role

MARKS = frozenset({"gd", "aif", "aifmask", "flow", "perf", "mtt", "ps", "map", "aha", "moco", "norm"})
"""Words by which its image comments are known; PD alone is written by others too."""


def matches(header: Dataset) -> bool:
    """Whether the image comment is one of its chains of roles; words with blanks between them were typed by others."""
    return bool(words(header, "ImageComments") & MARKS) and " " not in text(header, "ImageComments")


def role(header: Dataset, rules: Rules) -> Role | None:
    """Gd concentration of the main images; of the AIF images it is only an intermediate result."""
    chain = words(header, "SeriesDescription", "ImageComments")
    told = standard.role(header, rules)
    if "gd" in chain and told in (Role.AIF, Role.PERFUSION, None):
        return Role.OTHER if told is Role.AIF else Role.GADOLINIUM
    return told


def rescale(header: Dataset) -> tuple[float, float]:
    """The slope, or where there is none the scale that the comment states (``x1000``: divide by 1000)."""
    slope, intercept = standard.rescale(header)
    stated = [word for word in words(header, "ImageComments") if re.fullmatch(r"x\d+(\.\d+)?", word)]
    if slope == 1.0 and len(stated) == 1 and float(stated[0][1:]) > 0:
        slope = 1 / float(stated[0][1:])
    return slope, intercept


GADGETRON = Dialect(
    matches=matches,
    description="Gadgetron inline reconstruction: roles and scales in image comments, Gd in mmol/L, flow maps",
    role=role,
    rescale=rescale,
)
