"""One patient, one study: the rest is refused, because results of two patients must never mix."""

from __future__ import annotations

from collections import Counter
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
    for what, values in _identities(kept).items():
        numbers = Counter(value for value in values if value)  # an absent one contradicts nothing
        if len(numbers) > 1:
            (usual, _), *_ = numbers.most_common()
            others = [text(h, "SOPInstanceUID") for h, v in zip(kept, values, strict=True) if v not in ("", usual)]
            raise UnsupportedSeriesError(
                f"The folder holds images of more than one patient: {len(others)} of {len(kept)} images have another "
                f"{what} than the rest.",
                where=", ".join(others[:3]) + (" ..." if len(others) > 3 else ""),
                hint="Give one patient's study at a time.",
            )
    studies = sorted({text(header, "StudyInstanceUID") for header in kept})
    if len(studies) > 1:
        raise UnsupportedSeriesError(
            f"The folder holds {len(studies)} studies.", where=", ".join(studies), hint="Give one study at a time."
        )
    return studies[0]


def _identities(headers: list[Dataset]) -> dict[str, list[str]]:
    """Of each image what tells patients apart; names without their spelling."""
    names = [" ".join(text(header, "PatientName").casefold().replace("^", " ").split()) for header in headers]
    return {
        "identifier (0010,0020)": [text(header, "PatientID") for header in headers],
        "name (0010,0010)": names,
        "birth date (0010,0030)": [text(header, "PatientBirthDate") for header in headers],
    }
