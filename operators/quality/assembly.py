"""One study's results from its scans'."""

from __future__ import annotations

from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_TERRITORY
from operators.series import PerfusionStudy, ScanResult, State, Statistics, StudyResult


def assemble_study(study: PerfusionStudy, scan_results: tuple[ScanResult, ...], software_version: str) -> StudyResult:
    """Join the scans; the perfusion reserve is stress over rest MBF of the same region.

    There is a reserve only where both scans are there once and quantified: a ratio of relative values isn't one.
    """
    stress, rest = (_only_absolute(scan_results, state) for state in (State.STRESS, State.REST))
    whole: float | None = None
    sectors: dict[int, float | None] = dict.fromkeys(SEGMENT_NAMES)
    territories: dict[str, float | None] = dict.fromkeys(SEGMENTS_OF_TERRITORY)
    if stress is not None and rest is not None:
        whole = _ratio(stress.sectors.whole, rest.sectors.whole)
        sectors = {s: _ratio(stress.sectors.by_sector[s], rest.sectors.by_sector[s]) for s in SEGMENT_NAMES}
        above, below = stress.sectors.by_territory, rest.sectors.by_territory
        territories = {name: _ratio(above[name], below[name]) for name in SEGMENTS_OF_TERRITORY}
    return StudyResult(study, scan_results, whole, sectors, territories, study.flags, software_version)


def _only_absolute(results: tuple[ScanResult, ...], state: State) -> ScanResult | None:
    found = [result for result in results if result.scan.state == state and result.flow.unit == "mL/min/g"]
    return found[0] if len(found) == 1 else None


def _ratio(stress: Statistics | None, rest: Statistics | None) -> float | None:
    if stress is None or rest is None or rest.mean <= 0:
        return None
    return stress.mean / rest.mean
