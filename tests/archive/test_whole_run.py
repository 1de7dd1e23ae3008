"""A digital patient's study from an archive, analysed, its results back into the archive."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from servers import orthanc
from typer.testing import CliRunner
from written_objects import tool

from operators.series import State
from perf_app.archive import connect
from perf_app.cli import orchestrators
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.scene import QUICK
from perf_app.phantom.study import write_study

pytestmark = pytest.mark.xdist_group("graph")


def scans(out: Path) -> list[dict[str, Any]]:
    """Scans of results.json without how long they took."""
    found: list[dict[str, Any]] = json.loads((out / "results.json").read_text())["scans"]
    return [{key: value for key, value in scan.items() if key != "timings_s"} for scan in found]


def test_by_an_archive_is_as_by_folders(tmp_path: Path) -> None:
    patient = draw_patient(2)
    write_study(tmp_path / "study", replace(patient, states={State.REST: patient.states[State.REST]}), detail=QUICK)
    sources = sorted((tmp_path / "study").rglob("*.dcm"))
    study = str(dcmread(sources[0]).StudyInstanceUID)
    (tmp_path / "orthanc").mkdir()
    with orthanc(tmp_path / "orthanc") as server:
        tool("dcmsend", "-aec", "ORTHANC", "127.0.0.1", str(server.dicom.port), *sources)
        by_archive = ["--from-dicomweb", server.dicomweb, "--study", study, "--to-dicomweb", server.dicomweb]
        ended = CliRunner().invoke(orchestrators, ["-o", str(tmp_path / "by_archive"), *by_archive])
        by_folder = CliRunner().invoke(
            orchestrators, ["-i", str(tmp_path / "study"), "-o", str(tmp_path / "by_folder")]
        )
        assert ended.exit_code == by_folder.exit_code
        assert ended.exit_code in (0, 3), ended.stderr
        written = sorted((tmp_path / "by_archive").glob("*.dcm"))
        found = connect(server.dicomweb).search_for_instances(study, get_remaining=True)
    assert [path.name for path in written] == [path.name for path in sorted((tmp_path / "by_folder").glob("*.dcm"))]
    assert scans(tmp_path / "by_archive") == scans(tmp_path / "by_folder")
    expected = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in (*sources, *written)}
    assert {one["00080018"]["Value"][0] for one in found} == expected
