"""Which series make which scan: main images by state, the AIF and proton-density series that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from operators.dicom_loading import geometry
from operators.dicom_loading.headers import text
from operators.dicom_loading.image_series import MAIN, MIN_FRAMES, FileSeries, check_images, problem
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
    flags: tuple[QualityFlag, ...]


@dataclass(frozen=True, slots=True, eq=False)
class StudyPlan:
    """The scans of one study, stress first, and what was left out of it."""

    scans: tuple[ScanPlan, ...]
    flags: tuple[QualityFlag, ...]


def plan_study(series: Sequence[FileSeries], state: State | None = None) -> StudyPlan:
    """Choose the series to load.

    Args:
        series: all series of one study.
        state: the operator's word for the only scan; wins over the header's.

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
    return StudyPlan(tuple(_plan(members, series, len(scans)) for members in scans.values()), left_out)


def _usable(series: Sequence[FileSeries]) -> tuple[tuple[FileSeries, ...], tuple[QualityFlag, ...]]:
    candidates = [s for s in series if s.role in MAIN]
    if not candidates:
        others = ", ".join(sorted({s.role.value for s in series}))
        raise IncompleteSeriesError(
            f"The main perfusion images are missing (series found: {others}).",
            where=", ".join(s.uids[0] for s in series[:5]),
            hint="Export the first-pass series of the short-axis slices as well.",
        )
    problems = {s.uids: problem(s) for s in candidates}
    usable = merge_slices(s for s in candidates if problems[s.uids] is None)
    refused = [(s, error) for s in candidates if (error := problems[s.uids]) is not None]
    if not usable:
        raise max(refused, key=lambda pair: len(pair[0].images))[1]
    flags = (
        QualityFlag("series_left_out", "warning", f"A perfusion series was left out: {error.message} [{s.uids[0]}]")
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
                    other, uids=(*other.uids, *candidate.uids), images=(*other.images, *candidate.images)
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


def _rank(series: FileSeries) -> tuple[bool, bool, float, float]:
    """Gd before signal, unregistered before registered (the chain registers itself), then the latest."""
    return (
        series.role is Role.GADOLINIUM,
        not series.motion_corrected,
        series.span[0] if series.span else 0.0,
        series.number,
    )


def _plan(members: Sequence[FileSeries], series: Sequence[FileSeries], n_scans: int) -> ScanPlan:
    main = max(members, key=_rank)
    flags: tuple[QualityFlag, ...] = ()
    if left := [s for s in members if s is not main]:
        uids = ", ".join(chain.from_iterable(s.uids for s in left))
        again = any(not (s.span and main.span and overlap(s.span, main.span)) for s in left)
        flags = (
            QualityFlag(
                "duplicate_state",
                "warning" if again else "info",
                f"Several perfusion series are of the state {main.state.value}; the latest of the least processed "
                f"was taken, these were left out: {uids}.",
            ),
        )
    aif, aif_flags = _belonging(Role.AIF, main, series, n_scans)
    if not aif and not aif_flags and any(s.role is Role.AIF for s in series):
        message = "The study holds AIF images, but none that fits this scan by state and time."
        aif_flags = (QualityFlag("aif_unmatched", "warning", message),)
    density, density_flags = _belonging(Role.PROTON_DENSITY, main, series, n_scans)
    # The AIF isn't registered by the chain: registered images first, then the latest.
    best_first = sorted(aif, key=lambda s: (s.motion_corrected, s.number), reverse=True)
    return ScanPlan(main, tuple(best_first), density, (*flags, *aif_flags, *density_flags))


def _belonging(
    role: Role, main: FileSeries, series: Sequence[FileSeries], n_scans: int
) -> tuple[tuple[FileSeries, ...], tuple[QualityFlag, ...]]:
    """Series of a role that go with the main images, and what is wrong with those that can't be read."""
    members = [s for s in series if s.role is role and _belongs(s, main, n_scans)]
    errors = {s.uids: _error(s) for s in members}
    flags = tuple(
        QualityFlag("series_left_out", "warning", f"A series of {role.value} images was left out: {error.message}")
        for error in errors.values()
        if error is not None
    )
    return tuple(s for s in members if errors[s.uids] is None), flags


def _belongs(series: FileSeries, main: FileSeries, n_scans: int) -> bool:
    told = series.state is not State.UNKNOWN and main.state_from != "operator" and main.state is not State.UNKNOWN
    if told and series.state is not main.state:
        return False
    if series.span and main.span:
        return main.span[0] - NEARBY_S <= series.span[1] and series.span[0] <= main.span[1]
    return told or n_scans == 1


def _error(series: FileSeries) -> PerfusionError | None:
    try:
        check_images(series)
        geometry.group_slices(series.headers)
    except PerfusionError as error:
        return error
    return None
