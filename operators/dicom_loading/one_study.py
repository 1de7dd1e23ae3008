"""One patient, one study: the rest is refused, because results of two patients must never mix."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom import Dataset

from operators.dicom_loading.headers import text
from operators.errors import UnsupportedSeriesError


def check_one_study(headers: Iterable[Dataset]) -> str:
    """Study instance UID of all images.

    Raises:
        UnsupportedSeriesError: several patients or several studies.
    """
    kept = list(headers)
    if any(len(found) > 1 for found in _identities(kept)):
        raise UnsupportedSeriesError(
            "The folder holds images of more than one patient.",
            where="(0010,0010), (0010,0020) or (0010,0030) differ",
            hint="Give one patient's study at a time.",
        )
    studies = sorted({text(header, "StudyInstanceUID") for header in kept})
    if len(studies) > 1:
        raise UnsupportedSeriesError(
            f"The folder holds {len(studies)} studies.", where=", ".join(studies), hint="Give one study at a time."
        )
    return studies[0]


def _identities(headers: list[Dataset]) -> tuple[set[str], ...]:
    """Distinct identifiers, names (spelling aside) and birth dates; an absent one contradicts nothing."""
    identifiers = {text(header, "PatientID") for header in headers}
    names = {" ".join(text(header, "PatientName").casefold().replace("^", " ").split()) for header in headers}
    births = {text(header, "PatientBirthDate") for header in headers}
    return tuple(found - {""} for found in (identifiers, names, births))
