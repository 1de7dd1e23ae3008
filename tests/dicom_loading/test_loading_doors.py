"""The doors in a real graph: the study is loaded once, and its scans are handed on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from dicom_series import write_series
from monai.deploy.core import Application

from operators.dicom_loading.operator import DicomLoading, Scans
from operators.door import Door, Stopwatch
from operators.series import PerfusionScan, State


class Catch(Door):
    inputs = ("scan",)
    room = "test"

    def __init__(self, fragment: Application, caught: list[tuple[PerfusionScan, ...]], **kwargs: Any) -> None:
        self.caught = caught
        super().__init__(fragment, **kwargs)

    def work(self, scan: tuple[PerfusionScan, ...]) -> None:  # type: ignore[override]
        self.caught.append(scan)


class Graph(Application):  # type: ignore[misc]  # the framework ships no types
    def __init__(self, folder: Path) -> None:
        self.folder, self.stopwatch = folder, Stopwatch()
        self.caught: list[tuple[PerfusionScan, ...]] = []
        super().__init__([])

    def compose(self) -> None:
        load = DicomLoading(self, folder=self.folder, state=State.REST, stopwatch=self.stopwatch, name="load")
        scans = Scans(self, stopwatch=self.stopwatch, name="scans")
        catch = Catch(self, self.caught, stopwatch=self.stopwatch, name="catch")
        self.add_flow(load, scans, {("study", "study")})
        self.add_flow(scans, catch, {("scan", "scan")})


def test_one_study_goes_through_once(tmp_path: Path) -> None:
    write_series(tmp_path, np.random.default_rng(1).integers(50, 400, (20, 4, 4)).astype(float))
    graph = Graph(tmp_path)
    graph.run()
    ((scan,),) = graph.caught
    assert scan.state is State.REST
    assert set(graph.stopwatch.seconds) == {("dicom_loading", None), ("test", None)}
    assert graph.stopwatch.seconds["dicom_loading", None] > 0
