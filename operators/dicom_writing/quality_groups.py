"""Groups of a report that measure nothing (TID 1501): what may be done with it, and each quality flag as a code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import highdicom.sr as hd
from pydicom import Dataset
from pydicom.sr.coding import Code

from operators.dicom_writing.codes import (
    COMMENT,
    HEART,
    PARAMETER,
    QUALITY_FINDING,
    SEVERITIES,
    SEVERITY,
    flag_code,
)
from operators.dicom_writing.measurement_groups import Group, tracking
from operators.dicom_writing.sources import content_reference
from operators.series import QualityFlag, ScanResult

STATEMENT = "Research use only. Not verified by a reader."


def statement(uid: str, scans: Sequence[ScanResult]) -> Group:
    """For what use the report is, and what its numbers took for granted."""
    texts: list[tuple[Code, str]] = [(COMMENT, STATEMENT)]
    for scan in scans:
        for record in (scan.gadolinium, scan.arterial_input, scan.flow):
            texts += [(PARAMETER, f"{name}: {_short(value)}") for name, value in sorted(record.assumptions.items())]
    return _group(uid, "statement", texts)


def flag_groups(uid: str, flags: Sequence[QualityFlag], images: Sequence[Dataset] = ()) -> Iterator[Group]:
    """One group a flag: the flag and its severity as codes, its sentence, and the image of the slice it concerns.

    Args:
        uid: that tracking UIDs are made from.
        flags: in their order.
        images: a source image a slice.
    """
    for number, flag in enumerate(flags, start=1):
        concerned = [] if flag.slice is None else [images[flag.slice]]
        yield _group(uid, f"quality {number}", [(COMMENT, flag.message)], flag, concerned)


def _group(
    uid: str,
    name: str,
    texts: Sequence[tuple[Code, str]],
    flag: QualityFlag | None = None,
    images: Sequence[Dataset] = (),
) -> Group:
    group: Group = hd.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking(uid, name),
        finding_category=QUALITY_FINDING if flag else None,
        finding_type=flag_code(flag.code) if flag else None,
        finding_sites=[hd.FindingSite(HEART)],
        qualitative_evaluations=[hd.QualitativeEvaluation(SEVERITY, SEVERITIES[flag.severity])] if flag else None,
        source_images=[hd.SourceImageForMeasurementGroup(**content_reference(image)) for image in images],
    )
    group[0].ContentSequence.extend(
        hd.TextContentItem(name=concept, value=text, relationship_type=hd.RelationshipTypeValues.CONTAINS)
        for concept, text in texts
    )
    return group


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
