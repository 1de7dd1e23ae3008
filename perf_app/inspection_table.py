"""What a folder holds, as a table for the person at the scanner."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from operators.dicom_loading.inspection import FolderSummary, SeriesSummary

UNREAD = "–"


def inspection_table(folder: FolderSummary) -> Group:
    """A row a series, in the order of their numbers, and beneath it what holds for all."""
    table = Table(box=box.HORIZONTALS, show_lines=True, pad_edge=False, padding=(0, 0))
    for name in ("series", "used", "holds", "state", "dialect", "slices\n× frames", "beats\n/min"):
        table.add_column(name, max_width=9)
    table.add_column("why, and what is missing")
    for one in folder.series:
        table.add_row(*_row(one), style="" if one.used else "dim")
    return Group(table, *_remarks(folder))


def _row(one: SeriesSummary) -> tuple[str, ...]:
    rate = "" if one.heart_rate_bpm is None else f"{one.heart_rate_bpm:.0f}"
    sentences = [one.action, *one.notes]
    if one.missing:
        sentences.append(f"missing: {', '.join(one.missing)}")
    return (
        one.label or UNREAD,
        "yes" if one.used else "no",
        one.role,
        one.state,
        # A blank to break the line at.
        (one.dialect or UNREAD).replace("-", " "),
        _counts(one.frames),
        rate,
        "\n".join(sentences),
    )


def _counts(frames: tuple[int, ...]) -> str:
    """Slices times frames; slices with other numbers of frames apart."""
    seen = Counter(frames)
    return " + ".join(f"{slices} × {count}" for count, slices in seen.items()) if len(seen) < 4 else "mixed"


def _remarks(folder: FolderSummary) -> list[RenderableType]:
    remarks = []
    if folder.passed_over:
        remarks.append(f"Passed over, because no DICOM image or the same one again: {folder.passed_over} files.")
    if any(one.used and "state" in one.missing for one in folder.series):
        remarks.append("A state that isn't told can be named: --state for a study of one scan, else a rules file.")
    if folder.refusal is not None:
        refusal = folder.refusal
        remarks.append(f"Nothing would be analysed: {refusal.message} {refusal.hint} [{refusal.where}]")
    return [Text(remark) for remark in remarks]
