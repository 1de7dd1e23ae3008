"""What the chain found in a digital patient beside what is true of it."""

from __future__ import annotations

from rich.table import Table

from operators.series import StudyResult
from perf_app.phantom.truth import StudyTruth


def compare_with_truth(result: StudyResult, truth: StudyTruth) -> Table:
    """Global MBF by state: found, true, error."""
    table = Table(title="Global MBF of the digital patient, mL/min/g", title_justify="left")
    for name in ("scan", "found", "true", "error"):
        table.add_column(name, justify="right")
    for scan in result.scans:
        true = truth.scan(scan.scan.state).whole.mean
        found = scan.sectors.whole
        if found is None:
            table.add_row(scan.scan.state, "none", f"{true:.2f}", "")
        else:
            table.add_row(scan.scan.state, f"{found.mean:.2f}", f"{true:.2f}", f"{found.mean / true - 1:+.1%}")
    return table
