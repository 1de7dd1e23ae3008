"""A user's pairs of files: what is paired, what is written, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from builders import make_scan_result, make_study_result
from first_pass import first_pass
from pydicom import dcmread
from typer.testing import CliRunner, Result

from operators.dicom_writing.seg import segmentations
from operators.report.results import write_results
from operators.series import Label, State
from perf_app.cli import people
from perf_app.evaluation.label_files import read_nifti, read_segmentation


def command(*arguments: Path | str) -> Result:
    return CliRunner().invoke(people, ["evaluate", *map(str, arguments)])


def save(path: Path, labels: np.ndarray[Any, Any], step: float = 2.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(labels, np.diag([step, step, 8.0, 1.0])), path)


@pytest.fixture
def labels() -> np.ndarray[Any, Any]:
    return np.repeat(first_pass()[1][..., None], 3, axis=2)


def test_label_maps_are_paired_by_name_and_measured(tmp_path: Path, labels: np.ndarray[Any, Any]) -> None:
    save(tmp_path / "truth/p1/rest.nii.gz", labels)
    save(tmp_path / "truth/p2/stress.nii.gz", labels)
    save(tmp_path / "truth/p3/rest.nii.gz", labels)
    save(tmp_path / "found/p1/rest_seg.nii.gz", labels)
    save(tmp_path / "found/p2/stress_seg.nii.gz", np.roll(labels, 1, axis=1))
    (tmp_path / "truth/cases.csv").write_text("case,patient,state\np1/rest,1,rest\np2/stress,2,stress\n")
    ended = command(tmp_path / "truth", tmp_path / "found", tmp_path / "out")
    assert ended.exit_code == 0, ended.output
    table = pd.read_csv(tmp_path / "out/contours.csv")
    assert len(table) == 2 * 3 * 3
    exact, moved = (table[table["case"] == name] for name in ("p1/rest", "p2/stress"))
    assert (exact["dice"] == 1).all()
    assert (exact["hausdorff_mm"] == 0).all()
    assert (moved["hausdorff_mm"] == 2).all()
    assert (moved["dice"] < 1).all()
    summary = (tmp_path / "out/summary.md").read_text()
    assert "p3/rest: only true" in summary
    assert "### By state" in summary
    assert (tmp_path / "out/dice.png").stat().st_size > 1000


def test_segmentation_objects_are_paired_by_the_series_they_were_drawn_on(tmp_path: Path) -> None:
    result = make_study_result()
    for folder in ("truth", "found"):
        (tmp_path / folder).mkdir()
        for written in segmentations(result, tmp_path):
            written.dataset.save_as(tmp_path / folder / f"{written.dataset.SeriesNumber}.dcm")
    write_results(result, tmp_path / "found")
    stack = read_segmentation(next((tmp_path / "truth").glob("*.dcm")))
    mine = result.scans[0]
    order = np.argsort(mine.gadolinium.series.affines[:, 2, 3])
    np.testing.assert_array_equal(stack.labels, mine.segmentation.labels[order])
    np.testing.assert_allclose(stack.affines[:, :3, :2], mine.gadolinium.series.affines[:, :3, :2])
    ended = command(tmp_path / "truth", tmp_path / "found", tmp_path / "out")
    assert ended.exit_code == 0, ended.output
    table = pd.read_csv(tmp_path / "out/contours.csv")
    assert set(table["state"]) == {"stress", "rest"}
    assert (table["dice"] == 1).all()


def test_flow_is_compared_by_state_and_region(tmp_path: Path) -> None:
    for folder, shift in (("truth", 0.0), ("found", 0.1)):
        for patient in range(4):
            scans = [
                make_scan_result(state, mbf=m + shift + 0.02 * patient)
                for state, m in ((State.STRESS, 2), (State.REST, 1))
            ]
            (tmp_path / folder / str(patient)).mkdir(parents=True)
            write_results(make_study_result(*scans), tmp_path / folder / str(patient))
    ended = command(tmp_path / "truth", tmp_path / "found", tmp_path / "out", "--margin", "0.3")
    assert ended.exit_code == 0, ended.output
    table = pd.read_csv(tmp_path / "out/flow.csv")
    assert len(table) == 4 * 2 * 17
    whole = table[table["region"] == "global"]
    summary = pd.read_csv(tmp_path / "out/flow_summary.csv")
    overall = summary[(summary["region"] == "global") & (summary["group"] == "all")].iloc[0]
    assert overall["n"] == 8
    assert overall["bias"] == pytest.approx((whole["found"] - whole["truth"]).mean(), rel=1e-4)
    assert overall["p_equivalence"] < 0.05
    assert set(summary["group"]) >= {"all", "stress", "rest"}
    assert (tmp_path / "out/flow.png").is_file()


def test_a_relative_scan_has_no_flow_to_compare(tmp_path: Path) -> None:
    for folder in ("truth", "found"):
        (tmp_path / folder).mkdir()
        write_results(make_study_result(make_scan_result(absolute=folder == "truth")), tmp_path / folder)
    ended = command(tmp_path / "truth", tmp_path / "found", tmp_path / "out")
    assert ended.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["nothing in common", "other grid", "no labels", "no folder", "broken results"])
def test_what_cannot_be_compared_is_refused(tmp_path: Path, labels: np.ndarray[Any, Any], what: str) -> None:
    save(tmp_path / "truth/a.nii.gz", labels)
    if what == "nothing in common":
        save(tmp_path / "found/b.nii.gz", labels)
    elif what == "other grid":
        save(tmp_path / "found/a.nii.gz", labels[:50, :50], step=4.0)
    elif what == "no labels":
        save(tmp_path / "found/a.nii.gz", labels * 7)
    elif what == "broken results":
        for folder in ("truth", "found"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "results.json").write_text(json.dumps({"scans": 3}))
    ended = command(tmp_path / "truth", tmp_path / "found", tmp_path / "out")
    assert ended.exit_code == 2, ended.output
    assert "what to do" in ended.output
    assert not (tmp_path / "out").exists()


def change(path: Path, what: str) -> None:
    """Make a segmentation object one that can't be compared."""
    dataset = dcmread(path)
    if what == "drawn on nothing":
        del dataset.ReferencedSeriesSequence
    elif what == "fractional":
        dataset.SegmentationType = "FRACTIONAL"
    else:
        for segment in dataset.SegmentSequence:
            segment.SegmentLabel = "tumour"
            segment.SegmentedPropertyTypeCodeSequence[0].CodeValue = "108369006"
    dataset.save_as(path)


@pytest.mark.parametrize(
    ("what", "said"),
    [("drawn on nothing", "which series it was drawn on"), ("fractional", "binary"), ("another organ", "none of LV")],
)
def test_segmentations_that_cannot_be_compared_are_refused(tmp_path: Path, what: str, said: str) -> None:
    for folder in ("truth", "found"):
        (tmp_path / folder).mkdir()
        (written,) = segmentations(make_study_result(make_scan_result()), tmp_path)
        written.dataset.save_as(tmp_path / folder / "one.dcm")
    change(tmp_path / "found/one.dcm", what)
    ended = command(tmp_path / "truth", tmp_path / "found", tmp_path / "out")
    assert ended.exit_code == 2, ended.output
    assert said in ended.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "code", "said"), [("truth/cases.csv", 2, "no column case"), ("out", 4, "could not be written")]
)
def test_a_list_without_cases_is_refused_and_a_file_is_no_folder(
    tmp_path: Path, labels: np.ndarray[Any, Any], file: str, code: int, said: str
) -> None:
    for folder in ("truth", "found"):
        save(tmp_path / folder / "a.nii.gz", labels)
    (tmp_path / file).write_text("name,patient\na,1\n")
    ended = command(tmp_path / "truth", tmp_path / "found", tmp_path / "out")
    assert ended.exit_code == code
    assert said in ended.stderr


def test_a_flat_label_map_is_one_slice(tmp_path: Path, labels: np.ndarray[Any, Any]) -> None:
    save(tmp_path / "one.nii.gz", labels[..., 0])
    stack = read_nifti(tmp_path / "one.nii.gz")
    assert stack.labels.shape == (1, 100, 100)
    assert stack.spacing == (2.0, 2.0)
    assert set(np.unique(stack.labels)) == set(Label)
