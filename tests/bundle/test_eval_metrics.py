"""The metadata's figures of the released weights are those that the benchmark found, and of those weights."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from bundle_scripts import BUNDLE

from benchmarks.paper_protocol import write_metrics
from perf_app.evaluation.tables import METRICS

METADATA = BUNDLE / "configs/metadata.json"


def table() -> pd.DataFrame:
    """One slice of each of two patients."""
    rows = [
        {"structure": "myocardium", "patient": "a", "dice": 0.9, "hausdorff_mm": 2.0, "failed": False},
        {"structure": "myocardium", "patient": "b", "dice": 0.4, "hausdorff_mm": 4.0, "failed": True},
        {"structure": "LV cavity", "patient": "a", "dice": 0.8, "hausdorff_mm": 3.0, "failed": False},
        {"structure": "LV cavity", "patient": "b", "dice": 0.7, "hausdorff_mm": 3.0, "failed": False},
    ]
    return pd.DataFrame(rows).reindex(columns=["structure", "patient", "failed", *METRICS])


def test_figures_are_means_and_deviations_over_slices_and_said_to_be_simulated(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    path.write_text(METADATA.read_text())
    write_metrics(path, table(), "0123abcd")
    metrics = json.loads(path.read_text())["eval_metrics"]
    assert metrics["data"] == "simulated: 2 slices of 2 digital patients"
    assert (metrics["weights"], metrics["failed_slices"]) == ("0123abcd", 1)
    assert metrics["dice_myocardium"] == pytest.approx(0.65)
    assert metrics["dice_myocardium_sd"] == pytest.approx(0.5 / 2**0.5, abs=1e-3)
    assert metrics["dice_lv_cavity"] == pytest.approx(0.75)
    assert metrics["hausdorff_mm_myocardium"] == pytest.approx(3.0)
    assert "hausdorff_mm_lv_cavity" not in metrics


def test_nothing_else_in_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    path.write_text(METADATA.read_text())
    write_metrics(path, table(), "0123abcd")

    def others(file: Path) -> list[str]:
        before, _, rest = file.read_text().partition('"eval_metrics": {')
        return [before, rest.partition("}")[2]]

    assert others(path) == others(METADATA)


def test_figures_are_of_the_weights_beside_them() -> None:
    metrics = json.loads(METADATA.read_text())["eval_metrics"]
    digest = (BUNDLE / "models/model.sha256").read_text()
    assert not metrics or digest.startswith(metrics["weights"])
