"""What is read and written in DICOM's terms, from the code that does it.

``python -m perf_app.conformance`` prints ``docs/conformance.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.datadict import keyword_for_tag
from pydicom.sr.coding import Code
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.dicom_loading.dialects.registry import DIALECTS, PLAIN, PLAIN_DIALECT, PRIVATE_TAGS, SOP_CLASSES
from operators.dicom_loading.files import MAX_FILE_BYTES
from operators.dicom_loading.headers import KEYWORDS
from operators.dicom_loading.image_series import TRANSFER_SYNTAXES
from operators.dicom_loading.multi_frame import MACROS
from operators.dicom_writing import codes
from operators.dicom_writing.common import OPTIONAL, REQUIRED
from operators.dicom_writing.registry import OUTPUTS

INTRODUCTION = """# DICOM conformance

Research use only. What the program reads and writes, printed from its code by `python -m perf_app.conformance`; how far
each part was tried stands in [status.md](status.md)."""

READING = f"""Other objects are passed over; so are DICOMDIR, links and files that aren't DICOM. A study with a file
that is damaged, deflated, larger than {MAX_FILE_BYTES >> 30} GiB or nested deeper than any scanner's is refused.
A study is one patient's and may hold stress and rest."""

WRITING = f"""All are written as {ExplicitVRLittleEndian.name}, in UTF-8 (ISO_IR 192), into the source's study, each
kind in series of its own. UIDs are made from the sources, the results, the settings that shaped them and the
program's version: a rerun gives the same, other settings others."""

MARKS = """- Taken over from the source where it has them, empty where it hasn't: {required}.
- Taken over where the source has them: {optional}.
- Set by the program: Manufacturer, ManufacturerModelName and SoftwareVersions; ContributingEquipmentSequence with
  scanner and program; SeriesDescription, which ends in "research use only"; ContentQualification RESEARCH in
  parametric maps; BurnedInAnnotation YES in secondary captures and PDF, which show text; VerificationFlag UNVERIFIED
  and PreliminaryFlag PRELIMINARY in reports.
- References: segmentations and maps name the source image, and its frame, under each of their frames; reports name
  the segment, the slices and the map of each measurement, and list all images that numbers came from as evidence."""

SERVICES = """The program is a DICOMweb client, and no DIMSE node. `--from-dicomweb` asks by QIDO-RS (series of
modality MR, their instances) and retrieves by WADO-RS (series, in the transfer syntax that they are stored in).
`--to-dicomweb` and `perf-app send` store by STOW-RS, one object a request, and ask by QIDO-RS whether it's there
before and afterwards. A bearer token is taken from `PERF_APP_DICOMWEB_TOKEN`. Lost connections and temporary refusals
(408, 425, 429, 500, 502, 503, 504) are tried again for half a minute. Exit code 2: the study couldn't be read; 4: not
all objects are on the server, while all of them are in the output folder."""


def page() -> str:
    """The page, in Markdown."""
    return "\n".join((*_reading(), *_writing(), *_codes(), "## Services", "", SERVICES, ""))


def _reading() -> Iterable[str]:
    yield from (INTRODUCTION, "", "## Read", "", "### SOP classes and transfer syntaxes", "")
    yield from _table(("SOP class", "UID"), [(UID(uid).name, f"`{uid}`") for uid in SOP_CLASSES])
    syntaxes = sorted(TRANSFER_SYNTAXES, key=lambda uid: [int(part) for part in uid.split(".")])
    yield from _table(("transfer syntax", "UID"), [(uid.name, f"`{uid}`") for uid in syntaxes])
    yield from (READING, "", "### Dialects", "")
    dialects = [(f"`{name}`", dialect.description) for name, dialect in DIALECTS.items()]
    yield from _table(("dialect", "whose images"), [*dialects, (f"`{PLAIN}`", PLAIN_DIALECT.description)])
    yield from ("### Attributes", "", f"{', '.join(sorted(KEYWORDS.split()))}.", "")
    private = ", ".join(_tag_text(tag) for tag in sorted(PRIVATE_TAGS))
    yield from (f"Private, or inside private blocks: {private}.", "")
    macros = [(name, ", ".join(sorted(held))) for name, held in sorted(MACROS.items())]
    yield from _table(("functional group of enhanced objects", "attributes"), macros)


def _writing() -> Iterable[str]:
    yield from ("## Written", "", WRITING, "")
    rows = [
        (name, f"{output.sop_class.name} `{output.sop_class}`", output.modality, output.description)
        for name, output in OUTPUTS.items()
    ]
    yield from _table(("object", "SOP class", "modality", "content"), rows)
    yield from ("### Attributes", "", MARKS.format(required=", ".join(REQUIRED), optional=", ".join(OPTIONAL)), "")


def _codes() -> Iterable[str]:
    yield from (
        "### Codes",
        "",
        f"The scheme `{codes.PRIVATE_SCHEME}` is this program's own, for what has no public code.",
        "",
    )
    quantities = (codes.BLOOD_FLOW, codes.RELATIVE_UPSLOPE, codes.PERFUSION_RESERVE, codes.EXPECTED_DICE)
    units = (codes.FLOW_UNIT, codes.NO_UNIT, codes.NO_UNIT, codes.NO_UNIT)
    rows = [(*_code(quantity), unit.value) for quantity, unit in zip(quantities, units, strict=True)]
    yield from _table(("quantity", "code", "unit (UCUM)"), rows)
    derivations = (codes.MEAN, codes.STANDARD_DEVIATION, codes.MEDIAN, *codes.UNCERTAINTY)
    yield from _table(("derivation, or property of the mean", "code"), map(_code, derivations))
    places = (codes.HEART, codes.LV_CAVITY, codes.LV_MYOCARDIUM, codes.RV, *codes.TERRITORIES.values())
    layers = (codes.ENDOCARDIAL, codes.EPICARDIAL)
    yield from _table(("structure, artery of a territory, or layer", "code"), map(_code, (*places, *layers)))
    segments = [(f"{n} {name}", _code(codes.SEGMENTS[n])[1]) for n, name in SEGMENT_NAMES.items()]
    yield from _table(("AHA segment (CID 3717)", "code"), segments)
    others = (codes.REPORT_TITLE, codes.PATIENT_STATE, *codes.STATES.values(), *codes.PROCEDURES.values())
    flags = (codes.QUALITY_FINDING, codes.SEVERITY, *codes.SEVERITIES.values(), codes.COMMENT, codes.PARAMETER)
    yield from _table(("title, state, procedure, quality", "code"), map(_code, (*others, *flags)))
    yield from (
        f"A quality flag is a finding whose code is its name in `{codes.PRIVATE_SCHEME}`, such as "
        f"`{codes.flag_code('rv_missing').value}`; `results.json` has the same names.",
        "",
    )


def _code(code: Code) -> tuple[str, str]:
    return code.meaning, f"{code.value}, {code.scheme_designator}"


def _tag_text(tag: int) -> str:
    return keyword_for_tag(tag) or f"({Tag(tag).group:04X},{Tag(tag).element:04X})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield from (f"| {' | '.join(head)} |", "|" + "---|" * len(head))
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


if __name__ == "__main__":
    print(page(), end="")
