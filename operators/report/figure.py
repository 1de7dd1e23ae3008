"""The printed page: one figure, written as PNG and as PDF."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Rectangle

from operators.report import summary, table
from operators.report.colours import TERRITORY_COLOURS, flow_scale, reserve_scale
from operators.report.contours import heart_window
from operators.report.curves import limits
from operators.report.map_picture import draw_map, draw_scale
from operators.report.notes import notes
from operators.report.panels import INK, LINE, MUTED, draw_bulls_eye, draw_curves, draw_motion, draw_table
from operators.series import ScanResult, StudyResult

DPI = 200
WIDTH, HEIGHT = 8.27, 11.69
"""A4 [inch]; the page grows where there is more to say than it holds."""
MARGIN = 0.42
_INNER = WIDTH - 2 * MARGIN
_MAPS = 5.2
"""Width of a row of maps [inch]."""
_RIGHT = MARGIN + _MAPS + 0.62
"""Where the right-hand column begins [inch]."""
_RIGHT_WIDTH = WIDTH - MARGIN - _RIGHT
_ROW_TITLE = 0.27
_CURVES, _TABLE, _FLAG_LINE = 1.8, 3.05, 0.115
"""Heights of these parts [inch]."""
_FLAG_HEAD = 1.95
"""Width of what stands before a flag's sentence [inch]."""
_OF_TABLE = "Table: SD over the pixels; uncertainty: SD of the mean's error; endo / epi: inner, outer half of the wall."
_FONT = get_font(findfont("DejaVu Sans"))
_WITHHELD = "results withheld, see Quality"
_FLAG_COLOURS = {"withheld": "#b3261e", "warning": "#b25e00", "info": "#44618a"}


class Page:
    """A figure addressed in inches from its top left corner."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes with that corner and size."""
        box = (x / WIDTH, 1 - (y + height) / self.height, width / WIDTH, height / self.height)
        return self.figure.add_axes(box)

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text whose top is at y, as it stands: dollar signs are no mathematics, signs the font lacks become ?."""
        style = {"color": INK, "va": "top", "size": 7, "parse_math": False, **style}
        shown = "".join(sign if _FONT.get_char_index(ord(sign)) else "?" for sign in text)
        self.figure.text(x / WIDTH, 1 - y / self.height, shown, **style)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        corner = (x / WIDTH, 1 - (y + height) / self.height)
        self.figure.add_artist(
            Rectangle(corner, width / WIDTH, height / self.height, facecolor=colour, edgecolor="none", zorder=-1)
        )


def make_figure(result: StudyResult) -> Figure:
    """The whole page of one study."""
    flags = _flag_lines(result)
    columns = max(2, min(6, max(scan.flow.flow.shape[0] for scan in result.scans)))
    rows = [-(-scan.flow.flow.shape[0] // columns) for scan in result.scans]
    cell = _MAPS / columns
    maps = sum(max(count * cell, _RIGHT_WIDTH) + _ROW_TITLE for count in rows)
    needed = 1.5 + maps + _CURVES + _TABLE + 0.2 + _FLAG_LINE * max(len(flags), 1) + 0.4
    page = Page(max(HEIGHT, needed))
    y = _header(page, result)
    for index, count in enumerate(rows):
        _maps(page, y, result, index, columns)
        y += max(count * cell, _RIGHT_WIDTH) + _ROW_TITLE
    _curves(page, y, result)
    y += _CURVES
    _table(page, y, result)
    y += _TABLE
    _flags(page, y, flags)
    page.text(MARGIN, page.height - 0.32, f"{summary.software(result)} · {summary.TRAINING}", size=5.5, color=MUTED)
    return page.figure


def _header(page: Page, result: StudyResult) -> float:
    page.box(0, 0, WIDTH, 0.3, "#ffb340")
    banner = f"{summary.RESEARCH_USE_ONLY.upper()} — {summary.NO_DIAGNOSIS}"
    page.text(WIDTH / 2, 0.15, banner, size=9, weight="bold", ha="center", va="center_baseline")
    page.text(MARGIN, 0.42, "Myocardial perfusion", size=15, weight="bold")
    page.text(MARGIN, 0.68, f"{summary.TRAINING}.", size=6.5, color=MUTED)
    date = summary.study_date(result)
    page.text(WIDTH - MARGIN, 0.44, f"Study of {date}" if date else "Study", size=7, ha="right")
    page.text(WIDTH - MARGIN, 0.58, result.study.study_instance_uid, size=5.5, color=MUTED, ha="right")
    _figures(page, 0.86, result)
    return 1.5


def _figures(page: Page, y: float, result: StudyResult) -> None:
    """The global values, large, with their uncertainty beside and the territories' beneath."""
    cards = [_card(title, scan) for title, scan in zip(summary.titles(result), result.scans, strict=True)]
    if summary.has_reserve(result):
        parts = [f"{name} {summary.number(result.reserve_by_territory.get(name))}" for name in TERRITORY_COLOURS]
        whole = summary.number(result.reserve_global)
        cards.append(("perfusion reserve, global", whole, "stress / rest", "   ".join(parts)))
    width = (_INNER - 0.1 * (len(cards) - 1)) / len(cards)
    for index, (head, value, beside, foot) in enumerate(cards):
        x = MARGIN + index * (width + 0.1)
        page.box(x, y, width, 0.54, "#f2f4f6")
        page.text(x + 0.08, y + 0.06, head, size=6, color=MUTED)
        page.text(x + 0.08, y + 0.18, value, size=12, weight="bold")
        colour = _FLAG_COLOURS["withheld"] if beside == _WITHHELD else MUTED
        page.text(x + 0.18 + 0.105 * len(value), y + 0.245, beside, size=5.4, color=colour)
        page.text(x + 0.08, y + 0.405, foot, size=6)


def _card(title: str, scan: ScanResult) -> tuple[str, str, str, str]:
    unit, whole = scan.flow.unit, summary.known(scan.sectors.whole)
    beside = _WITHHELD if scan.withheld else ""
    if whole and not scan.withheld:
        beside = f"{summary.uncertainty(whole, unit)} uncertainty, SD over pixels {summary.number(whole.sd, unit)}"
    parts = [f"{name} {summary.mean(scan.sectors.by_territory[name], unit)}" for name in TERRITORY_COLOURS]
    head = f"{title}, global {summary.quantity_with_unit(unit)}"
    return head, summary.mean(whole, unit), beside, "   ".join(parts)


def _maps(page: Page, y: float, result: StudyResult, index: int, columns: int) -> None:
    scan = result.scans[index]
    title = summary.titles(result)[index]
    scale = flow_scale(result.scans, scan.flow.unit)
    page.text(MARGIN, y, title.upper(), size=8, weight="bold")
    page.text(MARGIN + 0.15 + 0.085 * len(title), y + 0.02, " · ".join(summary.scan_facts(scan)), size=6, color=MUTED)
    top, cell = y + 0.18, _MAPS / columns
    window = heart_window(scan)
    for k, level in enumerate(scan.sectors.levels):
        x, line = MARGIN + cell * (k % columns), top + cell * (k // columns)
        page.box(x, line, cell - 0.04, cell - 0.04, "#0d0f12")
        axes = page.axes(x, line, cell - 0.04, cell - 0.04)
        draw_map(axes, scan, k, scale, window)
        axes.text(0.02, 0.975, level or "not in use", color="white", size=6, va="top", transform=axes.transAxes)
        axes.text(0.02, 0.03, summary.confidence(scan, k), color="white", size=4.8, transform=axes.transAxes)
    height = _MAPS / columns * -(-len(scan.sectors.levels) // columns) - 0.04
    shown = cell * min(columns, len(scan.sectors.levels))
    draw_scale(page.axes(MARGIN + shown + 0.04, top, 0.07, height), scale, size=5.2, ink=INK)
    eye = page.axes(_RIGHT, top, _RIGHT_WIDTH, _RIGHT_WIDTH)
    draw_bulls_eye(
        eye,
        summary.means(scan.sectors.by_sector),
        scale,
        scan.flow.unit,
        summary.quantity_with_unit(scan.flow.unit),
    )


def _curves(page: Page, y: float, result: StudyResult) -> None:
    count = len(result.scans)
    pitch = _MAPS / count
    for index, (title, scan) in enumerate(zip(summary.titles(result), result.scans, strict=True)):
        axes = page.axes(MARGIN + 0.3 + index * pitch, y + 0.14, pitch - 0.72, 1.28)
        draw_curves(axes, scan, limits(scan, result.scans), title)
    if summary.has_reserve(result):
        eye = page.axes(_RIGHT, y + 0.08, _RIGHT_WIDTH, _RIGHT_WIDTH)
        draw_bulls_eye(eye, result.reserve_by_sector, reserve_scale(), None, "perfusion reserve")


def _table(page: Page, y: float, result: StudyResult) -> None:
    titles = summary.titles(result)
    draw_table(page.axes(MARGIN, y, _MAPS - 0.1, _TABLE - 0.08), table.columns(result), table.rows(result))
    x, width = MARGIN + _MAPS + 0.12, WIDTH - 2 * MARGIN - _MAPS - 0.12
    page.text(x, y, "Motion correction", size=7, weight="bold")
    page.text(x, y + 0.15, "a line through the LV over time; RMS motion of the heart", size=5, color=MUTED)
    height = min(1.0, 2.5 / len(result.scans) - 0.3)
    for index, (title, scan) in enumerate(zip(titles, result.scans, strict=True)):
        top = y + 0.48 + index * (height + 0.3)
        half = (width - 0.08) / 2
        draw_motion(page.axes(x, top, half, height), page.axes(x + half + 0.08, top, half, height), scan, title)


def _flag_lines(result: StudyResult) -> list[tuple[str, str, str]]:
    """(severity, head, text) of each printed line; head is empty where a sentence goes on."""
    lines: list[tuple[str, str, str]] = []
    for note in notes(result):
        head = f"{note.severity}, {note.scope}"
        wrapped = zip_longest(textwrap.wrap(head, 40), textwrap.wrap(note.message, 122), fillvalue="")
        lines += [(note.severity, *both) for both in wrapped]
    return lines


def _flags(page: Page, y: float, lines: list[tuple[str, str, str]]) -> None:
    page.box(MARGIN, y - 0.06, _INNER, 0.008, LINE)
    page.text(MARGIN, y, "Quality", size=7, weight="bold")
    page.text(WIDTH - MARGIN, y, _OF_TABLE, size=5.2, color=MUTED, ha="right")
    if not lines:
        page.text(MARGIN + _FLAG_HEAD, y + 0.01, "No flag was raised.", size=6)
    for index, (severity, head, text) in enumerate(lines):
        line = y + 0.16 + _FLAG_LINE * index
        page.text(MARGIN, line, head, size=6, color=_FLAG_COLOURS[severity], weight="bold")
        page.text(MARGIN + _FLAG_HEAD, line, text, size=6)


def write_figure(result: StudyResult, folder: Path) -> tuple[Path, Path]:
    """Write report.png and report.pdf; the same result gives the same bytes."""
    png, pdf = folder / "report.png", folder / "report.pdf"
    with matplotlib.rc_context({"pdf.fonttype": 42, "font.family": "DejaVu Sans"}):
        figure = make_figure(result)
        figure.savefig(png, dpi=DPI, metadata={"Software": "perf_app"})
        about = {"Title": "Myocardial perfusion, research use only", "Creator": "perf_app", "Producer": "perf_app"}
        figure.savefig(pdf, dpi=DPI, metadata={**about, "CreationDate": None})
    return png, pdf
