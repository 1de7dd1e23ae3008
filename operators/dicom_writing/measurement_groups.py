"""Measurement groups of the structured report: one a region that has a value."""

from __future__ import annotations

from collections.abc import Iterator

from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    FindingSite,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegment,
    SourceImageForMeasurement,
    SourceImageForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.sr.coding import Code
from pydicom.uid import ParametricMapStorage, SegmentationStorage

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.dicom_writing import codes, parametric_map, seg
from operators.dicom_writing.common import NAME, Origin
from operators.series import Statistics

Group = VolumetricROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations

DIGITS = 4
"""Decimals of a value, as in results.json."""


def scan_groups(origin: Origin, index: int) -> Iterator[Group]:
    """Groups of one scan: the whole myocardium, AHA segments with their layers, coronary territories."""
    found = origin.result.scans[index].sectors
    for segment in seg.segments(origin.result.scans[index]):
        if segment.code == codes.LV_MYOCARDIUM and found.whole is not None:
            yield _segment_group(origin, index, segment, _three(origin, index, found.whole))
        statistics = found.by_sector[segment.sector] if segment.sector is not None else None
        if segment.sector is not None and statistics is not None:
            measurements = _three(origin, index, statistics)
            layers = (codes.ENDOCARDIAL, found.endocardial), (codes.EPICARDIAL, found.epicardial)
            for layer, table in layers:
                inside = table[segment.sector]
                if inside is not None:
                    site = FindingSite(segment.code, topographical_modifier=CodedConcept.from_code(layer))
                    measurements.append(_flow(origin, index, inside.mean, codes.MEAN, site))
            yield _segment_group(origin, index, segment, measurements)
    for name, statistics in found.by_territory.items():
        if statistics is not None:
            yield MeasurementsAndQualitativeEvaluations(
                tracking_identifier=_tracking(origin, index, f"{name} territory"),
                finding_type=codes.CORONARY_TERRITORY,
                finding_sites=[FindingSite(codes.CORONARIES[name])],
                algorithm_id=_algorithm(origin, index),
                measurements=_three(origin, index, statistics),
                qualitative_evaluations=_state(origin, index),
            )


def reserve_groups(origin: Origin) -> Iterator[Group]:
    """Stress over rest, of the whole myocardium and of each AHA segment that has both."""
    reserve = origin.result.reserve_global
    regions: list[tuple[str, Code, float | None]] = [("LV myocardium", codes.LV_MYOCARDIUM, reserve)]
    for sector, name in SEGMENT_NAMES.items():
        ratio = origin.result.reserve_by_sector.get(sector)
        regions.append((f"AHA {sector} {name}", codes.AHA_SEGMENTS[sector], ratio))
    for name, site, value in regions:
        if value is not None:
            identifier = f"reserve {name}"
            yield MeasurementsAndQualitativeEvaluations(
                tracking_identifier=TrackingIdentifier(origin.uid("tracking", identifier), identifier),
                finding_sites=[FindingSite(site)],
                algorithm_id=AlgorithmIdentification(f"{NAME} reserve", origin.result.software_version),
                measurements=[Measurement(codes.PERFUSION_RESERVE, round(value, 3), codes.NO_UNIT)],
            )


def _segment_group(origin: Origin, index: int, segment: seg.Segment, measurements: list[Measurement]) -> Group:
    sources = [
        SourceImageForSegmentation(source.SOPClassUID, source.SOPInstanceUID)
        for k, source in enumerate(origin.sources[index])
        if segment.mask[k].any()
    ]
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(origin, index, segment.label),
        referenced_segment=ReferencedSegment(
            SegmentationStorage, seg.instance_uid(origin, index), segment.number, source_images=sources
        ),
        finding_type=segment.code,
        finding_sites=[FindingSite(segment.code)],
        algorithm_id=_algorithm(origin, index),
        measurements=measurements,
        qualitative_evaluations=_state(origin, index),
    )


def _three(origin: Origin, index: int, statistics: Statistics) -> list[Measurement]:
    values = (
        (statistics.mean, codes.MEAN),
        (statistics.sd, codes.STANDARD_DEVIATION),
        (statistics.median, codes.MEDIAN),
    )
    return [_flow(origin, index, value, derivation) for value, derivation in values]


def _flow(origin: Origin, index: int, value: float, derivation: Code, site: FindingSite | None = None) -> Measurement:
    concept, unit = parametric_map.quantity(origin.result.scans[index].flow)
    return Measurement(
        concept,
        round(value, DIGITS),
        unit,
        derivation=derivation,
        finding_sites=None if site is None else [site],
        referenced_images=[SourceImageForMeasurement(ParametricMapStorage, parametric_map.instance_uid(origin, index))],
    )


def _tracking(origin: Origin, index: int, label: str) -> TrackingIdentifier:
    return TrackingIdentifier(seg.tracking_uid(origin, index, label), f"{origin.stem(index)} {label}")


def _algorithm(origin: Origin, index: int) -> AlgorithmIdentification:
    scan = origin.result.scans[index]
    parameters = [f"flow model: {scan.flow.model}", f"arterial input: {scan.arterial_input.source}"]
    parameters += [f"{name}: {value}" for name, value in scan.gadolinium.assumptions.items()]
    return AlgorithmIdentification(f"{NAME} blood flow", origin.result.software_version, parameters)


def _state(origin: Origin, index: int) -> list[QualitativeEvaluation]:
    code = codes.STATES.get(origin.result.scans[index].scan.state)
    return [] if code is None else [QualitativeEvaluation(codes.PATIENT_STATE, code)]
