"""An evaluation as Markdown, for people."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perf_app.evaluation.contours import FAILED
from perf_app.evaluation.tables import METRICS, known_groups, summarise_contours, summarise_flow

MARGIN = 0.05
"""A bias of MBF this large is of no consequence [mL/min/g]: below what two examinations of one patient differ by."""
TITLES = {
    "dice": "Dice",
    "false_positive": "false positive",
    "false_negative": "false negative",
    "precision": "precision",
    "recall": "recall",
    "boundary_mm": "boundary error [mm]",
    "hausdorff_mm": "Hausdorff [mm]",
    "insertion_anterior_deg": "anterior RV insertion [°]",
    "insertion_inferior_deg": "inferior RV insertion [°]",
}


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """All rows; a table without pairs is empty."""

    contours: pd.DataFrame
    flow: pd.DataFrame
    alone: tuple[str, ...] = ()
    """Files and scans with no partner."""
    margin: float = MARGIN
    """Of the equivalence test [mL/min/g]."""


def markdown(evaluation: Evaluation) -> str:
    """The summary for people: contours, flow, both by group, and what had no partner."""
    lines = ["# Evaluation", ""]
    contours, flow = evaluation.contours, evaluation.flow
    if len(contours):
        lines += ["## Contours", "", *contour_lines(contours)]
        for by in known_groups(contours):
            lines += ["", f"### By {_words(by)}", "", *contour_lines(contours, by)]
        lines += ["", NOTE, ""]
    if len(flow):
        lines += ["## Blood flow, found - true [mL/min/g]", "", *flow_lines(flow, evaluation.margin)]
        for by in known_groups(flow):
            lines += ["", f"### By {_words(by)}", "", *flow_lines(flow, evaluation.margin, by)]
        lines += ["", FLOW_NOTE.format(margin=evaluation.margin), ""]
    if evaluation.alone:
        lines += ["## Without a partner, not compared", "", *(f"- {name}" for name in evaluation.alone), ""]
    return "\n".join(lines)


NOTE = (
    "Mean ± SD over slices, in brackets the 95 % confidence interval of the mean (patients resampled). "
    f"Failed: Dice below {FAILED}; failures are part of every mean. n: slices in which the truth has the structure. "
    "False positive and negative are shares of the true area. p: whether groups differ (Welch's t-test of two, ANOVA "
    "of more; slices taken as independent)."
)
FLOW_NOTE = (
    "Limits of agreement: bias ± 1.96 SD. t: paired t-test, small where means differ; TOST: two one-sided tests, small "
    "where the bias lies within ± {margin:g} mL/min/g. Sectors of one scan are not independent, so their p values are "
    "too small."
)


def contour_lines(table: pd.DataFrame, by: str | None = None) -> list[str]:
    """Markdown: a row for each metric, a column for each structure; by group, a table for each structure."""
    summary = summarise_contours(table, by)
    if by is None:
        return _metric_table(summary, "structure")
    lines = []
    for structure, part in summary.groupby("structure", sort=False):
        p_values = part.drop_duplicates("metric").set_index("metric")["p_groups"].to_dict()
        lines += [
            f"{structure}:",
            "",
            *_metric_table(part, "group", {str(k): float(v) for k, v in p_values.items()}),
            "",
        ]
    return lines[:-1]


def _metric_table(summary: pd.DataFrame, across: str, p_values: Mapping[str, float] | None = None) -> list[str]:
    columns = [str(name) for name in dict.fromkeys(summary[across])]
    cells = {(str(row["metric"]), str(row[across])): row for row in summary.to_dict("records")}
    rows = []
    for metric in (name for name in METRICS if (summary["metric"] == name).any()):
        row = [metric_cell(metric, cells.get((metric, column))) for column in columns]
        rows.append([TITLES[metric], *row, *([] if p_values is None else [_p(p_values[metric])])])
    counts = [f"{cells[METRICS[0], column]['n']:.0f} ({cells[METRICS[0], column]['failed']:.0f})" for column in columns]
    rows.append(["slices (failed)", *counts, *([] if p_values is None else [""])])
    return _markdown_table(["", *columns, *([] if p_values is None else ["p"])], rows)


def flow_lines(table: pd.DataFrame, margin: float, by: str | None = None) -> list[str]:
    """A Markdown table of agreement."""
    heads = ["region", *([] if by is None else [_words(by)])]
    heads += ["n", "bias (95 % CI)", "limits of agreement", "r", "p (t)", "p (TOST)"]
    rows = []
    for row in summarise_flow(table, margin, by).to_dict("records"):
        if not row["n"]:
            continue
        rows.append(
            [
                str(row["region"]),
                *([] if by is None else [str(row["group"])]),
                str(row["n"]),
                f"{row['bias']:+.3f} ({row['bias_low']:+.3f} to {row['bias_high']:+.3f})",
                f"{row['lower']:+.3f} to {row['upper']:+.3f}",
                f"{row['correlation']:.3f}",
                _p(row["p_difference"]),
                _p(row["p_equivalence"]),
            ]
        )
    return _markdown_table(heads, rows)


def _markdown_table(heads: list[str], rows: Iterable[list[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in [heads, ["---"] * len(heads), *rows]]


def metric_cell(metric: str, row: Mapping[Hashable, Any] | None) -> str:
    """Mean ± SD (95 % CI) of a row of `summarise_contours`; a dash where there is nothing."""
    if row is None or not row["n"]:
        return "-"
    digits = 2 if metric.endswith(("_mm", "_deg")) else 3
    spread = f" ± {row['sd']:.{digits}f}" if np.isfinite(row["sd"]) else ""
    interval = f" ({row['low']:.{digits}f} to {row['high']:.{digits}f})" if np.isfinite(row["low"]) else ""
    return f"{row['mean']:.{digits}f}{spread}{interval}"


def _p(value: float) -> str:
    if not np.isfinite(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _words(column: str) -> str:
    return {"field_strength_t": "field strength [T]"}.get(column, column)
