"""The summary that a run ends with."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_cases import MAKERS
from rich.console import Console

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.report import summary
from operators.report.notes import notes
from operators.series import StudyResult
from perf_app.terminal import results


def shown(result: StudyResult, folder: Path) -> str:
    console = Console(width=80, soft_wrap=True, record=True, quiet=False, file=(folder / "log").open("w"))
    console.print(results(result, folder), highlight=False)
    console.file.close()
    return console.export_text()


@pytest.mark.parametrize("name", list(MAKERS))
def test_flow_flags_and_files_are_told(name: str, tmp_path: Path) -> None:
    result = MAKERS[name]()
    for file in ("report.html", "results.json", "segmentation_stress_1.2.dcm", "segmentation_rest_1.3.dcm"):
        (tmp_path / file).write_bytes(b"x" * 2000)
    text = shown(result, tmp_path)
    for scan in result.scans:
        assert summary.mean(scan.sectors.whole, scan.flow.unit) in text
        assert ("mL/min/g" in text) == (scan.flow.unit == "mL/min/g")
    for note in notes(result):
        assert f"{note.severity}, {note.scope}: {note.message}" in text
    assert "report.html  (2 kB)" in text
    assert "2 DICOM objects (*.dcm): 2 segmentation" in text
    assert "Research use only" in text


def test_a_scan_takes_one_line_of_a_terminal_of_80_columns(tmp_path: Path) -> None:
    result = MAKERS["absolute"]()
    lines = shown(result, tmp_path).splitlines()
    for scan in result.scans:
        (line,) = (line for line in lines if line.startswith(f" {scan.scan.state} "))
        known = {number: mean for number, mean in summary.means(scan.sectors.by_sector).items() if mean is not None}
        lowest = min(known, key=lambda number: known[number])
        assert f"{known[lowest]:.2f} {SEGMENT_NAMES[lowest]}" in line
        assert len(line.rstrip()) <= 80
