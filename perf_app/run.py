"""One run of the chain: staged outputs, and an exit code for whatever happens."""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from operators.arterial_input.csv_file import read_csv
from operators.errors import OutputError, PerfusionError
from operators.framework import prepare
from operators.report.results import write_results
from operators.series import StudyResult
from perf_app.config import Settings
from perf_app.output_folder import refuse_other_study, staged, write_error
from perf_app.protocol_file import read_protocol
from perf_app.rules_file import read_rules

logger = logging.getLogger(__name__)

DONE, BUG, WITHHELD = 0, 1, 3


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    exit_code: int
    """0 done, 1 a bug, 2 input refused, 3 done but a quality gate withheld results, 4 output could not be written."""
    result: StudyResult | None = None
    error: PerfusionError | None = None


def run(settings: Settings, on_start: Callable[[str, int | None], None] | None = None) -> Outcome:
    """Process one study; never raises for what the input, the settings or the chain did wrong.

    A refused or failed run leaves the output folder as it was, but for error.json.

    Args:
        settings: what to run on.
        on_start: called with a room's name and the scan's index (None: the study) when its work starts.
    """
    output = settings.resolved(settings.output_path)
    result: StudyResult | None = None
    try:
        with _input(settings) as read, _no_collector():
            result, objects = _process(read, on_start)
        if settings.to_dicomweb:
            from perf_app.archive import send_objects

            send_objects(settings.to_dicomweb, objects)
    except PerfusionError as error:
        logger.error("%s", error)
        if not isinstance(error, OutputError):
            write_error(output, error.code, error.message, error.where, error.hint)
        return Outcome(error.exit_code, result, error)
    except Exception as bug:  # noqa: BLE001  # the one place where a bug becomes an exit code
        # Without its text, which may quote a header.
        frames = "".join(traceback.format_tb(bug.__traceback__))
        kind = type(bug).__name__
        logger.error("a bug in the program: %s\n%s", kind, frames)
        last = traceback.extract_tb(bug.__traceback__)[-1]
        hint = "Please report it with the log; it holds no patient data."
        write_error(output, "bug", f"A bug in the program ({kind}).", f"{last.name}, line {last.lineno}", hint)
        return Outcome(BUG)
    return Outcome(WITHHELD if result.withheld else DONE, result)


@contextmanager
def _input(settings: Settings) -> Iterator[Settings]:
    """Settings whose input is a folder; a study from a server lies in a private one only as long as it's needed."""
    if settings.from_dicomweb is None or settings.study is None:
        yield settings
        return
    from perf_app.archive import fetch_study

    with TemporaryDirectory(prefix="perf_app-") as folder:
        fetch_study(settings.from_dicomweb, settings.study, Path(folder))
        yield settings.model_copy(update={"input_path": Path(folder)})


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without Python's search for cycles: reading and writing DICOM makes millions of objects that are in none.

    Looking through all of them again and again takes a fifth of that time. What cycles there are (a figure's) wait
    until the study is done.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _process(
    settings: Settings, on_start: Callable[[str, int | None], None] | None
) -> tuple[StudyResult, tuple[Path, ...]]:
    """Run the graph; its result, and the DICOM objects in the output folder."""
    prepare()
    # The graph framework takes seconds to import: only once the settings are good.
    from operators.door import Stopwatch
    from operators.segmentation.inference import Segmenter
    from perf_app.app import PerfusionApp

    output = settings.resolved(settings.output_path)
    with staged(output) as staging:
        protocol = read_protocol(settings.protocol and settings.resolved(settings.protocol))
        aif = read_csv(settings.resolved(settings.aif)) if settings.aif else None
        segmenter = Segmenter(settings.resolved(settings.model_path))
        rules = read_rules(settings.rules and settings.resolved(settings.rules))
        app = PerfusionApp(settings, staging, Stopwatch(on_start), segmenter, protocol, rules, aif)
        app.run()
        if app.result is None:
            raise RuntimeError("the graph ended without a result")
        refuse_other_study(output, app.result.study.study_instance_uid)
        if settings.nifti:
            from perf_app.nifti import write_nifti

            write_nifti(app.result, staging)
        write_results(app.result, staging)
        objects = tuple(output / path.name for path in sorted(staging.glob("*.dcm")))
    return app.result, objects
