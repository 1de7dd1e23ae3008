"""What is in a folder and what would be done with it; decodes no pixels and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from operators.dicom_loading import clock, geometry
from operators.dicom_loading.acquisition import field_strength_t, heart_rate_bpm, stated_heart_rate
from operators.dicom_loading.files import FolderContents, read_folder
from operators.dicom_loading.image_series import MAIN, FileSeries, gather, problem
from operators.dicom_loading.one_study import check_one_study
from operators.dicom_loading.plan import ScanPlan, plan_study
from operators.dicom_loading.proton_density import marked_frames
from operators.errors import PerfusionError
from operators.series import Role, State


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One series of a folder. Holds no free text of the header, which may name the patient."""

    series_instance_uid: str
    """Empty for files that could not be read."""
    role: Role
    state: State
    dialect: str | None
    """None: no dialect reads it."""
    slices: int | None
    """None: the geometry is missing or mixed."""
    frames: int | None
    """Most images of one slice, proton-density frames and echoes included."""
    heart_rate_bpm: float | None
    field_strength_t: float | None
    missing: tuple[str, ...]
    """What a complete quantitative study would also have."""
    action: str
    """What would be done with it, one sentence."""


def inspect_folder(folder: Path) -> tuple[SeriesSummary, ...]:
    """Describe every series of a folder, in the order in which they are found.

    Raises:
        SettingError: no such folder.
        UnsupportedSeriesError: no DICOM image in it.
    """
    contents = read_folder(folder)
    series = gather(contents.images)
    plans, refusal = _plans(contents, series)
    rows = [_summarise(member, plans, refusal) for member in series]
    return (*rows, *(_unreadable(error) for error in contents.problems))


def _plans(
    contents: FolderContents, series: Sequence[FileSeries]
) -> tuple[tuple[ScanPlan, ...], PerfusionError | None]:
    try:
        if contents.problems:
            raise contents.problems[0]
        check_one_study(image.header for image in contents.images)
        return plan_study(series).scans, None
    except PerfusionError as error:
        return (), error


def _summarise(series: FileSeries, plans: Sequence[ScanPlan], refusal: PerfusionError | None) -> SeriesSummary:
    try:
        groups = geometry.group_slices(series.headers)
    except PerfusionError:
        groups = None
    plan = next((plan for plan in plans if series.uids[0] in plan.main.uids), None)
    return SeriesSummary(
        series_instance_uid=series.uids[0],
        role=series.role,
        state=series.state,
        dialect=series.dialect_name,
        slices=None if groups is None else len(groups),
        frames=None if groups is None else max(map(len, groups)),
        heart_rate_bpm=_heart_rate(series, groups),
        field_strength_t=field_strength_t(series.first),
        missing=() if plan is None else _missing(plan),
        action=_action(series, plans, refusal),
    )


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


def _action(series: FileSeries, plans: Sequence[ScanPlan], refusal: PerfusionError | None) -> str:
    for plan in plans:
        uses = {"main images": (plan.main,), "AIF": plan.aif, "proton density": plan.proton_density}
        for use, members in uses.items():
            if any(series.uids[0] in member.uids for member in members):
                return f"used as {use} of the {plan.main.state.value} scan"
    if series.role in MAIN and (error := problem(series)) is not None:
        return f"refused: {error.message}"
    if refusal is not None:
        return f"refused: {refusal.message}" if series.role in (*MAIN, Role.AIF) else "left out"
    return "left out: another series of the same state is used" if series.role in MAIN else "left out"


def _unreadable(error: PerfusionError) -> SeriesSummary:
    action = f"refused: {error.message} [{error.where}]"
    return SeriesSummary("", Role.OTHER, State.UNKNOWN, None, None, None, None, None, (), action)
