"""Which series make which scan: main images by state, the AIF and proton-density series that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from operators.dicom_loading import geometry
from operators.dicom_loading.headers import text
from operators.dicom_loading.image_series import MAIN, MIN_FRAMES, FileSeries, check_images, problem
from operators.dicom_loading.rules import DEFAULT_RULES, Rules
from operators.errors import IncompleteSeriesError, PerfusionError, SettingError
from operators.series import QualityFlag, Role, State

STATES = (State.STRESS, State.REST, State.UNKNOWN)
NEARBY_S = 60.0
"""A series without a state belongs to the scan that it overlaps, or precedes by no more than this."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanPlan:
    """The series of one injection."""

    main: FileSeries
    aif: tuple[FileSeries, ...]
    """Best first, where several show the same echo."""
    proton_density: tuple[FileSeries, ...]
    flow: tuple[FileSeries, ...]
    """Maps of blood flow by the scanner."""
    flags: tuple[QualityFlag, ...]


@dataclass(frozen=True, slots=True, eq=False)
class StudyPlan:
    """The scans of one study, stress first, and what was left out of it."""

    scans: tuple[ScanPlan, ...]
    flags: tuple[QualityFlag, ...]


def plan_study(series: Sequence[FileSeries], state: State | None = None, rules: Rules = DEFAULT_RULES) -> StudyPlan:
    """Choose the series to load.

    Args:
        series: all series of one study.
        state: the operator's word for the only scan; wins over the header's.
        rules: which of several series to take.

    Raises:
        IncompleteSeriesError: there are no main images.
        PerfusionError: there are, but none that can be used: what is wrong with the largest series.
        SettingError: a state is given for more than one scan.
    """
    usable, left_out = _usable(series)
    scans = {found: [s for s in usable if s.state is found] for found in STATES}
    scans = {found: members for found, members in scans.items() if members}
    if state is not None:
        if len(scans) > 1:
            raise SettingError(
                f"The state {state.value!r} is given, but the study holds {len(scans)} scans of different states.",
                where="state",
                hint="Give one injection's series alone, or leave the state to the headers.",
            )
        members = next(iter(scans.values()))
        scans = {state: [replace(member, state=state, state_from="operator") for member in members]}
    return StudyPlan(tuple(_plan(members, series, len(scans), rules) for members in scans.values()), left_out)


def _usable(series: Sequence[FileSeries]) -> tuple[tuple[FileSeries, ...], tuple[QualityFlag, ...]]:
    candidates = [s for s in series if s.role in MAIN]
    if not candidates:
        others = ", ".join(sorted({s.role.value for s in series}))
        raise IncompleteSeriesError(
            f"The main perfusion images are missing (series found: {others}).",
            where=", ".join(s.uids[0] for s in series[:5]),
            hint="Export the first-pass series of the short-axis slices as well.",
        )
    problems = {s: problem(s) for s in candidates}
    usable = merge_slices(s for s in candidates if problems[s] is None)
    refused = [(s, error) for s, error in problems.items() if error is not None]
    if not usable:
        raise max(refused, key=lambda pair: len(pair[0].images))[1]
    flags = (
        QualityFlag("series_left_out", "warning", f"Perfusion series {s.label} was left out: {error.message}")
        for s, error in refused
        if len(s.images) >= MIN_FRAMES  # fewer are reports, maps or trials with the same words
    )
    return usable, tuple(flags)


def merge_slices(series: Iterable[FileSeries]) -> tuple[FileSeries, ...]:
    """Join series that show other slices of the same heart beats."""
    merged: list[FileSeries] = []
    for candidate in sorted(series, key=lambda s: s.number):
        for index, other in enumerate(merged):
            if _same_acquisition(candidate, other):
                merged[index] = replace(
                    other,
                    uids=(*other.uids, *candidate.uids),
                    images=(*other.images, *candidate.images),
                    label=f"{other.label}+{candidate.label}",
                    flags=(*other.flags, *candidate.flags),
                )
                break
        else:
            merged.append(candidate)
    return tuple(merged)


def _kind(series: FileSeries) -> tuple[object, ...]:
    header = series.first
    return (series.role, series.state, series.dialect_name, series.motion_corrected, header.Rows, header.Columns)


def _same_acquisition(one: FileSeries, other: FileSeries) -> bool:
    if _kind(one) != _kind(other):
        return False
    directions = geometry.directions(one.first)
    if not np.allclose(directions, geometry.directions(other.first), atol=geometry.SAME_DIRECTION):
        return False
    along = [np.unique(geometry.positions(s.headers) @ directions[2]) for s in (one, other)]
    if np.abs(np.subtract.outer(*along)).min() <= geometry.SAME_SLICE_MM:
        return False
    if one.span and other.span:
        return overlap(one.span, other.span) > 0.5
    return text(one.first, "SeriesDescription") == text(other.first, "SeriesDescription")


def overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Common part of two spans of time, as a fraction of the shorter."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, common) / max(min(one[1] - one[0], other[1] - other[0]), 1e-6)


def _choose(members: Sequence[FileSeries], rules: Rules) -> FileSeries:
    """The latest injection as the rules have it, and of its series the best."""
    sign = 1.0 if rules.repeated == "latest" else -1.0
    newest = max(members, key=lambda s: (sign * (s.span[0] if s.span else 0.0), s.number))
    return max((s for s in members if _same_injection(s, newest)), key=lambda s: _rank(s, rules))


def _same_injection(one: FileSeries, other: FileSeries) -> bool:
    return one is other or not (one.span and other.span) or overlap(one.span, other.span) > 0


def _rank(series: FileSeries, rules: Rules) -> tuple[bool, bool, float]:
    """Gd before signal, registered or not as the rules prefer, then the last one made."""
    return (
        series.role is Role.GADOLINIUM,
        series.motion_corrected is (rules.prefer == "registered"),
        series.number,
    )


def why_left_out(series: FileSeries, used: FileSeries, rules: Rules) -> str:
    """Why one of two series of the same state was left out, for people."""
    if not _same_injection(series, used):
        return f"series {used.label} shows the {rules.repeated} injection of this state"
    if series.role is not used.role:
        return f"series {used.label} holds Gd concentration already"
    if series.motion_corrected and not used.motion_corrected:
        return f"a copy registered by the scanner of what series {used.label} shows"
    if used.motion_corrected and not series.motion_corrected:
        return f"the copy registered by the scanner, series {used.label}, is preferred"
    return f"series {used.label} of the same injection was made later"


def _plan(members: Sequence[FileSeries], series: Sequence[FileSeries], n_scans: int, rules: Rules) -> ScanPlan:
    main = _choose(members, rules)
    flags: tuple[QualityFlag, ...] = main.flags
    if left := [s for s in members if s is not main]:
        listed = "; ".join(f"series {s.label}: {why_left_out(s, main, rules)}" for s in left)
        again = any(not (s.span and main.span and overlap(s.span, main.span)) for s in left)
        told = main.state is not State.UNKNOWN or not again
        advice = "" if told else " A rules file can tell their states, so that both are analysed."
        message = f"Several perfusion series are of the state {main.state.value}. Left out: {listed}.{advice}"
        flags = (*flags, QualityFlag("duplicate_state", "warning" if again else "info", message))
    aif, aif_flags = _belonging(Role.AIF, main, series, n_scans)
    if not aif and not aif_flags and any(s.role is Role.AIF for s in series):
        message = "The study holds AIF images, but none that fits this scan by state and time."
        aif_flags = (QualityFlag("aif_unmatched", "warning", message),)
    density, density_flags = _belonging(Role.PROTON_DENSITY, main, series, n_scans)
    flow, flow_flags = _belonging(Role.MBF_MAP, main, series, n_scans)
    # The AIF isn't registered by the chain: registered images first, then the latest.
    best_first = sorted(aif, key=lambda s: (s.motion_corrected, s.number), reverse=True)
    return ScanPlan(main, tuple(best_first), density, flow, (*flags, *aif_flags, *density_flags, *flow_flags))


def _belonging(
    role: Role, main: FileSeries, series: Sequence[FileSeries], n_scans: int
) -> tuple[tuple[FileSeries, ...], tuple[QualityFlag, ...]]:
    """Series of a role that go with the main images, and what is wrong with those that can't be read."""
    members = [s for s in series if s.role is role and _belongs(s, main, n_scans)]
    errors = {s: _error(s) for s in members}
    flags = tuple(
        QualityFlag("series_left_out", "warning", f"Series {s.label} ({role.value}) was left out: {error.message}")
        for s, error in errors.items()
        if error is not None
    )
    return tuple(s for s in members if errors[s] is None), flags


def _belongs(series: FileSeries, main: FileSeries, n_scans: int) -> bool:
    told = series.state is not State.UNKNOWN and main.state_from != "operator" and main.state is not State.UNKNOWN
    if told and series.state is not main.state:
        return False
    # Maps are stamped with the time at which they were made, or with that of the images.
    if series.span and main.span and series.role is not Role.MBF_MAP:
        return main.span[0] - NEARBY_S <= series.span[1] and series.span[0] <= main.span[1]
    return told or n_scans == 1


def _error(series: FileSeries) -> PerfusionError | None:
    try:
        check_images(series)
        geometry.group_slices(series.headers)
    except PerfusionError as error:
        return error
    return None
