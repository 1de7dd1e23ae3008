"""What the quality room adds, and what it never does: a reserve from what isn't flow, a flag twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_scan_result

from operators.quality.assembly import assemble_study
from operators.quality.checks import check_scan, collect_flags
from operators.series import PerfusionStudy, QualityFlag, ScanResult, State, StudyResult


def codes(result: ScanResult) -> dict[str, str]:
    flags = check_scan(
        result.scan,
        result.motion,
        result.gadolinium,
        result.arterial_input,
        result.flow,
        result.segmentation,
        result.sectors,
    )
    return {flag.code: flag.severity for flag in flags}


def assembled(*results: ScanResult) -> StudyResult:
    study = PerfusionStudy("1.2.3", tuple(result.scan for result in results))
    return assemble_study(study, results, "0")


STRESS, REST = make_scan_result(State.STRESS, n_frames=45), make_scan_result(State.REST, mbf=1.0, n_frames=45)


def test_a_sound_scan_raises_nothing() -> None:
    assert codes(STRESS) == {}


def test_a_relative_scan_says_so() -> None:
    assert codes(make_scan_result(absolute=False, n_frames=45)) == {"relative_only": "warning"}


def test_an_unknown_state_and_a_short_series_are_told() -> None:
    assert codes(make_scan_result(State.UNKNOWN, n_frames=24)) == {"state_unknown": "warning", "few_frames": "info"}


@pytest.mark.parametrize("mbf", [0.05, 9.0])
def test_an_impossible_flow_is_told(mbf: float) -> None:
    assert codes(make_scan_result(mbf=mbf, n_frames=45)) == {"mbf_implausible": "warning"}


def test_nothing_measured_is_withheld() -> None:
    result = replace(STRESS, sectors=replace(STRESS.sectors, whole=None))
    assert codes(result) == {"nothing_measured": "withheld"}


def test_rooms_flags_come_first_and_once() -> None:
    one, two = QualityFlag("one", "info", "First."), QualityFlag("two", "info", "Second.")
    assert collect_flags([one, two], [two, one]) == (one, two)
    scan = replace(STRESS.scan, flags=(one,))
    assert next(iter(codes(replace(STRESS, scan=scan)))) == "one"


def test_the_reserve_is_stress_over_rest() -> None:
    result = assembled(STRESS, REST)
    assert STRESS.sectors.whole is not None
    assert REST.sectors.whole is not None
    assert result.reserve_global == pytest.approx(STRESS.sectors.whole.mean / REST.sectors.whole.mean)
    assert all(value == pytest.approx(2.4, rel=0.1) for value in result.reserve_by_sector.values())
    assert set(result.reserve_by_territory) == {"LAD", "RCA", "LCx"}
    for name, value in result.reserve_by_territory.items():
        stress, rest = STRESS.sectors.by_territory[name], REST.sectors.by_territory[name]
        assert stress is not None
        assert rest is not None
        assert value == pytest.approx(stress.mean / rest.mean)


def test_there_is_no_reserve_from_less() -> None:
    relative = make_scan_result(State.REST, absolute=False)
    for results in ((STRESS,), (STRESS, relative), (STRESS, REST, REST)):
        result = assembled(*results)
        assert result.reserve_global is None
        assert set(result.reserve_by_sector.values()) == {None}
        assert set(result.reserve_by_territory.values()) == {None}


def test_an_empty_sector_has_no_reserve() -> None:
    result = assembled(STRESS, make_scan_result(State.REST, mbf=1.0, empty_sectors=(3,)))
    assert result.reserve_by_sector[3] is None
    assert result.reserve_by_sector[4] is not None
