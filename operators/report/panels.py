"""Parts of the printed page, each drawn into axes it is given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.patheffects import Normal, withStroke

from operators.aha_sectors.model import TERRITORY_OF
from operators.report import summary
from operators.report.bulls_eye import CELLS
from operators.report.colours import TERRITORY_COLOURS, TERRITORY_INKS, ColourScale, ink_on
from operators.report.curves import Limits, motion_strip, tissue_curves
from operators.report.table import Column, Row
from operators.series import FlowUnit, ScanResult

INK = "#16191d"
MUTED = "#68707a"
LINE = "#d5d9de"
AIF_COLOUR = "#8a94a0"
_DARK_EDGE = [withStroke(linewidth=1.5, foreground="#00000070"), Normal()]


def draw_bulls_eye(
    axes: Axes, values: Mapping[int, float | None], scale: ColourScale, unit: FlowUnit | None, title: str
) -> None:
    """Sixteen cells with their values; a cell without a value is grey and hatched and bears no number."""
    axes.set_xlim(-1.13, 1.13)
    axes.set_ylim(-1.13, 1.13)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, size=7, weight="bold", color=INK, pad=1)
    for cell in CELLS:
        value = values.get(cell.segment)
        colour = scale.hex(value)
        patch = Polygon(cell.polygon(), facecolor=colour, edgecolor="white", linewidth=0.8)
        if value is None:
            patch.set(facecolor="#e4e6e9", edgecolor="#aab0b7", hatch="//////")
        axes.add_patch(patch)
        x, y = cell.center
        if value is not None:
            text = summary.number(value, unit)
            size = 5.1 if len(text) < 5 else 4.3
            axes.text(x, y, text, size=size, ha="center", va="center_baseline", color=ink_on(colour))
    for cell in CELLS:
        outline = cell.polygon(0.018)
        axes.plot(*outline.T, color=TERRITORY_COLOURS[cell.territory], linewidth=0.9, path_effects=_DARK_EDGE)
    for x, y, word, turn in (
        (0, 1.075, "anterior", 0),
        (0, -1.075, "inferior", 0),
        (-1.075, 0, "septal", 90),
        (1.075, 0, "lateral", 270),
    ):
        axes.text(x, y, word, size=4.8, color=MUTED, ha="center", va="center", rotation=turn)


def draw_curves(axes: Axes, result: ScanResult, ranges: Limits, title: str) -> None:
    """Sector curves (thin), territory curves (bold) and their fits (dotted) on the left scale, the AIF on the right."""
    curves = tissue_curves(result)
    unit = result.gadolinium.series.unit
    for number, curve in curves.sectors.items():
        axes.plot(curves.times, curve, color=TERRITORY_INKS[TERRITORY_OF[number]], linewidth=0.45, alpha=0.55)
    for name, curve in curves.territories.items():
        axes.plot(curves.times, curve, color=TERRITORY_INKS[name], linewidth=1.5, label=name)
    for name, curve in curves.territory_fits.items():
        label = "fit" if name == next(iter(curves.territory_fits)) else None
        axes.plot(curves.times, curve, color=INK, linewidth=0.8, linestyle=(0, (1.5, 1.5)), label=label)
    _style(axes, title, "time [s]", f"myocardium, {'Gd [mmol/L]' if unit == 'mmol/L' else 'signal [a.u.]'}")
    axes.set_xlim(*ranges.times)
    axes.set_ylim(*ranges.tissue)
    aif = result.arterial_input
    if len(aif.values):
        right = axes.twinx()
        right.fill_between(aif.times, aif.values, color=AIF_COLOUR, alpha=0.25, linewidth=0)
        right.plot(aif.times, aif.values, color=AIF_COLOUR, linewidth=0.8)
        right.set_ylim(*ranges.aif)
        _style(right, "", "", f"AIF [{aif.unit}]")
        right.yaxis.label.set_color(AIF_COLOUR)
        right.spines["right"].set_visible(True)
        axes.plot([], [], color=AIF_COLOUR, linewidth=0.8, label="AIF")
        axes.set_zorder(right.get_zorder() + 1)
        axes.patch.set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1, 0.985),
            ncols=5,
            fontsize=5.2,
            frameon=False,
            handlelength=1,
            borderaxespad=0,
            columnspacing=0.7,
            handletextpad=0.4,
            borderpad=0.2,
        )


def draw_motion(before: Axes, after: Axes, result: ScanResult, title: str) -> None:
    """A column of pixels through the LV over time: uncorrected on the left, corrected on the right."""
    strip = motion_strip(result)
    distances = summary.motion_millimetres(result)
    for axes, picture, word, distance in zip(
        (before, after), (strip.before, strip.after), ("before", "after"), distances, strict=True
    ):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_axis_off()
        head = title if word == "before" else ""
        axes.set_title(f"{head}\n{word} {distance}", size=5.6, color=INK, pad=2, loc="left", linespacing=1.25)


def draw_table(axes: Axes, columns: tuple[Column, ...], rows: tuple[Row, ...]) -> None:
    """Segments, territories and the whole, one line each."""
    widths = np.array([column.width for column in columns])
    label = 1 - min(0.74, 0.125 * float(widths.sum()))
    rights = label + (1 - label) * widths.cumsum() / widths.sum() - 0.005
    step = 1 / (len(rows) + 2.2)
    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    axes.set_axis_off()
    axes.text(0.0, 1.35 * step, "AHA segment", size=5.8, color=MUTED, va="center")
    for x, column in zip(rights, columns, strict=True):
        axes.text(x, 1.35 * step, column.head, size=5.4, color=MUTED, ha="right", va="center")
    for scan in dict.fromkeys(column.scan for column in columns if column.scan):
        mine = [k for k, column in enumerate(columns) if column.scan == scan]
        left, right = (rights[mine[0] - 1] if mine[0] else label) + 0.02, rights[mine[-1]]
        axes.text((left + right) / 2, 0.35 * step, scan, size=6.2, color=INK, ha="center", va="center", weight="bold")
        axes.plot([left, right], [0.87 * step] * 2, color=LINE, linewidth=0.5)
    for index, row in enumerate(rows):
        y = (index + 2.7) * step
        weight = "bold" if row.segment is None else "normal"
        if row.segment in (1, 7, 13) or (row.segment is None and rows[index - 1].segment) or row.territory is None:
            axes.plot([0, 1], [y - step / 2] * 2, color=LINE, linewidth=0.5)
        if row.territory is not None:
            axes.plot(
                [0.012],
                [y],
                "s",
                color=TERRITORY_COLOURS[row.territory],
                markersize=4,
                markeredgewidth=0.3,
                markeredgecolor=MUTED,
            )
        text = row.label if row.segment is None else f"{row.segment:>2}  {row.label}"
        axes.text(0.035, y, text, size=6.2, color=INK, va="center", weight=weight)
        for x, cell in zip(rights, row.cells, strict=True):
            axes.text(x, y, cell, size=6.2, color=INK, ha="right", va="center", weight=weight)


def _style(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, size=6.5, weight="bold", color=INK, loc="left", pad=3)
    axes.set_xlabel(x, size=5.8, color=MUTED, labelpad=1)
    axes.set_ylabel(y, size=5.8, color=MUTED, labelpad=2)
    axes.tick_params(labelsize=5.5, colors=MUTED, length=2, width=0.4, pad=1.5)
    for name, spine in axes.spines.items():
        spine.set_linewidth(0.4)
        spine.set_color(MUTED)
        spine.set_visible(name in ("left", "bottom"))
