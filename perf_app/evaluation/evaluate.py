"""What ``perf-app evaluate`` does: pairs of files in, tables and plots out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from operators.errors import OutputError
from perf_app.evaluation import plots
from perf_app.evaluation.pairing import find_pairs
from perf_app.evaluation.summary import MARGIN, Evaluation, markdown
from perf_app.evaluation.tables import contour_table, flow_table, known_groups, summarise_contours, summarise_flow


def evaluate_folders(truth: Path, results: Path, margin: float = MARGIN) -> Evaluation:
    """Compare what lies in two folders; see `pairing`.

    Raises:
        PerfusionError: nothing to compare, or a file can't be used.
    """
    pairs = find_pairs(truth, results)
    return Evaluation(contour_table(pairs.contours), flow_table(pairs.flows), tuple(pairs.alone), margin)


def write_evaluation(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write ``summary.md``, the tables as CSV and the plots into a folder, made where it is missing.

    Raises:
        OutputError: that can't be done.
    """
    written = [folder / "summary.md"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written[0].write_text(markdown(evaluation), encoding="utf-8")
        for name, table in _tables(evaluation).items():
            written.append(folder / f"{name}.csv")
            table.to_csv(written[-1], index=False, float_format="%.6g")
        if len(evaluation.contours):
            written.append(plots.plot_dice(evaluation.contours, folder / "dice.png"))
        if len(evaluation.flow):
            written.append(plots.plot_flow(evaluation.flow, evaluation.margin, folder / "flow.png"))
    except OSError as error:
        hint = "Choose a folder that can be written to."
        raise OutputError(
            f"The evaluation could not be written: {error.strerror}", where=str(folder), hint=hint
        ) from error
    return written


def _tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    tables: dict[str, pd.DataFrame] = {}
    if len(evaluation.contours):
        parts = [summarise_contours(evaluation.contours, by) for by in (None, *known_groups(evaluation.contours))]
        tables |= {"contours": evaluation.contours, "contours_summary": pd.concat(parts, ignore_index=True)}
    if len(evaluation.flow):
        groups = (None, *known_groups(evaluation.flow))
        parts = [summarise_flow(evaluation.flow, evaluation.margin, by) for by in groups]
        tables |= {"flow": evaluation.flow, "flow_summary": pd.concat(parts, ignore_index=True)}
    return tables
