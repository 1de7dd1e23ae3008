"""Every value that the conversion used stands in results.json, with where it came from."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path

import pytest
from aif_scan import make_scan
from builders import make_scan_result, make_study_result
from test_conversion import physical_scan, still

from operators.arterial_input.input_function import find_arterial_input
from operators.errors import SettingError
from operators.gadolinium.conversion import to_gadolinium
from operators.gadolinium.parameters import resolve_aif, resolve_perfusion
from operators.protocol import Protocol
from operators.report.results import write_results
from operators.series import PerfusionScan, Sequence
from perf_app.protocol_file import read_protocol

SITE = """
perfusion: {echo_spacing_ms: 2.5, saturation_time_ms: 85, flip_angle_deg: 12}
aif: {flip_angle_deg: 9}
t1_myocardium_ms: 1150
relaxivity_l_per_mmol_s: 4.8
"""
VENDOR = Sequence("flash", repetition_time=0.18, flip_angle=math.radians(15), echo_time=0.0011, phase_encodes=120)
"""A header with the time of the whole image for TR, and neither saturation time nor acceleration."""


@pytest.fixture
def assumptions(tmp_path: Path) -> dict[str, float | str]:
    """Of results.json, from a vendor's poor header and a site's protocol."""
    file = tmp_path / "site.yaml"
    file.write_text(SITE)
    protocol = read_protocol(file)
    arterial = make_scan()
    scan = physical_scan()
    scan = replace(scan, perfusion=replace(scan.perfusion, sequence=VENDOR))
    gadolinium = to_gadolinium(scan, still(scan), protocol)
    found = find_arterial_input(arterial, gadolinium, protocol)
    result = replace(make_scan_result(), gadolinium=gadolinium, arterial_input=found)
    written = json.loads(write_results(make_study_result(result), tmp_path).read_text())["scans"][0]["assumptions"]
    return dict(written)


def test_protocol_wins_over_header_over_default(assumptions: dict[str, float | str]) -> None:
    expected = {
        ("echo_spacing", "s"): ("protocol", 0.0025),
        ("saturation_time", "s"): ("protocol", 0.085),
        ("flip_angle", "rad"): ("protocol", math.radians(12)),
        ("t1_myocardium", "s"): ("protocol", 1.15),
        ("r1", "l_per_mmol_s"): ("protocol", 4.8),
        ("echo_time", "s"): ("header", 0.0011),
        ("field_strength", "t"): ("header", 1.5),
        ("pd_flip_angle", "rad"): ("header", math.radians(5)),
        ("acceleration", ""): ("default", 3.0),
        ("t2_myocardium", "s"): ("default", 0.045),
        ("aif_flip_angle", "rad"): ("protocol", math.radians(9)),
        ("aif_saturation_time", "s"): ("header", 0.0236),
        ("aif_r1", "l_per_mmol_s"): ("protocol", 4.8),
        ("aif_t1_blood", "s"): ("default", 1.7),
    }
    for (name, unit), (origin, value) in expected.items():
        assert assumptions[f"{name}_from"] == origin, name
        assert assumptions[f"{name}_{unit}" if unit else name] == pytest.approx(value, abs=1e-6), name
    assert "not used" in str(assumptions["header_repetition_time"])
    assert assumptions["aif_t2_star"] == "corrected by the second echo"


def test_no_value_is_without_its_origin(assumptions: dict[str, float | str]) -> None:
    origins = [name.removesuffix("_from") for name in assumptions if name.endswith("_from")]
    told = {"conversion", "header_repetition_time", "aif_t2_star"}
    for name in assumptions:
        if name.endswith("_from") or name in told:
            continue
        if name not in make_scan_result().flow.assumptions:
            assert any(name == origin or name.startswith(f"{origin}_") for origin in origins), name


def bare(scan: PerfusionScan) -> PerfusionScan:
    return replace(scan, perfusion=replace(scan.perfusion, sequence=Sequence()), field_strength_t=None)


def test_what_was_assumed_of_the_sequence_is_told() -> None:
    (flag,) = resolve_perfusion(bare(physical_scan()), Protocol()).flags
    assert flag.code == "sequence_assumed"
    for name in ("field strength", "readout", "echo spacing", "echo time", "flip angle", "saturation time"):
        assert name in flag.message
    assert "pd flip angle" not in flag.message


def test_an_unknown_flip_angle_of_proton_density_is_told() -> None:
    scan = physical_scan()
    assert scan.proton_density is not None
    silent = replace(scan, proton_density=replace(scan.proton_density, sequence=Sequence()))
    (flag,) = resolve_perfusion(silent, Protocol()).flags
    assert "pd flip angle" in flag.message
    assert not resolve_perfusion(silent, Protocol(pd_flip_angle=0.1)).flags


@pytest.mark.parametrize(("field", "told"), [(1.5, False), (1.41, False), (2.89, False), (0.55, True), (7.0, True)])
def test_relaxation_at_another_field_is_told(field: float, told: bool) -> None:
    scan = physical_scan(field=field)
    flags = {flag.code for flag in resolve_perfusion(scan, Protocol()).flags}
    assert ("field_strength_unusual" in flags) == told
    known = Protocol(t1_myocardium=1.4, relaxivity=4.0)
    assert not resolve_perfusion(scan, known).flags


def test_without_an_echo_time_none_is_made_up_for_the_arterial_images() -> None:
    scan = make_scan()
    assert scan.aif is not None
    first = scan.aif.first_echo
    silent = replace(first, sequence=replace(first.sequence, echo_time=None))
    assumptions = resolve_aif(replace(scan, aif=replace(scan.aif, first_echo=silent)), Protocol()).assumptions
    assert "aif_echo_time_s" not in assumptions


def test_the_documented_protocol_is_valid_and_complete(repository: Path, tmp_path: Path) -> None:
    example = (repository / "docs" / "protocol.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    file = tmp_path / "example.yaml"
    file.write_text(example)
    protocol = read_protocol(file)
    for record in (protocol, protocol.perfusion):
        assert not [each.name for each in fields(record) if getattr(record, each.name) is None]
    scan = bare(physical_scan())
    resolved = resolve_perfusion(scan, protocol)
    assert not resolved.flags
    assumed = resolve_perfusion(scan, Protocol()).readout
    for name in ("repetition_time", "flip_angle", "echo_time", "saturation_time", "center_line", "t1", "r1"):
        assert getattr(resolved.readout, name) == pytest.approx(getattr(assumed, name)), name


@pytest.mark.parametrize(
    "content",
    [
        "perfusion: {flip_angle: 14}",
        "perfusion: {flip_angle_deg: -3}",
        "perfusion: {flip_angle_deg: .nan}",
        "perfusion: {echo_spacing_ms: '2.4'}",
        "perfusion: {echo_spacing_ms: true}",
        "perfusion: {readout: epi}",
        "perfusion: {phase_encodes: 111.5}",
        "perfusion: {acceleration: 0.5}",
        "t1_blood_ms: 1.7",
        "- 1",
    ],
)
def test_what_a_protocol_cannot_hold_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(content)
    with pytest.raises(SettingError, match="protocol file"):
        read_protocol(file)
