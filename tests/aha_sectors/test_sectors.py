"""Segments belong to the heart, not to the way its images are stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from builders import make_scan_result
from scipy.spatial.transform import Rotation

from operators.aha_sectors.measurement import measure_sectors
from operators.aha_sectors.sectors import segment_of_angle
from operators.series import FloatArray, GadoliniumSeries, Label, ScanResult, SectorReport, Segmentation


def lopsided() -> ScanResult:
    """The builder's rings with the RV a little lower, so that no pixel's centre lies exactly on a segment's border."""
    result = make_scan_result()
    labels = result.segmentation.labels.copy()
    lower = np.roll(labels == Label.RV, 2, axis=1)
    labels[labels == Label.RV] = Label.BACKGROUND
    labels[lower & (labels == Label.BACKGROUND)] = Label.RV
    return replace(result, segmentation=Segmentation(labels, result.segmentation.probabilities, "0", "0"))


RESULT = lopsided()


def tilted(affines: FloatArray) -> FloatArray:
    """The builder's axial stack, turned so that its base lies to the right, back and top as in a chest."""
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", [-40, -30, 0], degrees=True).as_matrix()
    return np.asarray(turn @ affines)


def measured(result: ScanResult, affines: FloatArray, labels: npt.NDArray[np.uint8] | None = None) -> SectorReport:
    """Segments of a result whose stack lies elsewhere, or shows something else."""
    series = replace(result.gadolinium.series, affines=affines)
    segmentation = result.segmentation
    if labels is not None:
        segmentation = Segmentation(labels, segmentation.probabilities, "0", "0")
    return measure_sectors(segmentation, result.flow, GadoliniumSeries(series))


STACK = tilted(RESULT.gadolinium.series.affines)


def test_without_rv_the_segments_are_refused_and_the_whole_stays() -> None:
    labels = RESULT.segmentation.labels.copy()
    labels[labels == Label.RV] = Label.BACKGROUND
    report = measured(RESULT, STACK, labels)
    assert not report.sectors.any()
    assert all(value is None for value in report.by_sector.values())
    assert report.whole is not None
    assert [(f.code, f.severity) for f in report.flags] == [("sector_anchor_refused", "withheld")]


def test_blood_that_comes_early_stands_in_for_the_rv() -> None:
    series = RESULT.gadolinium.series
    pixels = series.pixels.copy()
    right = RESULT.segmentation.labels == Label.RV
    cavity = RESULT.segmentation.labels[0] == Label.LV_CAVITY
    blood = pixels[0][:, cavity].mean(axis=1)
    early = np.concatenate([blood[4:], blood[-1:].repeat(4)])
    pixels = np.where(right[:, None], early[:, None, None], pixels)
    result = replace(RESULT, gadolinium=GadoliniumSeries(replace(series, pixels=pixels)))
    labels = RESULT.segmentation.labels.copy()
    labels[right] = Label.BACKGROUND
    found, known = measured(result, STACK, labels), measured(RESULT, STACK)
    wall = known.sectors > 0
    assert (found.sectors != known.sectors)[wall].mean() < 0.05
    assert np.isnan(found.insertion_anterior).all()
    assert "septum_from_arrival" in {flag.code for flag in found.flags}


@pytest.mark.parametrize(
    ("degrees", "level", "segment"),
    [
        (30, "basal", 2), (90, "basal", 1), (150, "basal", 6), (-30, "basal", 3), (-90, "basal", 4), (-150, "basal", 5),
        (180, "mid", 11), (-180, "mid", 11), (90, "mid", 7),
        (0, "apical", 14), (90, "apical", 13), (180, "apical", 16), (-180, "apical", 16), (-90, "apical", 15),
    ],
)  # fmt: skip
def test_segments_lie_where_the_aha_puts_them(degrees: float, level: str, segment: int) -> None:
    assert segment_of_angle(np.radians(degrees), level) == segment  # type: ignore[arg-type]
