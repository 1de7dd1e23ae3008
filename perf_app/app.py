"""The graph: which room's output feeds which room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.core import Application

from operators.aha_sectors.operator import AhaSectors
from operators.arterial_input.operator import ArterialInputFinder
from operators.dicom_loading.operator import DicomLoading, Scans
from operators.dicom_loading.rules import Rules
from operators.dicom_writing.operator import DicomWriting
from operators.door import Door, Stopwatch
from operators.flow_mapping.operator import FlowMapping
from operators.gadolinium.operator import GadoliniumConverter
from operators.motion_correction.operator import MotionCorrector
from operators.protocol import Protocol
from operators.quality.operator import Quality
from operators.report.operator import Report
from operators.resampling.operator import Resampler
from operators.segmentation.inference import Segmenter
from operators.segmentation.operator import Segment
from operators.series import ArterialInput, StudyResult
from perf_app import __version__
from perf_app.config import DEFAULT_HEMATOCRIT, Settings


class PerfusionApp(Application):
    """From a folder of DICOM files to files in `folder`; `result` holds the records once it ran."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        stopwatch: Stopwatch,
        segmenter: Segmenter,
        protocol: Protocol,
        rules: Rules,
        aif: ArterialInput | None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.stopwatch = stopwatch
        self.segmenter = segmenter
        self.protocol = protocol
        self.rules = rules
        self.aif = aif
        self.result: StudyResult | None = None
        super().__init__(["perf_app"])

    def compose(self) -> None:
        told = self.protocol.hematocrit
        hematocrit, hematocrit_from = (DEFAULT_HEMATOCRIT, "default") if told is None else (told, "protocol")
        source = self.settings.resolved(self.settings.input_path or Path())
        load = self._door(DicomLoading, folder=source, state=self.settings.state, rules=self.rules)
        scans = self._door(Scans)
        correct = self._door(MotionCorrector)
        convert = self._door(GadoliniumConverter, protocol=self.protocol)
        find_input = self._door(ArterialInputFinder, protocol=self.protocol, file=self.aif)
        resample = self._door(Resampler)
        map_flow = self._door(
            FlowMapping,
            hematocrit=hematocrit,
            hematocrit_from=hematocrit_from,
            model=self.settings.flow_model,
            scanner_flow=self.settings.scanner_flow,
        )
        segment = self._door(Segment, segmenter=self.segmenter)
        measure = self._door(AhaSectors)
        judge = self._door(Quality, software_version=__version__)
        report = self._door(Report, folder=self.folder)
        write = self._door(DicomWriting, folder=self.folder)
        keep = self._door(Keep, app=self)

        self._connect("study", load, scans, judge)
        self._connect("scan", scans, correct, convert, find_input, map_flow)
        self._connect("motion", correct, convert, judge)
        self._connect("gadolinium", convert, find_input, resample, segment, measure, judge)
        self._connect("arterial_input", find_input, resample, map_flow, judge)
        self._connect("resampled", resample, map_flow)
        self._connect("flow", map_flow, measure, judge)
        self._connect("segmentation", segment, map_flow, measure, judge)
        self._connect("sectors", measure, judge)
        self._connect("result", judge, report)
        self._connect("result", report, write)
        self._connect("result", write, keep)

    def _door(self, kind: type[Door], **settings: Any) -> Door:
        return kind(self, stopwatch=self.stopwatch, name=kind.__name__, **settings)

    def _connect(self, port: str, source: Door, *targets: Door) -> None:
        for target in targets:
            self.add_flow(source, target, {(port, port)})


class Keep(Door):
    """Leaves the result where the caller of the graph finds it."""

    inputs = ("result",)

    def __init__(self, fragment: Application, *args: Any, app: PerfusionApp, **kwargs: Any) -> None:
        self.app = app
        super().__init__(fragment, *args, **kwargs)

    def run(self, received: dict[str, Any]) -> None:
        self.app.result = received["result"]
