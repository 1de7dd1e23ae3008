"""Comprehensive SR by TID 1500: flow of the AHA segments, the whole wall, territories and layers; the reserve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import highdicom.sr as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from operators.dicom_writing.codes import (
    LV_MYOCARDIUM,
    NO_UNIT,
    PERFUSION_RESERVE,
    PROCEDURES,
    REPORT_TITLE,
    SEGMENTS,
    TERRITORIES,
    private_scheme,
)
from operators.dicom_writing.common import NAME, DicomObject, make_uid, stamp
from operators.dicom_writing.measurement_groups import Group, MeasurementGroups, algorithm, rounded, tracking
from operators.dicom_writing.quality_groups import flag_groups, statement
from operators.dicom_writing.sources import evidence, reference_headers
from operators.series import ScanResult, StudyResult

SERIES_NUMBER = 9000
RESERVE_SERIES_NUMBER = 9050


def measurement_reports(result: StudyResult, folder: Path) -> Iterator[DicomObject]:  # noqa: ARG001
    """One object a scan, and one with the perfusion reserve where there is any."""
    for index, scan in enumerate(result.scans):
        yield DicomObject("measurements", scan.scan.state, _scan_report(result, scan, SERIES_NUMBER + index))
    if result.reserve_global is not None or any(value is not None for value in result.reserve_by_sector.values()):
        yield DicomObject("reserve", "study", _reserve_report(result))


def _scan_report(result: StudyResult, scan: ScanResult, series: int) -> Dataset:
    groups = MeasurementGroups(result, scan)
    objects = [*(part.identity for part in groups.segmented), *(part.identity for part in groups.mapped)]
    state = str(scan.scan.state)
    flags = flag_groups(groups.uid, (*scan.flags, *result.flags), groups.sources)
    items = [*groups.all(), statement(groups.uid, [scan]), *flags]
    procedure = PROCEDURES.get(state, PROCEDURES["rest"])
    used = [*evidence(result, scan), *objects]
    dataset = _document(result, [scan], f"sr {state}", items, used, procedure, series)
    return stamp(dataset, result, reference_headers(scan)[0], f"Perfusion measurements {state}")


def _reserve_report(result: StudyResult) -> Dataset:
    uid = make_uid(result, result.scans, "reserve tracking")
    named = [("reserve global", LV_MYOCARDIUM, result.reserve_global)]
    named += [(f"reserve AHA {n}", SEGMENTS[n], value) for n, value in sorted(result.reserve_by_sector.items())]
    named += [(f"reserve {name}", TERRITORIES[name], value) for name, value in result.reserve_by_territory.items()]
    groups: list[Group] = [
        hd.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking(uid, name),
            finding_type=LV_MYOCARDIUM,
            finding_sites=[hd.FindingSite(code)],
            algorithm_id=algorithm(result, result.scans),
            measurements=[hd.Measurement(name=PERFUSION_RESERVE, value=rounded(value), unit=NO_UNIT)],
        )
        for name, code, value in named
        if value is not None
    ]
    groups += [statement(uid, result.scans), *flag_groups(uid, result.flags)]
    used = [image for scan in result.scans for image in evidence(result, scan)]
    procedure = PROCEDURES["stress"]
    dataset = _document(result, result.scans, "reserve", groups, used, procedure, RESERVE_SERIES_NUMBER)
    return stamp(dataset, result, reference_headers(result.scans[0])[0], "Perfusion reserve")


def _document(
    result: StudyResult,
    scans: Sequence[ScanResult],
    word: str,
    groups: Sequence[Group],
    used: Sequence[Dataset],
    procedure: Code,
    series: int,
) -> Dataset:
    device = hd.DeviceObserverIdentifyingAttributes(
        uid=str(generate_uid(entropy_srcs=[NAME, result.software_version])),
        name=NAME,
        manufacturer_name=NAME,
        model_name=NAME,
    )
    context = hd.ObservationContext(observer_device_context=hd.ObserverContext(codes.DCM.Device, device))
    content = hd.MeasurementReport(
        observation_context=context, procedure_reported=procedure, imaging_measurements=groups, title=REPORT_TITLE
    )
    document: Dataset = hd.ComprehensiveSR(
        evidence=used,
        content=content[0],
        series_instance_uid=make_uid(result, scans, word, "series"),
        series_number=series,
        sop_instance_uid=make_uid(result, scans, word),
        instance_number=1,
        manufacturer=NAME,
        manufacturer_model_name=NAME,
        software_versions=result.software_version,
        is_complete=True,
        coding_schemes=[private_scheme()],
    )
    return document
