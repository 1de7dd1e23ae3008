"""A report says what was measured, where, on which images, by which program and weights, and what to beware of."""

from __future__ import annotations

import pytest
from pydicom import Dataset
from written_objects import FLAGS, STUDY_FLAGS, Written, concept, groups, items, only, units, values

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.dicom_writing.codes import SEGMENTS, SEVERITIES, flag_code
from operators.dicom_writing.sources import reference_headers


def coded(group: Dataset, name: str) -> list[str]:
    """Values of a group's coded items of one concept."""
    return [
        i.ConceptCodeSequence[0].CodeValue
        for i in group.ContentSequence
        if i.ValueType == "CODE" and concept(i) == name
    ]


def texts(group: Dataset) -> list[str]:
    return [i.TextValue for i in group.ContentSequence if i.ValueType == "TEXT"]


def images(item: Dataset) -> set[str]:
    return {i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in item.ContentSequence if i.ValueType == "IMAGE"}


@pytest.fixture(scope="module")
def report(written: Written) -> Dataset:
    """Of the stress scan."""
    return written.read("measurements", "stress")[0]


def test_every_region_is_there_with_its_values_and_site(written: Written, report: Dataset) -> None:
    sectors, found = written.result.scans[0].sectors, groups(report)
    measured = {name for name, group in found.items() if values(group)}
    assert len(measured) == 1 + 16 + 3 + 32 + 3
    assert sectors.whole is not None
    assert values(found["global"])[0] == pytest.approx(sectors.whole.mean, rel=1e-5)
    for number, name in SEGMENT_NAMES.items():
        statistics = sectors.by_sector[number]
        assert statistics is not None
        group = found[f"AHA {number} {name}"]
        assert values(group) == pytest.approx([statistics.mean, statistics.sd, statistics.median], rel=1e-5)
        assert coded(group, "363698007") == [SEGMENTS[number].value]
        assert coded(group, "109054") == ["432655005"]
    assert units(report) == {"ml/min/g", "1"}


def test_each_slice_has_its_confidence(written: Written, report: Dataset) -> None:
    scan = written.result.scans[0]
    assert scan.segmentation.confidence is not None
    for k, value in enumerate(scan.segmentation.confidence, start=1):
        group = groups(report)[f"slice {k} confidence"]
        assert values(group) == pytest.approx([value], rel=1e-5)
        assert images(group) == {reference_headers(scan)[k - 1].SOPInstanceUID}


def test_each_mean_has_its_uncertainty_in_its_own_unit(written: Written, report: Dataset) -> None:
    statistics = written.result.scans[0].sectors.by_sector[7]
    assert statistics is not None
    mean = next(i for i in groups(report)["AHA 7 mid anterior"].ContentSequence if i.ValueType == "NUM")
    either = {concept(i): i.MeasuredValueSequence[0] for i in mean.ContentSequence if i.ValueType == "NUM"}
    assert set(either) == {"371886008", "371885007"}
    for value in either.values():
        assert float(value.NumericValue) == pytest.approx(statistics.uncertainty, rel=1e-5)
        assert value.MeasurementUnitsCodeSequence[0].CodeValue == "ml/min/g"


def test_quality_flags_are_codes(written: Written, report: Dataset) -> None:
    """Those of the scan, then those of the study."""
    expected, found = (*FLAGS, *STUDY_FLAGS), groups(report)
    flags = [found[f"quality {number}"] for number in range(1, len(expected) + 1)]
    assert [coded(group, "121071") for group in flags] == [[flag_code(flag.code).value] for flag in expected]
    assert [coded(group, "246112005") for group in flags] == [[SEVERITIES[flag.severity].value] for flag in expected]
    assert all(flag.message in texts(group) for flag, group in zip(expected, flags, strict=True))
    first = reference_headers(written.result.scans[0])[0].SOPInstanceUID
    assert [images(group) for group in flags] == [{first}, set(), set()]
    schemes = {item.CodingSchemeDesignator for item in report.CodingSchemeIdentificationSequence}
    assert "99PERFAPP" in schemes


def test_program_version_and_weights_are_named(written: Written, report: Dataset) -> None:
    result = written.result
    segmentation = result.scans[0].segmentation
    for name, group in groups(report).items():
        if values(group):
            named = {concept(i): i.TextValue for i in group.ContentSequence if i.ValueType == "TEXT"}
            assert (named["111001"], named["111003"]) == ("perf_app", result.software_version), name
            assert f"weights SHA-256: {segmentation.model_sha256}" in texts(group), name
    (segment, *_) = written.read("segmentation", "stress")[0].SegmentSequence
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert algorithm.AlgorithmVersion == segmentation.bundle_version
    assert segmentation.model_sha256 in str(algorithm.AlgorithmParameters)


def test_assumptions_are_stated(report: Dataset) -> None:
    said = texts(groups(report)["statement"])
    assert "Research use only. Not verified by a reader." in said
    assert "t1_myocardium_s: 1.1" in said


def test_it_is_preliminary_and_unverified(written: Written) -> None:
    for dataset in (*written.read("measurements"), *written.read("reserve")):
        assert dataset.VerificationFlag == "UNVERIFIED"
        assert dataset.PreliminaryFlag == "PRELIMINARY"
        assert dataset.CompletionFlag == "COMPLETE"


def test_regions_name_their_segment_their_slices_and_their_map(written: Written, report: Dataset) -> None:
    segmentation, flow_map = written.read("segmentation", "stress")[0], written.read("parametric-map", "stress")[0]
    labels = {segment.SegmentNumber: segment.SegmentLabel for segment in segmentation.SegmentSequence}
    frames = [header.SOPInstanceUID for header in reference_headers(written.result.scans[0])]
    for name, level in (("AHA 1 basal anterior", 0), ("AHA 16 apical lateral", 2)):
        group = groups(report)[name]
        referred = [i.ReferencedSOPSequence[0] for i in group.ContentSequence if i.ValueType == "IMAGE"]
        segment = next(image for image in referred if "ReferencedSegmentNumber" in image)
        assert segment.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
        assert labels[segment.ReferencedSegmentNumber] == name
        assert images(group) == {segmentation.SOPInstanceUID, frames[level]}
        mean = next(i for i in group.ContentSequence if i.ValueType == "NUM")
        assert images(mean) == {flow_map.SOPInstanceUID}
    assert images(groups(report)["AHA 1 endocardial"]) == {frames[0]}


def test_evidence_is_all_that_was_used(case: Written) -> None:
    """All frames of the series, not just those the contours lie on, and every object that the content refers to."""
    written = {path.name.rsplit("_", 1)[1][: -len(".dcm")] for path in case.paths}
    for scan in case.result.scans:
        report = case.read("measurements", scan.scan.state)[0]
        evidence = {
            (series.SeriesInstanceUID, item.ReferencedSOPInstanceUID)
            for study in report.CurrentRequestedProcedureEvidenceSequence
            for series in study.ReferencedSeriesSequence
            for item in series.ReferencedSOPSequence
        }
        used = {(h.SeriesInstanceUID, h.SOPInstanceUID) for row in scan.scan.perfusion.headers for h in row}
        assert used <= evidence
        referred = {
            i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in items(report) if i.ValueType == "IMAGE"
        }
        named = {uid for _, uid in evidence}
        assert referred <= named
        assert named - {uid for _, uid in used} <= written


@only("mixed orientations", "every slice turned")
def test_regions_in_several_objects_name_their_images(case: Written) -> None:
    """A region whose pixels lie in several segmentation objects can't name one segment."""
    for scan in case.result.scans:
        assert len(case.of("segmentation", scan.scan.state)) > 1
        group = groups(case.read("measurements", scan.scan.state)[0])["global"]
        assert images(group) == {header.SOPInstanceUID for header in reference_headers(scan)}
        assert group.ContentTemplateSequence[0].TemplateIdentifier == "1501"


@only("enhanced")
def test_frames_of_multi_frame_objects_are_named(case: Written) -> None:
    (scan,) = case.result.scans
    references = [
        item.ReferencedSOPSequence[0]
        for item in items(case.read("measurements", scan.scan.state)[0])
        if item.ValueType == "IMAGE"
    ]
    named = {(one.ReferencedSOPInstanceUID, one.get("ReferencedFrameNumber")) for one in references}
    assert {(header.SOPInstanceUID, header.ReferencedFrameNumber) for header in reference_headers(scan)} <= named


def test_reserve_is_a_ratio(written: Written) -> None:
    dataset = written.read("reserve")[0]
    assert units(dataset) == {"1"}
    assert values(groups(dataset)["reserve global"]) == pytest.approx([written.result.reserve_global], rel=1e-5)


def test_what_was_not_measured_is_not_reported(case: Written) -> None:
    for scan in case.result.scans:
        found = groups(case.read("measurements", scan.scan.state)[0])
        labels = {
            segment.SegmentLabel
            for dataset in case.read("segmentation", scan.scan.state)
            for segment in dataset.SegmentSequence
        }
        for number, statistics in scan.sectors.by_sector.items():
            name = f"AHA {number} {SEGMENT_NAMES[number]}"
            assert (name in found) == (name in labels) == (statistics is not None), name
    if case.result.reserve_global is None:
        assert not case.of("reserve")
