"""What all doors share: receive, call the room's function, time it, emit.

A door is the only part of a room that knows the graph framework. It does no arithmetic: `ScanDoor.work` names one pure
function and its arguments.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

from monai.deploy.core import ExecutionContext, Fragment, InputContext, Operator, OperatorSpec, OutputContext

from operators.series import StudyResult
from operators.side_by_side import side_by_side

logger = logging.getLogger(__name__)


class Stopwatch:
    """Seconds by room and scan of one run."""

    def __init__(self, on_start: Callable[[str, int | None], None] | None = None) -> None:
        self.seconds: dict[tuple[str, int | None], float] = {}
        self.on_start = on_start

    @contextmanager
    def time(self, room: str, scan: int | None) -> Iterator[None]:
        """Time what happens inside; `scan` is the scan's index, None for work done once for the whole study."""
        if self.on_start is not None:
            self.on_start(room, scan)
        started = perf_counter()
        yield
        self.seconds[room, scan] = perf_counter() - started
        logger.info("%s%s: %.2f s", room, "" if scan is None else f", scan {scan + 1}", self.seconds[room, scan])

    def of_scan(self, scan: int) -> dict[str, float]:
        """Seconds by room: of this scan, and of what was done once for the study."""
        return {room: seconds for (room, index), seconds in self.seconds.items() if index in (None, scan)}


class Door(Operator):
    """A room that handles the study as a whole: `work` takes the inputs by name, its value is emitted as `output`."""

    inputs: ClassVar[tuple[str, ...]] = ()
    output: ClassVar[str | None] = None

    def __init__(self, fragment: Fragment, *args: Any, stopwatch: Stopwatch, **kwargs: Any) -> None:
        self.stopwatch = stopwatch
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        for port in self.inputs:
            spec.input(port)
        if self.output is not None:
            spec.output(self.output)

    def compute(self, op_input: InputContext, op_output: OutputContext, context: ExecutionContext) -> None:  # noqa: ARG002
        received = {port: op_input.receive(port) for port in self.inputs}
        result = self.run(received)
        if self.output is not None:
            op_output.emit(result, self.output)

    def run(self, received: dict[str, Any]) -> Any:
        with self.stopwatch.time(self.room, None):
            return self.work(**received)

    @property
    def room(self) -> str:
        """Folder name of the room."""
        return type(self).__module__.split(".")[-2]

    def work(self, **received: Any) -> Any:
        raise NotImplementedError


class ScanDoor(Door):
    """A room that handles each scan alone: every port carries a tuple with one entry a scan."""

    def run(self, received: dict[str, Any]) -> Any:
        results = []
        for index, values in enumerate(zip(*received.values(), strict=True)):
            with self.stopwatch.time(self.room, index):
                results.append(self.work(**dict(zip(received, values, strict=True))))
        return tuple(results)


class ScansTogetherDoor(ScanDoor):
    """A room whose work on a scan takes one thread: that of all scans is done side by side, and timed as one."""

    def run(self, received: dict[str, Any]) -> Any:
        def work(*values: Any) -> Any:
            return self.work(**dict(zip(received, values, strict=True)))

        with self.stopwatch.time(self.room, None):
            return tuple(side_by_side(work, *received.values()))


class WritingDoor(Door):
    """A room that writes what a study's result holds into a folder, then passes it on to what needs these files."""

    inputs = ("result",)
    output = "result"

    def __init__(self, fragment: Fragment, *args: Any, folder: Path, **kwargs: Any) -> None:
        self.folder = folder
        super().__init__(fragment, *args, **kwargs)

    def work(self, result: StudyResult) -> StudyResult:  # type: ignore[override]
        self.write(result, self.folder)
        return result

    def write(self, result: StudyResult, folder: Path) -> None:
        raise NotImplementedError
