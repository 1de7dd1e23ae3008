"""The whole chain finds the same numbers in the same patient, whoever's scanner the files look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from operators.series import State
from perf_app.config import read_settings
from perf_app.phantom.dialect import Dialect
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.scene import QUICK
from perf_app.phantom.simulation import SimulatedScan, simulate
from perf_app.phantom.study import write_scan
from perf_app.run import run

pytestmark = pytest.mark.xdist_group("graph")

PATIENT = draw_patient(2, field_strength_t=1.5)
OTHERS = [one for one in Dialect if one not in (Dialect.SIEMENS, Dialect.PHILIPS_ENHANCED, Dialect.GADGETRON_MAPS)]
"""All but the reference, the multi-frame object and the scanner's own flow, which have tests of their own."""


@pytest.fixture(scope="module")
def simulated() -> SimulatedScan:
    return simulate(PATIENT, State.REST, QUICK)


def results(folder: Path, scan: SimulatedScan, dialect: Dialect, **settings: str) -> dict[str, Any]:
    write_scan(folder / "study", PATIENT, scan, dialect)
    assert run(read_settings(input_path=folder / "study", output_path=folder / "out", **settings)).exit_code == 0
    (found,) = json.loads((folder / "out" / "results.json").read_text())["scans"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def reference(simulated: SimulatedScan, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return results(tmp_path_factory.mktemp("reference"), simulated, Dialect.SIEMENS)


def numbers(found: dict[str, Any]) -> dict[str, float]:
    """Every number of flow, arterial input and motion by its path."""
    listed: dict[str, float] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}")
        elif isinstance(value, int | float):
            listed[path] = value

    walk({name: found[name] for name in ("flow", "aif", "motion")}, "")
    return listed


@pytest.fixture(scope="module")
def enhanced(simulated: SimulatedScan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("enhanced")
    return folder, results(folder, simulated, Dialect.PHILIPS_ENHANCED)


def same(found: dict[str, Any], reference: dict[str, Any]) -> bool:
    assert len(numbers(reference)) > 40
    assert found["quantification"] == "absolute"
    return bool(numbers(found) == pytest.approx(numbers(reference), rel=1e-3, abs=1e-3))


def test_one_multi_frame_object_gives_the_same_numbers(
    enhanced: tuple[Path, dict[str, Any]], reference: dict[str, Any]
) -> None:
    assert same(enhanced[1], reference)


@pytest.mark.parametrize("dialect", OTHERS)
def test_every_dialect_gives_the_same_numbers(
    dialect: Dialect, tmp_path: Path, simulated: SimulatedScan, reference: dict[str, Any]
) -> None:
    assert same(results(tmp_path, simulated, dialect), reference)


def test_results_name_the_frames_of_a_multi_frame_object(enhanced: tuple[Path, dict[str, Any]]) -> None:
    folder, found = enhanced
    (source,) = (folder / "study" / "series_20").glob("*.dcm")
    uid = dcmread(source, stop_before_pixels=True).SOPInstanceUID
    assert {part["reference_sop_instance_uid"] for part in found["slices"]} == {uid}
    (segmentation,) = (folder / "out").glob("segmentation*.dcm")
    frames = dcmread(segmentation).PerFrameFunctionalGroupsSequence
    sources = [frame.DerivationImageSequence[0].SourceImageSequence[0] for frame in frames]
    assert {source.ReferencedSOPInstanceUID for source in sources} == {uid}
    # Images as coarse as these were never trained on: a slice may be left undrawn, and then no frame is named for it.
    drawn = [part for part in found["slices"] if part["lv_center_lps_mm"] is not None]
    assert drawn
    assert len({source.ReferencedFrameNumber for source in sources}) == len(drawn)


def test_flow_that_the_scanner_mapped_is_used_and_compared(tmp_path: Path, simulated: SimulatedScan) -> None:
    found = results(tmp_path, simulated, Dialect.GADGETRON_MAPS, scanner_flow="compare")
    assert found["flow"]["model"] == "scanner"
    assert {"scanner_flow", "scanner_flow_compared"} <= {flag["code"] for flag in found["quality"]}
    comparison = found["flow"]["comparison"]
    assert comparison["model"] == "btex"
    # The map is the truth; in Gd without noise or motion the chain comes near it.
    assert abs(comparison["mean_difference"]) < 0.2 * found["flow"]["global"]["mean"]
    maps = (tmp_path / "study" / "series_24").iterdir()
    used = {dcmread(file, stop_before_pixels=True).SOPInstanceUID for file in maps}
    reports = [dcmread(file) for file in (tmp_path / "out").glob("*.dcm")]
    (report,) = (one for one in reports if one.Modality == "SR")
    named = {
        item.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert used <= named
