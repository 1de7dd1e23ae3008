"""Comprehensive SR by TID 1500: flow of the AHA segments, the whole wall, territories and layers; the reserve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import highdicom.sr as hd
from pydicom import Dataset
from pydicom.sequence import Sequence as ContentItems
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.dicom_writing.codes import (
    COMMENT,
    ENDOCARDIAL,
    EPICARDIAL,
    HEART,
    LV_MYOCARDIUM,
    MEAN,
    MEDIAN,
    NO_UNIT,
    PATIENT_STATE,
    PERFUSION_RESERVE,
    PROCEDURES,
    REPORT_TITLE,
    SEGMENTS,
    STANDARD_DEVIATION,
    STATES,
    TERRITORIES,
    private_scheme,
    quantity,
)
from operators.dicom_writing.common import NAME, DicomObject, make_uid, reference_headers, source_images, stamp
from operators.dicom_writing.seg import segmentation_reference, segments_of
from operators.series import QualityFlag, ScanResult, Statistics, StudyResult

SERIES_NUMBER = 9000
RESERVE_SERIES_NUMBER = 9050

Group = ContentItems
"""A measurement group (TID 1411 or 1501): a sequence of one container."""


def measurement_reports(result: StudyResult, folder: Path) -> Iterator[DicomObject]:  # noqa: ARG001
    """One object a scan, and one with the perfusion reserve where there is any."""
    for index, scan in enumerate(result.scans):
        yield DicomObject("measurements", scan.scan.state, _scan_report(result, scan, SERIES_NUMBER + index))
    if result.reserve_global is not None or any(value is not None for value in result.reserve_by_sector.values()):
        yield DicomObject("reserve", "study", _reserve_report(result))


def _scan_report(result: StudyResult, scan: ScanResult, series: int) -> Dataset:
    groups = _Groups(result, scan)
    evidence = source_images(result, scan)
    if segments_of(scan):
        evidence.append(segmentation_reference(result, scan))
    state = str(scan.scan.state)
    items = [*groups.regions(), *groups.territories(), *groups.layers(), _comments(groups.uid, scan.flags)]
    procedure = PROCEDURES.get(state, PROCEDURES["rest"])
    dataset = _document(result, [scan], f"sr {state}", items, evidence, procedure, series)
    return stamp(dataset, result, reference_headers(scan)[0], f"Perfusion measurements {state}")


class _Groups:
    """Measurement groups of one scan."""

    def __init__(self, result: StudyResult, scan: ScanResult) -> None:
        self.scan = scan
        self.uid = make_uid(result, [scan], "sr tracking")
        self.segmentation = segmentation_reference(result, scan)
        self.sources = source_images(result, scan)
        self.numbers = {segment.code: number for number, segment in enumerate(segments_of(scan), start=1)}
        self.algorithm = hd.AlgorithmIdentification(
            name=NAME, version=result.software_version, parameters=[f"flow model: {scan.flow.model}"]
        )
        state = STATES.get(str(scan.scan.state))
        self.state = [hd.QualitativeEvaluation(PATIENT_STATE, state)] if state else []

    def regions(self) -> Iterator[Group]:
        """The whole wall and the AHA segments, each with its segment of the segmentation object."""
        by_sector = self.scan.sectors.by_sector
        named = [("global", LV_MYOCARDIUM, self.scan.sectors.whole)]
        named += [(f"AHA {n} {name}", SEGMENTS[n], by_sector.get(n)) for n, name in SEGMENT_NAMES.items()]
        for name, code, statistics in named:
            if statistics is not None:
                yield hd.VolumetricROIMeasurementsAndQualitativeEvaluations(
                    tracking_identifier=_tracking(self.uid, name),
                    referenced_segment=self._segment(code),
                    finding_type=code,
                    finding_sites=[hd.FindingSite(code)],
                    algorithm_id=self.algorithm,
                    measurements=self._measurements(statistics),
                    qualitative_evaluations=self.state or None,
                )

    def territories(self) -> Iterator[Group]:
        """The coronary arteries' territories."""
        for name, statistics in self.scan.sectors.by_territory.items():
            if statistics is not None:
                yield self._plain(f"territory {name}", hd.FindingSite(TERRITORIES[name]), statistics)

    def layers(self) -> Iterator[Group]:
        """Inner and outer half of the wall of each AHA segment."""
        sectors = self.scan.sectors
        for layer, code, by_sector in (
            ("endocardial", ENDOCARDIAL, sectors.endocardial),
            ("epicardial", EPICARDIAL, sectors.epicardial),
        ):
            for number, statistics in sorted(by_sector.items()):
                if statistics is not None:
                    site = hd.FindingSite(SEGMENTS[number], topographical_modifier=code)
                    yield self._plain(f"AHA {number} {layer}", site, statistics)

    def _plain(self, name: str, site: hd.FindingSite, statistics: Statistics) -> Group:
        group: Group = hd.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(self.uid, name),
            finding_type=LV_MYOCARDIUM,
            finding_sites=[site],
            algorithm_id=self.algorithm,
            measurements=self._measurements(statistics),
            qualitative_evaluations=self.state or None,
        )
        return group

    def _measurements(self, statistics: Statistics) -> list[hd.Measurement]:
        concept, unit = quantity(self.scan.flow.unit)
        values = ((MEAN, statistics.mean), (STANDARD_DEVIATION, statistics.sd), (MEDIAN, statistics.median))
        return [hd.Measurement(name=concept, value=_rounded(value), unit=unit, derivation=how) for how, value in values]

    def _segment(self, code: Code) -> hd.ReferencedSegment:
        images = [hd.SourceImageForSegmentation(image.SOPClassUID, image.SOPInstanceUID) for image in self.sources]
        return hd.ReferencedSegment(
            sop_class_uid=self.segmentation.SOPClassUID,
            sop_instance_uid=self.segmentation.SOPInstanceUID,
            segment_number=self.numbers[code],
            source_images=images,
        )


def _reserve_report(result: StudyResult) -> Dataset:
    uid = make_uid(result, result.scans, "reserve tracking")
    algorithm = hd.AlgorithmIdentification(name=NAME, version=result.software_version)
    named = [("reserve global", LV_MYOCARDIUM, result.reserve_global)]
    named += [(f"reserve AHA {n}", SEGMENTS[n], value) for n, value in sorted(result.reserve_by_sector.items())]
    groups: list[Group] = [
        hd.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(uid, name),
            finding_type=LV_MYOCARDIUM,
            finding_sites=[hd.FindingSite(code)],
            algorithm_id=algorithm,
            measurements=[hd.Measurement(name=PERFUSION_RESERVE, value=_rounded(value), unit=NO_UNIT)],
        )
        for name, code, value in named
        if value is not None
    ]
    groups.append(_comments(uid, result.flags))
    evidence = [image for scan in result.scans for image in source_images(result, scan)]
    procedure = PROCEDURES["stress"]
    dataset = _document(result, result.scans, "reserve", groups, evidence, procedure, RESERVE_SERIES_NUMBER)
    return stamp(dataset, result, reference_headers(result.scans[0])[0], "Perfusion reserve")


def _comments(uid: str, flags: Sequence[QualityFlag]) -> Group:
    """Quality flags as text, in a group of their own."""
    group: Group = hd.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(uid, "quality"), finding_sites=[hd.FindingSite(HEART)]
    )
    texts = [f"{flag.severity}: {flag.code}: {_where(flag)}{flag.message}" for flag in flags]
    group[0].ContentSequence.extend(
        hd.TextContentItem(name=COMMENT, value=text, relationship_type=hd.RelationshipTypeValues.CONTAINS)
        for text in ["Research use only. Not verified by a reader.", *texts]
    )
    return group


def _where(flag: QualityFlag) -> str:
    return "" if flag.slice is None else f"slice {flag.slice + 1}: "


def _document(
    result: StudyResult,
    scans: Sequence[ScanResult],
    word: str,
    groups: Sequence[Group],
    evidence: list[Dataset],
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
        evidence=evidence,
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


def _tracking(uid: str, name: str) -> hd.TrackingIdentifier:
    return hd.TrackingIdentifier(uid=str(generate_uid(entropy_srcs=[uid, name])), identifier=name)


def _rounded(value: float) -> float:
    """To six significant digits, which a decimal string holds."""
    return float(f"{value:.6g}")
