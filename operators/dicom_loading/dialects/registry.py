"""The dialects that are known, and which of them a header is written in."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import MRImageStorage

from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.dialects.gadgetron import GADGETRON
from operators.dicom_loading.dialects.siemens import SIEMENS
from operators.dicom_loading.headers import text
from operators.errors import UnsupportedSeriesError

DIALECTS: dict[str, Dialect] = {
    "gadgetron": GADGETRON,
    "siemens": SIEMENS,
}
PLAIN = "plain"
"""Name of the last resort, for images of any other maker: nothing but standard attributes is used of them."""
_PLAIN = Dialect(matches=lambda _: True)
PRIVATE_TAGS = tuple(tag for dialect in DIALECTS.values() for tag in dialect.private_tags)


def choose(header: Dataset) -> tuple[str, Dialect]:
    """Name and dialect of an image.

    Raises:
        UnsupportedSeriesError: it is no classic MR image, or two dialects claim it.
    """
    where = text(header, "SeriesInstanceUID")
    if header.get("SOPClassUID") != MRImageStorage:
        raise UnsupportedSeriesError(
            f"No dialect reads this kind of object (SOP class {text(header, 'SOPClassUID')}); "
            f"known: {', '.join(DIALECTS)}, {PLAIN}.",
            where=where,
            hint="Export the series as classic single-frame MR images.",
        )
    found = [name for name, dialect in DIALECTS.items() if dialect.matches(header)]
    if len(found) > 1:
        raise UnsupportedSeriesError(
            f"Several dialects claim the series: {', '.join(found)}.", where=where, hint="Narrow what they match."
        )
    return (found[0], DIALECTS[found[0]]) if found else (PLAIN, _PLAIN)
