"""What is in a folder and what would be done with it: reads what a run would read, and calculates nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from operators.dicom_loading import clock, geometry
from operators.dicom_loading.acquisition import field_strength_t, heart_rate_bpm, stated_heart_rate
from operators.dicom_loading.assembly import assemble_scan
from operators.dicom_loading.files import FolderContents, read_folder
from operators.dicom_loading.gathering import gather
from operators.dicom_loading.image_series import MAIN, FileSeries, problem
from operators.dicom_loading.one_study import check_one_study
from operators.dicom_loading.plan import ScanPlan, plan_study, why_left_out
from operators.dicom_loading.proton_density import marked_frames
from operators.dicom_loading.rules import DEFAULT_RULES, Rules
from operators.dicom_loading.scanner_flow import why_unused
from operators.errors import PerfusionError
from operators.series import QualityFlag, Role, State


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One series of a folder. Holds no free text of the header, which may name the patient."""

    series_instance_uid: str
    """Empty for files that could not be read."""
    label: str
    """Its number; ``7.2`` for the second part of series 7."""
    role: Role
    state: State
    dialect: str | None
    """None: no dialect reads it."""
    slices: int | None
    """None: the geometry is missing or mixed."""
    frames: tuple[int, ...]
    """Images of each slice, proton-density frames and echoes included; empty where slices is None."""
    heart_rate_bpm: float | None
    field_strength_t: float | None
    missing: tuple[str, ...]
    """What a complete quantitative study would also have."""
    notes: tuple[str, ...]
    """What had to be put right to make a series of its images, or is unusual about them."""
    used: bool
    action: str
    """What would be done with it and why, one sentence."""


@dataclass(frozen=True, slots=True)
class FolderSummary:
    """What a folder holds."""

    series: tuple[SeriesSummary, ...]
    """In the order of their numbers, then files that could not be read."""
    passed_over: int
    """Files that are not DICOM images, or the same image again."""
    refusal: PerfusionError | None
    """Why nothing would be analysed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Context:
    plans: tuple[ScanPlan, ...]
    refusal: PerfusionError | None
    rules: Rules
    flags: tuple[tuple[QualityFlag, ...], ...] = ()
    """Of each plan's scan."""


def inspect_folder(folder: Path, state: State | None = None, rules: Rules = DEFAULT_RULES) -> FolderSummary:
    """Describe every series of a folder and say what a run would do with it.

    Args:
        folder: searched recursively.
        state: the operator's word for a study of one scan.
        rules: what the words of descriptions mean.

    Raises:
        SettingError: no such folder.
        UnsupportedSeriesError: no DICOM image in it.
    """
    contents = read_folder(folder)
    series = sorted(gather(contents.images, rules), key=lambda one: (one.number, one.label))
    context = _plans(contents, series, state, rules)
    rows = [_summarise(member, context) for member in series]
    return FolderSummary(
        (*rows, *(_unreadable(error) for error in contents.problems)), contents.passed_over, context.refusal
    )


def _plans(contents: FolderContents, series: Sequence[FileSeries], state: State | None, rules: Rules) -> _Context:
    try:
        if contents.problems:
            raise contents.problems[0]
        check_one_study(image.header for image in contents.images)
        plans = plan_study(series, state, rules).scans
        return _Context(plans, None, rules, tuple(assemble_scan(plan).flags for plan in plans))
    except PerfusionError as error:
        return _Context((), error, rules)


def _summarise(series: FileSeries, context: _Context) -> SeriesSummary:
    try:
        groups = geometry.group_slices(series.headers)
    except PerfusionError:
        groups = None
    index = next((k for k, plan in enumerate(context.plans) if _is_part(series, plan.main)), None)
    plan = None if index is None else context.plans[index]
    flags = series.flags if index is None else (*series.flags, *context.flags[index])
    used = _use(series, context.plans)
    return SeriesSummary(
        series_instance_uid=series.uids[0],
        label=series.label,
        role=series.role,
        state=series.state if plan is None else plan.main.state,
        dialect=series.dialect_name,
        slices=None if groups is None else len(groups),
        frames=() if groups is None else tuple(map(len, groups)),
        heart_rate_bpm=_heart_rate(series, groups),
        field_strength_t=field_strength_t(series.first),
        missing=() if plan is None else _missing(plan),
        notes=tuple(dict.fromkeys(flag.message for flag in flags)),
        used=used is not None,
        action=used or _why_not(series, context),
    )


def _is_part(series: FileSeries, other: FileSeries) -> bool:
    """Whether the images are among the other's, which may have been joined of several series."""
    return series.images[0] in frozenset(other.images)


def _heart_rate(series: FileSeries, groups: list[list[int]] | None) -> float | None:
    if groups is None or series.role not in (*MAIN, Role.AIF):
        return None
    headers = [series.headers[i] for i in groups[0]]
    name = clock.trusted_clock([headers])
    times = None if name is None else clock.read(name, headers)
    return stated_heart_rate(headers) if times is None else heart_rate_bpm(headers, np.sort(times), series.role)


def _missing(plan: ScanPlan) -> tuple[str, ...]:
    main = plan.main
    marked = main.dialect is not None and marked_frames(main.headers, main.dialect).any()
    absent = {
        "state": main.state is State.UNKNOWN,
        "AIF images": not plan.aif,
        "proton-density frames (none marked in the headers)": (
            main.role is Role.PERFUSION and not plan.proton_density and not marked
        ),
    }
    return tuple(name for name, is_missing in absent.items() if is_missing)


def _use(series: FileSeries, plans: Sequence[ScanPlan]) -> str | None:
    for plan in plans:
        uses = {
            "main images": (plan.main,),
            "AIF": plan.aif,
            "proton density": plan.proton_density,
            "blood flow": () if why_unused(plan.flow, plan.main) else plan.flow,
        }
        for use, members in uses.items():
            if any(_is_part(series, member) for member in members):
                return f"used as {use} of the {plan.main.state.value} scan"
    return None


def _why_not(series: FileSeries, context: _Context) -> str:
    if series.role in MAIN and (error := problem(series)) is not None:
        return f"refused: {error.message}"
    if context.refusal is not None and series.role in (*MAIN, Role.AIF):
        return f"refused: {context.refusal.message}"
    if series.role in MAIN:
        main = next((plan.main for plan in context.plans if plan.main.state is series.state), None)
        return "left out" if main is None else f"left out: {why_left_out(series, main, context.rules)}"
    for plan in context.plans:
        if any(_is_part(series, one) for one in plan.flow):
            return f"left out: {why_unused(plan.flow, plan.main)}"
    reasons = {
        Role.AIF: "left out: fits no scan by state and time",
        Role.PROTON_DENSITY: "left out: fits no scan by state and time",
        Role.MBF_MAP: "left out: fits no scan by state and time",
    }
    return reasons.get(series.role, "left out: no first pass by its words and times")


def _unreadable(error: PerfusionError) -> SeriesSummary:
    action = f"refused: {error.message} [{error.where}]"
    return SeriesSummary("", "", Role.OTHER, State.UNKNOWN, None, None, (), None, None, (), (), False, action)
