"""Inspection says what is in a folder and what would be done, and agrees with what loading does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from builders import CANARIES
from dicom_series import MORNING, write_series

from operators.dicom_loading.inspection import inspect_folder
from operators.dicom_loading.loader import load_study
from operators.series import FloatArray, Role, State


def images(slices: int, frames: int = 22) -> FloatArray:
    return np.random.default_rng(1).integers(50, 400, (slices, frames, 4, 4)).astype(float)


def test_rows_agree_with_loading(tmp_path: Path) -> None:
    write_series(tmp_path, images(2), description="stress_perf Canary^Bird", comments=["PD"] * 2 + [""] * 20)
    write_series(tmp_path, images(1), description="stress_AIF")
    write_series(tmp_path, images(1), description="rest_perf", start=MORNING + 900)
    write_series(tmp_path, images(1), description="rest_perf", name="again", number=4, start=MORNING + 1200)
    write_series(tmp_path, images(1, 1), description="localizer")
    rows = {row.action: row for row in inspect_folder(tmp_path).series}
    assert set(rows) == {
        "used as main images of the stress scan",
        "used as AIF of the stress scan",
        "used as main images of the rest scan",
        "left out: series 4 shows the latest injection of this state",
        "left out: no first pass by its words and times",
    }
    main = rows["used as main images of the stress scan"]
    assert (main.role, main.state, main.dialect, main.slices, main.frames) == (
        Role.PERFUSION,
        State.STRESS,
        "siemens",
        2,
        (22, 22),
    )
    assert main.missing == ()
    assert main.heart_rate_bpm is not None
    assert abs(main.heart_rate_bpm - 75) < 0.1
    rest = rows["used as main images of the rest scan"]
    assert rest.missing == ("AIF images", "proton-density frames (none marked in the headers)")
    study = load_study(tmp_path)
    assert [scan.perfusion.series_instance_uids[0] for scan in study.scans] == [
        main.series_instance_uid,
        rest.series_instance_uid,
    ]
    assert not any(canary in repr(row) for canary in CANARIES for row in rows.values())


def test_unreadable_files_and_two_patients_are_rows_too(tmp_path: Path) -> None:
    write_series(tmp_path, images(1))
    write_series(tmp_path, images(1), name="other", patient=("Other^One", "2", "19010204"))
    path = sorted(tmp_path.iterdir())[0]
    path.write_bytes(path.read_bytes()[:200])
    rows = inspect_folder(tmp_path).series
    assert [row.series_instance_uid == "" for row in rows] == [False, False, True]
    assert all(row.action.startswith("refused: ") for row in rows)
