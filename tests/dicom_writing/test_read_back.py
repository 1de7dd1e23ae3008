"""Numbers and pixels that other programs read are those that were measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
from highdicom.seg import segread
from pydicom import Dataset, dcmread
from written_objects import Written, tool

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.dicom_writing.codes import ENDOCARDIAL, EPICARDIAL, LV_MYOCARDIUM, SEGMENTS, TERRITORIES, flag_code
from operators.dicom_writing.sources import parallel_slices, reference_headers
from operators.series import Label, ScanResult, Statistics

Volume = npt.NDArray[Any]


def scans_with(case: Written, role: str) -> list[tuple[ScanResult, list[Path]]]:
    """Each scan with its files of a role, one for each orientation."""
    found = [(scan, case.of(role, scan.scan.state)) for scan in case.result.scans]
    return [(scan, paths) for scan, paths in found if paths]


def masks(scan: ScanResult) -> dict[str, Volume]:
    """What each segment must be, by its label."""
    labels, sectors = scan.segmentation.labels, scan.sectors.sectors
    return {
        "LV cavity": labels == Label.LV_CAVITY,
        "LV myocardium": labels == Label.MYOCARDIUM,
        "RV": labels == Label.RV,
        **{f"AHA {n} {name}": sectors == n for n, name in SEGMENT_NAMES.items()},
    }


def slice_of(frame: Dataset, scan: ScanResult) -> int:
    """Index of the slice whose reference frame a frame of an object says that it lies on."""
    source = frame.DerivationImageSequence[0].SourceImageSequence[0]
    named = (source.ReferencedSOPInstanceUID, source.get("ReferencedFrameNumber"))
    headers = [(h.SOPInstanceUID, h.get("ReferencedFrameNumber")) for h in reference_headers(scan)]
    return headers.index(named)


def itk_slices(path: Path, positions: Volume) -> Volume:
    """The slices of a NIfTI file that dcmqi wrote which lie nearest to given positions (LPS mm), (slice, row, col)."""
    image = nibabel.load(path)
    volume = np.asarray(image.dataobj).transpose(2, 1, 0)
    origins = [(image.affine @ (0, 0, k, 1))[:3] * (-1, -1, 1) for k in range(len(volume))]
    if len(volume) == len(positions):
        # It puts all slices at equal distances; their order is right.
        along = positions @ (origins[-1] - origins[0])
        return volume[np.argsort(np.argsort(along))]
    nearest = [int(np.argmin(np.linalg.norm(origins - position, axis=1))) for position in positions]
    return volume[nearest]


def read_by(program: str, case: Written, role: str, folder: Path) -> Iterator[tuple[ScanResult, Path, list[int], Path]]:
    """Each scan's files of a role with their slices, and the folder that a program of dcmqi read them into."""
    for scan, paths in scans_with(case, role):
        for path, slices in zip(paths, parallel_slices(scan), strict=True):
            out = folder / path.stem
            out.mkdir()
            tool(program, "--inputDICOM", path, "--outputDirectory", out, "-t", "nii")
            yield scan, path, slices, out


def test_segments_are_the_labels_on_the_reference_frames(case: Written) -> None:
    for scan, paths in scans_with(case, "segmentation"):
        seen = {name: np.zeros_like(mask) for name, mask in masks(scan).items()}
        for path, slices in zip(paths, parallel_slices(scan), strict=True):
            segmentation = segread(path)
            sources = [reference_headers(scan)[k] for k in slices]
            names = {item.SegmentNumber: item.SegmentLabel for item in segmentation.SegmentSequence}
            for pixels, frame in zip(
                segmentation.pixel_array, segmentation.PerFrameFunctionalGroupsSequence, strict=True
            ):
                number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
                seen[names[number]][slice_of(frame, scan)] = pixels > 0
            listed = {
                (series.SeriesInstanceUID, item.ReferencedSOPInstanceUID)
                for series in segmentation.ReferencedSeriesSequence
                for item in series.ReferencedInstanceSequence
            }
            assert listed == {(source.SeriesInstanceUID, source.SOPInstanceUID) for source in sources}
        for name, mask in masks(scan).items():
            np.testing.assert_array_equal(seen[name], mask, err_msg=name)


def test_each_orientation_is_an_object_of_its_own(case: Written) -> None:
    for scan, paths in (*scans_with(case, "segmentation"), *scans_with(case, "parametric-map")):
        groups = parallel_slices(scan)
        assert len(paths) == len(groups)
        for path, slices in zip(paths, groups, strict=True):
            dataset = dcmread(path)
            shared = dataset.SharedFunctionalGroupsSequence[0]
            header = reference_headers(scan)[slices[0]]
            assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == header.ImageOrientationPatient
            positions = {
                tuple(frame.PlanePositionSequence[0].ImagePositionPatient)
                for frame in dataset.PerFrameFunctionalGroupsSequence
            }
            assert positions == {tuple(reference_headers(scan)[k].ImagePositionPatient) for k in slices}


def test_dcmqi_reads_the_segments(case: Written, tmp_path: Path) -> None:
    for scan, path, slices, out in read_by("segimage2itkimage", case, "segmentation", tmp_path):
        positions = scan.scan.perfusion.affines[slices, :3, 3]
        names = {item.SegmentNumber: item.SegmentLabel for item in dcmread(path).SegmentSequence}
        assert len(list(out.glob("*.nii.gz"))) == len(names)
        for number, name in names.items():
            volume = nibabel.load(out / f"{number}.nii.gz")
            expected = masks(scan)[name][slices]
            assert int((np.asarray(volume.dataobj) > 0).sum()) == int(expected.sum()), name
            if volume.shape[2] >= len(slices):
                found = itk_slices(out / f"{number}.nii.gz", positions) > 0
                np.testing.assert_array_equal(found, expected, err_msg=name)


def test_maps_hold_the_flow(case: Written) -> None:
    for scan, paths in scans_with(case, "parametric-map"):
        for path in paths:
            dataset = dcmread(path)
            frames = np.frombuffer(dataset.FloatPixelData, "<f4").reshape(-1, dataset.Rows, dataset.Columns)
            for frame, item in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
                np.testing.assert_array_equal(frame, scan.flow.flow[slice_of(item, scan)])
            mapping = dataset.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
            unit = "ml/min/g" if scan.flow.unit == "mL/min/g" else "1"
            assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == unit


def test_dcmqi_reads_the_maps(case: Written, tmp_path: Path) -> None:
    for scan, _, slices, out in read_by("paramap2itkimage", case, "parametric-map", tmp_path):
        found = itk_slices(out / "pmap.nii.gz", scan.scan.perfusion.affines[slices, :3, 3])
        np.testing.assert_allclose(found, scan.flow.flow[slices], rtol=1e-6)


def expected_values(scan: ScanResult) -> dict[tuple[str, str], list[float]]:
    """Mean, SD and median by finding site and its modifier."""
    sectors = scan.sectors
    regions: dict[tuple[str, str], Statistics | None] = {(LV_MYOCARDIUM.value, ""): sectors.whole}
    regions |= {(SEGMENTS[n].value, ""): found for n, found in sectors.by_sector.items()}
    regions |= {(TERRITORIES[name].value, ""): found for name, found in sectors.by_territory.items()}
    for code, layer in ((ENDOCARDIAL, sectors.endocardial), (EPICARDIAL, sectors.epicardial)):
        regions |= {(SEGMENTS[n].value, code.value): found for n, found in layer.items()}
    return {where: [s.mean, s.sd, s.median] for where, s in regions.items() if s is not None}


def dcmqi_groups(path: Path, folder: Path) -> list[Mapping[str, Any]]:
    out = folder / f"{path.stem}.json"
    tool("tid1500reader", "--inputDICOM", path, "--outputMetadata", out)
    found: list[Mapping[str, Any]] = json.loads(out.read_text())["Measurements"]
    return found


def test_dcmqi_reads_every_number(case: Written, tmp_path: Path) -> None:
    for scan, paths in scans_with(case, "measurements"):
        found, flags = {}, []
        for group in dcmqi_groups(paths[0], tmp_path):
            if group.get("measurementItems") and not group["TrackingIdentifier"].endswith("confidence"):
                assert {item["units"]["CodeValue"] for item in group["measurementItems"]} == {
                    "ml/min/g" if scan.flow.unit == "mL/min/g" else "1"
                }
                values = [float(item["value"]) for item in group["measurementItems"]]
                found[group["TrackingIdentifier"]] = values
            elif group["TrackingIdentifier"].startswith("quality"):
                flags.append(group["Finding"]["CodeValue"])
        expected = expected_values(scan)
        assert len(found) == len(expected)
        for values, (where, wanted) in zip(found.values(), expected.items(), strict=True):
            np.testing.assert_allclose(values, wanted, rtol=1e-5, err_msg=str(where))
        assert flags == [flag_code(flag.code).value for flag in (*scan.flags, *case.result.flags)]


def test_dcmqi_reads_the_reserve(written: Written, tmp_path: Path) -> None:
    result = written.result
    found = {
        group["TrackingIdentifier"]: float(group["measurementItems"][0]["value"])
        for group in dcmqi_groups(written.of("reserve")[0], tmp_path)
        if group.get("measurementItems")
    }
    expected = {"reserve global": result.reserve_global}
    expected |= {f"reserve AHA {n}": value for n, value in result.reserve_by_sector.items()}
    expected |= {f"reserve {name}": value for name, value in result.reserve_by_territory.items()}
    assert found == pytest.approx({name: value for name, value in expected.items() if value is not None}, rel=1e-5)
