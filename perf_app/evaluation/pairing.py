"""Which file of one folder belongs to which of the other.

Label maps and results belong together by their place: the same path below TRUTH and RESULTS, but for an ending of the
name such as ``_seg``. DICOM segmentations belong together by the series they were drawn on.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from operators.errors import SettingError
from operators.report.results import FILE_NAME as RESULTS
from perf_app.evaluation.flow_files import TRUTH, flows_of, groups_of, read_scans
from perf_app.evaluation.label_files import is_segmentation, on_one_grid, read_nifti, read_segmentation, source_series
from perf_app.evaluation.tables import Case, ContourPair, FlowPair

CASES = "cases.csv"
_ENDING = re.compile(r"([_-](seg|segmentation|label|labels|mask|truth))?\.nii(\.gz)?$", re.IGNORECASE)
_DETAILS = re.compile(r"[^A-Za-z0-9._/-]")


@dataclass(frozen=True, slots=True)
class Pairs:
    """What was found in both folders, and what in one only."""

    contours: list[ContourPair]
    flows: list[FlowPair]
    alone: list[str]
    """Names that have no partner."""


def find_pairs(truth: Path, results: Path) -> Pairs:
    """Pair the files of two folders, searched recursively.

    Raises:
        SettingError: a folder is missing, or nothing in one belongs to anything in the other.
        PerfusionError: a file can't be used, or contours lie on different grids.
    """
    for folder in (truth, results):
        if not folder.is_dir():
            raise SettingError("A folder to compare does not exist.", where=str(folder), hint="Name TRUTH and RESULTS.")
    details = _details(truth / CASES)
    alone: list[str] = []
    contours = [*_nifti_pairs(truth, results, details, alone), *_segmentation_pairs(truth, results, details, alone)]
    flows = _flow_pairs(truth, results, details, alone)
    if not contours and not flows:
        raise SettingError(
            "Nothing in the folder of true contours or results has a partner in the other.",
            where=f"{truth.name}, {results.name}",
            hint="docs/evaluation.md says how files are named and paired.",
        )
    return Pairs(contours, flows, alone)


def _nifti_pairs(truth: Path, results: Path, details: Mapping[str, Case], alone: list[str]) -> Iterable[ContourPair]:
    ours, theirs = (
        {_ENDING.sub("", _name(path, folder)): path for path in sorted(folder.rglob("*.nii*")) if _is_label_map(path)}
        for folder in (truth, results)
    )
    for name in _both(ours, theirs, alone):
        stacks = on_one_grid(read_nifti(ours[name]), read_nifti(theirs[name]), name)
        yield ContourPair(_case(name, details, _results_groups(theirs[name], name)), *stacks)


def _segmentation_pairs(
    truth: Path, results: Path, details: Mapping[str, Case], alone: list[str]
) -> Iterable[ContourPair]:
    ours, theirs = (
        {source_series(path): path for path in sorted(folder.rglob("*.dcm")) if is_segmentation(path)}
        for folder in (truth, results)
    )
    for series in _both(ours, theirs, alone):
        stacks = on_one_grid(read_segmentation(ours[series]), read_segmentation(theirs[series]), series)
        yield ContourPair(_case(series, details, _results_groups(theirs[series], series)), *stacks)


def _flow_pairs(truth: Path, results: Path, details: Mapping[str, Case], alone: list[str]) -> list[FlowPair]:
    ours = {_name(p.parent, truth): p for name in (TRUTH, RESULTS) for p in sorted(truth.rglob(name))}
    theirs = {_name(p.parent, results): p for p in sorted(results.rglob(RESULTS))}
    if len(ours) == len(theirs) == 1:
        ours, theirs = {"study": next(iter(ours.values()))}, {"study": next(iter(theirs.values()))}
    pairs = []
    for study in _both(ours, theirs, alone):
        true, found = read_scans(ours[study]), read_scans(theirs[study])
        for state in _both(true, found, alone):
            name = f"{study} {state}"
            case = details.get(name) or details.get(study) or Case(name, study)
            groups = groups_of(found[state]) | dict(case.groups)
            flows = flows_of(true[state]), flows_of(found[state])
            if all(flows):
                pairs.append(FlowPair(Case(name, case.patient, groups), *flows))
            else:
                alone.append(f"{name}: not quantified")
    return pairs


def _results_groups(path: Path, series: str) -> dict[str, str]:
    """From a results.json beside the contours: of their scan, known by its series or by the file's name."""
    results = path.parent / RESULTS
    if not results.is_file():
        return {}
    scans = read_scans(results)
    for state, scan in scans.items():
        if series in scan.get("series_instance_uids", ()) or f"_{state}" in path.name:
            return groups_of(scan)
    return {}


def _case(name: str, details: Mapping[str, Case], groups: Mapping[str, str]) -> Case:
    known = details.get(name)
    if known is None:
        return Case(name, name, groups)
    return Case(name, known.patient, {**groups, **known.groups})


def _details(path: Path) -> dict[str, Case]:
    """What ``cases.csv`` in TRUTH tells: columns case, patient, and any of state, field_strength_t.

    Raises:
        SettingError: it has no column ``case``.
    """
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or "case" not in rows[0]:
        raise SettingError("The list of cases has no column case.", where=path.name, hint="See docs/evaluation.md.")
    return {
        row["case"]: Case(
            row["case"],
            row.get("patient") or row["case"],
            {key: row[key] for key in ("state", "field_strength_t") if row.get(key)},
        )
        for row in rows
    }


def _both(ours: Mapping[str, object], theirs: Mapping[str, object], alone: list[str]) -> list[str]:
    alone.extend(f"{name}: only true" for name in ours if name not in theirs)
    alone.extend(f"{name}: only found" for name in theirs if name not in ours)
    return [name for name in ours if name in theirs]


def _name(path: Path, folder: Path) -> str:
    return _DETAILS.sub("_", path.relative_to(folder).as_posix())


def _is_label_map(path: Path) -> bool:
    """Flow maps and image series that perf-app writes beside its labels are none."""
    return not re.search(r"_(gd|signal|mbf|relative_upslope)\.nii(\.gz)?$", path.name)
