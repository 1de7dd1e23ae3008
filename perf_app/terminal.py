"""What a run shows in a terminal: where it is, and what came out of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_TERRITORY
from operators.report import summary
from operators.report.notes import notes
from operators.series import ScanResult, StudyResult
from perf_app.config import Settings
from perf_app.output_folder import written_files
from perf_app.run import Outcome, run

STEPS = {
    "dicom_loading": "reading the images",
    "motion_correction": "correcting motion",
    "gadolinium": "converting signal to Gd",
    "arterial_input": "finding the arterial input",
    "resampling": "bringing both to one clock",
    "segmentation": "segmenting the heart",
    "flow_mapping": "fitting blood flow",
    "aha_sectors": "measuring AHA segments",
    "quality": "judging quality",
    "report": "writing the report",
    "dicom_writing": "writing DICOM objects",
}
"""Of the chain, by room, in plain words."""
STYLES = {"withheld": "bold red", "warning": "yellow", "info": "none"}


def run_with_progress(settings: Settings, console: Console) -> Outcome:
    """Process one study with a bar that says which step it is at; nothing of it stays."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=len(STEPS))
        begun = set[str]()

        def on_start(room: str, scan: int | None) -> None:
            begun.add(room)
            which = "" if scan is None else f", scan {scan + 1}"
            progress.update(task, completed=len(begun) - 1, description=f"{STEPS[room]}{which}")

        return run(settings, on_start)


def results(result: StudyResult, folder: Path) -> RenderableType:
    """A study's flow, its flags, and the files in the folder."""
    flags = [
        Text(f"  {note.severity}, {note.scope}: {note.message}", style=STYLES[note.severity]) for note in notes(result)
    ]
    said = f"{_units(result)}; ± is the uncertainty: SD of the mean's error by noise, delay and fit."
    return Group(_table(result), Text(said, style="dim"), *flags, *_files(folder))


def _units(result: StudyResult) -> str:
    return " and ".join(dict.fromkeys(summary.quantity_with_unit(scan.flow.unit) for scan in result.scans))


def _table(result: StudyResult) -> Table:
    title = f"{summary.RESEARCH_USE_ONLY}. {summary.TRAINING}."
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in ("global", *SEGMENTS_OF_TERRITORY):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("lowest segment")
    for title, scan in zip(summary.titles(result), result.scans, strict=True):
        unit, sectors = scan.flow.unit, scan.sectors
        whole = " ".join((summary.mean(sectors.whole, unit), summary.uncertainty(summary.known(sectors.whole), unit)))
        parts = [summary.mean(sectors.by_territory[name], unit) for name in SEGMENTS_OF_TERRITORY]
        shown = "withheld" if scan.withheld and sectors.whole is None else whole
        table.add_row(title, shown, *parts, _lowest(scan))
    if summary.has_reserve(result):
        parts = [summary.number(result.reserve_by_territory.get(name)) for name in SEGMENTS_OF_TERRITORY]
        table.add_row("reserve", summary.number(result.reserve_global), *parts, "")
    return table


def _lowest(scan: ScanResult) -> str:
    known = {number: mean for number, mean in summary.means(scan.sectors.by_sector).items() if mean is not None}
    if not known:
        return summary.NO_VALUE
    number = min(known, key=lambda one: known[one])
    return f"{summary.number(known[number], scan.flow.unit)} {SEGMENT_NAMES[number]}"


def _files(folder: Path) -> list[Text]:
    """What a run wrote: reports by name, DICOM objects counted by their kind."""
    files = written_files(folder)
    kinds = Counter(file.name.split("_")[0] for file in files if file.suffix == ".dcm")
    objects = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    named = [f"  {file.name}  ({_size(file)})" for file in files if file.suffix != ".dcm"]
    return [
        Text(f"\nWritten to {folder}:"),
        *(Text(line) for line in named),
        *([Text(f"  {kinds.total()} DICOM objects (*.dcm): {objects}")] if kinds else []),
    ]


def _size(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"
