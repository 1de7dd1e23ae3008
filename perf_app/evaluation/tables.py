"""Pairs to data frames: one row a slice and structure, one row a region's flow; and their summaries by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from operators.series import FloatArray, Label
from perf_app.evaluation.contours import FAILED, boundary_distances, overlap
from perf_app.evaluation.label_stack import LabelStack, insertion_errors
from perf_app.evaluation.statistics import agreement, groups_differ, mean_interval

STRUCTURES = {Label.MYOCARDIUM: "myocardium", Label.LV_CAVITY: "LV cavity", Label.RV: "RV"}
METRICS = (
    "dice",
    "false_positive",
    "false_negative",
    "precision",
    "recall",
    "boundary_mm",
    "hausdorff_mm",
    "insertion_anterior_deg",
    "insertion_inferior_deg",
)
GROUPS = ("state", "field_strength_t", "level")
"""What the paper's tables are split by."""
WHOLE = "global"


@dataclass(frozen=True, slots=True)
class Case:
    """One scan of a patient."""

    name: str
    patient: str
    """Cases of one patient share it: confidence intervals resample patients."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """State, field strength, slice level ...; what isn't known is absent."""


@dataclass(frozen=True, slots=True, eq=False)
class ContourPair:
    """Contours of one scan, true and found, on one grid."""

    case: Case
    truth: LabelStack
    found: LabelStack


@dataclass(frozen=True, slots=True)
class FlowPair:
    """Flow of one scan [mL/min/g] by region: ``global`` and AHA segments 1 to 16; None where there is none."""

    case: Case
    truth: Mapping[str, float | None]
    found: Mapping[str, float | None]


def contour_table(pairs: Iterable[ContourPair]) -> pd.DataFrame:
    """A row for each slice and structure that is drawn in the truth.

    Columns: case, patient, slice (from 1), structure, the groups, the metrics (`METRICS`), failed (Dice below 0.5).
    Insertion angles stand in the myocardium's row. A structure that was missed has Dice 0 and no distances.
    """
    return pd.DataFrame([row for pair in pairs for row in _rows(pair)])


def _rows(pair: ContourPair) -> list[dict[str, Any]]:
    rows = []
    truth, found, levels = pair.truth, pair.found, pair.truth.levels()
    angles = insertion_errors(truth, found)
    for k, level in enumerate(levels):
        for label, name in STRUCTURES.items():
            true, drawn = truth.labels[k] == label, found.labels[k] == label
            if not true.any():
                continue
            row: dict[str, Any] = {"case": pair.case.name, "patient": pair.case.patient, "slice": k + 1}
            row |= {"structure": name, "level": level, **pair.case.groups}
            row |= overlap(true, drawn) | boundary_distances(true, drawn, truth.spacing)
            row |= angles[k] if label == Label.MYOCARDIUM else {}
            rows.append(row | {"failed": row["dice"] < FAILED})
    return rows


def flow_table(pairs: Iterable[FlowPair]) -> pd.DataFrame:
    """A row for each region that has a flow in both: case, patient, the groups, region, truth, found [mL/min/g]."""
    rows = []
    for pair in pairs:
        for region, true in pair.truth.items():
            drawn = pair.found.get(region)
            if true is not None and drawn is not None:
                row = {"case": pair.case.name, "patient": pair.case.patient, **pair.case.groups}
                rows.append(row | {"region": region, "truth": true, "found": drawn})
    return pd.DataFrame(rows)


def summarise_contours(table: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Mean, SD, median and 95 % confidence interval of each structure's metrics, in all or by group of column `by`.

    Columns: structure, group, metric, n, mean, sd, median, low, high, failed (Dice below 0.5), p_groups (whether the
    groups differ, slices taken as independent).
    """
    rows = []
    for structure, whole in table.groupby("structure", sort=False):
        parts = _parts(whole, by)
        for metric in METRICS:
            samples = [part[metric].to_numpy(np.float64) for _, part in parts]
            if not any(np.isfinite(sample).any() for sample in samples):
                continue
            for (group, part), sample in zip(parts, samples, strict=True):
                row: dict[str, Any] = {"structure": structure, "group": group, "metric": metric}
                row |= _describe(sample, part["patient"].to_numpy())
                rows.append(row | {"failed": int(part["failed"].sum()), "p_groups": groups_differ(samples)})
    return pd.DataFrame(rows)


def summarise_flow(table: pd.DataFrame, margin: float, by: str | None = None) -> pd.DataFrame:
    """Agreement of global and of sector flow, in all or in each group of column `by`; see `statistics.Agreement`."""
    rows = []
    for region, whole in ((WHOLE, table[table["region"] == WHOLE]), ("sectors", table[table["region"] != WHOLE])):
        for group, part in _parts(whole, by):
            found = agreement(part["truth"].to_numpy(np.float64), part["found"].to_numpy(np.float64), margin)
            rows.append({"region": region, "group": group, **asdict(found)})
    return pd.DataFrame(rows)


def known_groups(table: pd.DataFrame) -> list[str]:
    """Those of `GROUPS` by which a table can be split in two or more."""
    return [name for name in GROUPS if name in table and table[name].nunique() > 1]


def _parts(table: pd.DataFrame, by: str | None) -> list[tuple[str, pd.DataFrame]]:
    if by is None:
        return [("all", table)]
    return [(str(group), part) for group, part in table.groupby(by)]


def _describe(values: FloatArray, patients: Any) -> dict[str, float]:
    known = values[np.isfinite(values)]
    low, high = mean_interval(values, patients)
    if not len(known):
        return {"n": 0, "mean": np.nan, "sd": np.nan, "median": np.nan, "low": low, "high": high}
    sd = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
    return {
        "n": len(known),
        "mean": float(known.mean()),
        "sd": sd,
        "median": float(np.median(known)),
        "low": low,
        "high": high,
    }
