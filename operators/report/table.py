"""The table of segments, territories and the whole: the same for the page of paper and the page of the browser."""

from __future__ import annotations

from dataclasses import dataclass

from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_TERRITORY, TERRITORY_OF
from operators.report import summary
from operators.series import ScanResult, Statistics, StudyResult

DETAILED = 2
"""Of so many scans at most there is room for uncertainty and layers."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    scan: str
    """Title of the scan; empty: of none alone."""
    head: str
    width: float
    """Relative to the others."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    label: str
    territory: str | None
    """Coronary artery; None: the whole myocardium."""
    segment: int | None
    """AHA segment; None: a territory or the whole myocardium."""
    cells: tuple[str, ...]
    """One a column."""


def columns(result: StudyResult) -> tuple[Column, ...]:
    """Of each scan mean and SD, with uncertainty and layers where there is room, then the reserve."""
    found = []
    for title, scan in zip(summary.titles(result), result.scans, strict=True):
        wide = 1.0 if scan.flow.unit == "mL/min/g" else 1.15
        found.append(Column(title, f"{summary.quantity(scan.flow.unit)} ± SD", 1.2 * wide))
        if len(result.scans) <= DETAILED:
            found += [Column(title, "uncertainty", 0.95), Column(title, "endo / epi", 1.1 * wide)]
    return (*found, Column("", "reserve", 0.75)) if summary.has_reserve(result) else tuple(found)


def rows(result: StudyResult) -> tuple[Row, ...]:
    """The sixteen segments, the three territories, the whole."""
    detailed, reserve = len(result.scans) <= DETAILED, summary.has_reserve(result)
    found = []
    for number, name in SEGMENT_NAMES.items():
        cells = [text for scan in result.scans for text in _of_segment(scan, number, detailed)]
        ratio = [summary.number(result.reserve_by_sector.get(number))] if reserve else []
        found.append(Row(name, TERRITORY_OF[number], number, (*cells, *ratio)))
    for name in SEGMENTS_OF_TERRITORY:
        cells = [text for scan in result.scans for text in _of_region(scan, scan.sectors.by_territory[name], detailed)]
        ratio = [summary.number(result.reserve_by_territory.get(name))] if reserve else []
        found.append(Row(f"{name} territory", name, None, (*cells, *ratio)))
    cells = [text for scan in result.scans for text in _of_region(scan, scan.sectors.whole, detailed)]
    ratio = [summary.number(result.reserve_global)] if reserve else []
    return (*found, Row("global", None, None, (*cells, *ratio)))


def _of_segment(scan: ScanResult, number: int, detailed: bool) -> list[str]:
    cells, layers = _of_region(scan, scan.sectors.by_sector[number], detailed), scan.sectors
    if detailed:
        parts = (layers.endocardial[number], layers.epicardial[number])
        cells[-1] = " / ".join(summary.mean(part, scan.flow.unit) for part in parts)
    return cells


def _of_region(scan: ScanResult, value: Statistics | None, detailed: bool) -> list[str]:
    value, unit = summary.known(value), scan.flow.unit
    mean = summary.mean_and_sd(value, unit)
    return [mean, summary.uncertainty(value, unit), ""] if detailed else [mean]
