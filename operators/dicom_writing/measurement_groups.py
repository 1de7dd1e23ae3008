"""Measurement groups of one scan's report (TID 1411 and 1501): whole wall, AHA segments, territories, layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import highdicom.sr as hd
import numpy as np
from pydicom import Dataset
from pydicom.sequence import Sequence as ContentItems
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_TERRITORY
from operators.dicom_writing.codes import (
    ENDOCARDIAL,
    EPICARDIAL,
    EXPECTED_DICE,
    LV_MYOCARDIUM,
    MEAN,
    MEDIAN,
    NO_UNIT,
    PATIENT_STATE,
    SEGMENTS,
    STANDARD_DEVIATION,
    STATES,
    TERRITORIES,
    UNCERTAINTY,
    quantity,
)
from operators.dicom_writing.common import NAME, make_uid
from operators.dicom_writing.parametric_map import mapped
from operators.dicom_writing.seg import segmented
from operators.dicom_writing.sources import content_reference, source_images
from operators.series import BoolArray, Label, ScanResult, Statistics, StudyResult

Group = ContentItems
"""A measurement group: a sequence of one container."""


class MeasurementGroups:
    """Measurement groups of one scan, each with the images and objects that it was measured on."""

    def __init__(self, result: StudyResult, scan: ScanResult) -> None:
        self.scan = scan
        self.uid = make_uid(result, [scan], "sr tracking")
        self.segmented = segmented(result, scan)
        self.mapped = mapped(result, scan)
        self.sources = source_images(result, scan)
        self.algorithm = algorithm(result, [scan])
        state = STATES.get(str(scan.scan.state))
        self.state = [hd.QualitativeEvaluation(PATIENT_STATE, state)] if state else []

    def all(self) -> Iterator[Group]:
        """In the order in which a reader looks for them."""
        yield from self.regions()
        yield from self.territories()
        yield from self.layers()
        yield from self.confidence()

    def regions(self) -> Iterator[Group]:
        """The whole wall and the AHA segments, each with its segment of the segmentation object."""
        sectors = self.scan.sectors
        wall = self.scan.segmentation.labels == Label.MYOCARDIUM
        named = [("global", LV_MYOCARDIUM, sectors.whole, wall)]
        named += [
            (f"AHA {n} {name}", SEGMENTS[n], sectors.by_sector.get(n), sectors.sectors == n)
            for n, name in SEGMENT_NAMES.items()
        ]
        for name, code, statistics, mask in named:
            if statistics is not None:
                yield self._region(name, code, statistics, mask)

    def territories(self) -> Iterator[Group]:
        """The coronary arteries' territories."""
        for name, statistics in self.scan.sectors.by_territory.items():
            if statistics is not None:
                mask = np.isin(self.scan.sectors.sectors, SEGMENTS_OF_TERRITORY[name])
                yield self._plain(f"territory {name}", hd.FindingSite(TERRITORIES[name]), statistics, mask)

    def layers(self) -> Iterator[Group]:
        """Inner and outer half of the wall of each AHA segment."""
        sectors = self.scan.sectors
        for number, (layer, code, by_sector) in enumerate(
            (("endocardial", ENDOCARDIAL, sectors.endocardial), ("epicardial", EPICARDIAL, sectors.epicardial)), start=1
        ):
            for segment, statistics in sorted(by_sector.items()):
                if statistics is not None:
                    site = hd.FindingSite(SEGMENTS[segment], topographical_modifier=code)
                    mask = (sectors.sectors == segment) & (sectors.layers == number)
                    yield self._plain(f"AHA {segment} {layer}", site, statistics, mask)

    def confidence(self) -> Iterator[Group]:
        """How far each slice's contours can be trusted, where the weights are calibrated."""
        for k, value in enumerate(() if (found := self.scan.segmentation.confidence) is None else found):
            if np.isfinite(value):
                image = self.sources[k]
                yield hd.MeasurementsAndQualitativeEvaluations(
                    tracking_identifier=tracking(self.uid, f"slice {k + 1} confidence"),
                    finding_type=LV_MYOCARDIUM,
                    finding_sites=[hd.FindingSite(LV_MYOCARDIUM)],
                    algorithm_id=self.algorithm,
                    measurements=[hd.Measurement(EXPECTED_DICE, rounded(float(value)), NO_UNIT)],
                    source_images=[hd.SourceImageForMeasurementGroup(**content_reference(image))],
                )

    def _region(self, name: str, code: Code, statistics: Statistics, mask: BoolArray) -> Group:
        holders = [(part, number) for part in self.segmented if (number := part.number(code))]
        if len(holders) != 1:
            # A group can name one segment only; this region's pixels are in several objects.
            return self._plain(name, hd.FindingSite(code), statistics, mask, finding=code)
        part, number = holders[0]
        images = [hd.SourceImageForSegmentation(**content_reference(image)) for image in self._images(mask)]
        segment = hd.ReferencedSegment(
            part.identity.SOPClassUID, part.identity.SOPInstanceUID, segment_number=number, source_images=images
        )
        group: Group = hd.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking(self.uid, name),
            referenced_segment=segment,
            finding_type=code,
            finding_sites=[hd.FindingSite(code)],
            algorithm_id=self.algorithm,
            measurements=self._measurements(statistics, mask),
            qualitative_evaluations=self.state or None,
        )
        return group

    def _plain(
        self, name: str, site: hd.FindingSite, statistics: Statistics, mask: BoolArray, finding: Code = LV_MYOCARDIUM
    ) -> Group:
        group: Group = hd.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking(self.uid, name),
            finding_type=finding,
            finding_sites=[site],
            algorithm_id=self.algorithm,
            measurements=self._measurements(statistics, mask),
            qualitative_evaluations=self.state or None,
            source_images=[
                hd.SourceImageForMeasurementGroup(**content_reference(image)) for image in self._images(mask)
            ],
        )
        return group

    def _images(self, mask: BoolArray) -> list[Dataset]:
        """The reference frames of the slices in which a region has pixels."""
        return [image for image, pixels in zip(self.sources, mask, strict=True) if pixels.any()]

    def _measurements(self, statistics: Statistics, mask: BoolArray) -> list[hd.Measurement]:
        """Mean, with the map it is of and its uncertainty, then standard deviation and median."""
        concept, unit = quantity(self.scan.flow.unit)
        maps = [
            hd.SourceImageForMeasurement(part.identity.SOPClassUID, part.identity.SOPInstanceUID)
            for part in self.mapped
            if mask[part.slices].any()
        ]
        mean = hd.Measurement(
            name=concept,
            value=rounded(statistics.mean),
            unit=unit,
            derivation=MEAN,
            properties=_uncertainty(statistics.uncertainty, unit),
            referenced_images=maps or None,
        )
        others = ((STANDARD_DEVIATION, statistics.sd), (MEDIAN, statistics.median))
        return [mean, *(hd.Measurement(concept, rounded(value), unit, derivation=how) for how, value in others)]


def _uncertainty(value: float | None, unit: Code) -> hd.MeasurementProperties | None:
    """One standard deviation to either side, in the unit of what it belongs to (TID 310)."""
    if value is None:
        return None
    # The library's own arguments for these two know no unit.
    properties = hd.MeasurementProperties()
    properties.extend(
        hd.NumContentItem(name, rounded(value), unit, relationship_type=hd.RelationshipTypeValues.HAS_PROPERTIES)
        for name in UNCERTAINTY
    )
    return properties


def algorithm(result: StudyResult, scans: Sequence[ScanResult]) -> hd.AlgorithmIdentification:
    """The program, its flow model and the network that drew the contours, by the hash of its weights."""
    models = sorted({scan.flow.model for scan in scans})
    network = scans[0].segmentation
    parameters = [
        f"flow model: {', '.join(models)}",
        f"segmentation bundle: {network.bundle_version}",
        f"weights SHA-256: {network.model_sha256}",
    ]
    return hd.AlgorithmIdentification(name=NAME, version=result.software_version, parameters=parameters)


def tracking(uid: str, name: str) -> hd.TrackingIdentifier:
    """Name of a group, and a UID that a rerun gives again."""
    return hd.TrackingIdentifier(uid=str(generate_uid(entropy_srcs=[uid, name])), identifier=name)


def rounded(value: float) -> float:
    """To six significant digits, which a decimal string holds."""
    return float(f"{value:.6g}")
