"""The quality flags as a reader sees them: what holds alike of several slices or scans is said once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from operators.report.summary import titles
from operators.series import QualityFlag, ScanResult, Severity, StudyResult


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence and what it is about."""

    scope: str
    """Study, or the scans and their slices."""
    severity: Severity
    message: str


def notes(result: StudyResult) -> tuple[Note, ...]:
    """Every quality flag, and why a scan is only relative; the gravest first.

    What holds alike of several slices or of several scans is said once, of all of them.
    """
    said: dict[tuple[Severity, str, tuple[int, ...]], list[str]] = {}
    for title, flags in [("study", result.flags), *zip(titles(result), map(_flags, result.scans), strict=True)]:
        alike: dict[tuple[Severity, str], list[QualityFlag]] = {}
        for flag in flags:
            alike.setdefault((flag.severity, _of_this_slice(flag)), []).append(flag)
        for (severity, text), group in alike.items():
            slices = tuple(flag.slice + 1 for flag in group if flag.slice is not None)
            message = text if len(slices) > 1 else group[0].message
            said.setdefault((severity, message, slices), []).append(title)
    order = ("withheld", "warning", "info")
    found = (Note(_scope(scans, slices), severity, text) for (severity, text, slices), scans in said.items())
    return tuple(sorted(found, key=lambda note: order.index(note.severity)))


def _flags(scan: ScanResult) -> tuple[QualityFlag, ...]:
    why = scan.flow.why_relative
    if why and why not in [flag.message for flag in scan.flags]:
        return (*scan.flags, QualityFlag("why_relative", "warning", why))
    return scan.flags


def _of_this_slice(flag: QualityFlag) -> str:
    """Its message with the slice's number taken out, to compare it with that of another slice."""
    if flag.slice is None:
        return flag.message
    return re.sub(rf"\b([Ss])lice {flag.slice + 1}\b", lambda found: _THIS[found[1]], flag.message)


_THIS = {"s": "this slice", "S": "This slice"}


def _scope(scans: Sequence[str], slices: Sequence[int]) -> str:
    """Such as ``stress and rest, slices 1 to 3``."""
    if not slices:
        return _listed(scans)
    return f"{_listed(scans)}, {'slice' if len(slices) == 1 else 'slices'} {_listed(_runs(slices))}"


def _runs(numbers: Sequence[int]) -> list[str]:
    """Rising numbers, three or more in a row as a range."""
    runs: list[list[int]] = []
    for one in numbers:
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [text for run in runs for text in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
