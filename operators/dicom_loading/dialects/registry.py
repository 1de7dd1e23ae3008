"""The dialects that are known, and which of them a header is written in."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import MRImageStorage

from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.dialects.gadgetron import GADGETRON
from operators.dicom_loading.dialects.ge import GE
from operators.dicom_loading.dialects.philips import PHILIPS, PHILIPS_ENHANCED
from operators.dicom_loading.dialects.siemens import SIEMENS
from operators.dicom_loading.dialects.siemens_enhanced import SIEMENS_ENHANCED
from operators.dicom_loading.headers import ENHANCED, text
from operators.errors import UnsupportedSeriesError

DIALECTS: dict[str, Dialect] = {
    "gadgetron": GADGETRON,
    "ge": GE,
    "philips": PHILIPS,
    "philips-enhanced": PHILIPS_ENHANCED,
    "siemens": SIEMENS,
    "siemens-enhanced": SIEMENS_ENHANCED,
}
PLAIN = "plain"
"""Name of the last resort, for images of any other maker."""
PLAIN_DIALECT = Dialect(
    matches=lambda _: True,
    description="any other maker (Canon, United Imaging ...), classic or enhanced: standard attributes alone",
)
PRIVATE_TAGS = tuple(dict.fromkeys(tag for dialect in DIALECTS.values() for tag in dialect.private_tags))
SOP_CLASSES = (MRImageStorage, *sorted(ENHANCED))
"""Of the images that are read."""


def choose(header: Dataset) -> tuple[str, Dialect]:
    """Name and dialect of an image.

    Raises:
        UnsupportedSeriesError: it is no MR image, or two dialects claim it.
    """
    where = text(header, "SeriesInstanceUID")
    if header.get("SOPClassUID") not in SOP_CLASSES:
        raise UnsupportedSeriesError(
            f"No dialect reads this kind of object (SOP class {text(header, 'SOPClassUID')}); "
            f"known: {', '.join(DIALECTS)}, {PLAIN}.",
            where=where,
            hint="Export the series as classic or enhanced MR images.",
        )
    found = [name for name, dialect in DIALECTS.items() if dialect.matches(header)]
    if len(found) > 1:
        raise UnsupportedSeriesError(
            f"Several dialects claim the series: {', '.join(found)}.", where=where, hint="Narrow what they match."
        )
    return (found[0], DIALECTS[found[0]]) if found else (PLAIN, PLAIN_DIALECT)
