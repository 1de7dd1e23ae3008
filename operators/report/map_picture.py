"""A slice's flow map in colours with its sectors' contours: as part of a figure, and as a picture of its own."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, withStroke

from operators.aha_sectors.model import TERRITORY_OF
from operators.report.colours import TERRITORY_COLOURS, ColourScale, RgbArray, flow_scale
from operators.report.contours import Window, heart_window, sector_outlines, unassigned_outlines
from operators.series import FloatArray, Label, ScanResult

PICTURE_SIZE = (640, 560)
"""Width and height of a slice's picture [pixel]."""
BACKGROUND = (13, 15, 18)
"""Behind the maps, red, green and blue of 255."""
_DPI = 100
_CASING = [withStroke(linewidth=2.1, foreground="#000000b0"), Normal()]


def slice_picture(result: ScanResult, slice_index: int, scale: ColourScale | None = None) -> RgbArray:
    """Flow map of one slice about the heart, with contours in the territories' colours, scale and caption.

    Args:
        result: the scan.
        slice_index: which slice of it.
        scale: the colour scale; by default the scan's own, which for absolute flow is the same for every scan.

    Returns:
        uint8 (560, 640, 3); no patient identity on it, "research use only" burned in.
    """
    scale = scale or flow_scale([result], result.flow.unit)
    width, height = PICTURE_SIZE
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="black")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.06, 0.78, 0.78 * width / height))
    draw_map(axes, result, slice_index, scale, heart_window(result), letters=9)
    draw_scale(figure.add_axes((0.83, 0.13, 0.03, 0.74)), scale, size=9, ink="white")
    level = result.sectors.levels[slice_index] or "not in use"
    figure.text(
        0.02, 0.985, f"{result.scan.state} · slice {slice_index + 1} ({level})", color="white", size=11, va="top"
    )
    figure.text(0.98, 0.985, "RESEARCH USE ONLY", color="#ffb340", size=11, va="top", ha="right", weight="bold")
    for index, (name, colour) in enumerate(TERRITORY_COLOURS.items()):
        figure.text(0.02 + 0.09 * index, 0.022, f"■ {name}", color=colour, size=10)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.array(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]


def map_colours(result: ScanResult, slice_index: int, scale: ColourScale) -> RgbArray:
    """A slice's flow in colours (row, col, 3); what has none is grey in the wall, `BACKGROUND` elsewhere."""
    flow = result.flow.flow[slice_index]
    colours = scale.rgb(flow)
    colours[np.isnan(flow) & (result.segmentation.labels[slice_index] != Label.MYOCARDIUM)] = BACKGROUND
    return colours


def draw_map(
    axes: Axes, result: ScanResult, slice_index: int, scale: ColourScale, window: Window, *, letters: float = 5
) -> None:
    """Fill axes with a slice's map: colours of `scale`, contours, the patient's directions in `letters` points."""
    axes.imshow(
        map_colours(result, slice_index, scale),
        interpolation="bilinear",
        interpolation_stage="rgba",
        aspect=window.row_spacing / window.column_spacing,
    )
    lines = [
        (points, TERRITORY_COLOURS[TERRITORY_OF[number]])
        for number, closed in sector_outlines(result, slice_index).items()
        for points in closed
    ]
    lines += [(points, "#ffffff") for points in unassigned_outlines(result, slice_index)]
    for points, colour in lines:
        axes.plot(
            points[:, 1], points[:, 0], color=colour, linewidth=1.0, path_effects=_CASING, solid_joinstyle="round"
        )
    axes.set_xlim(window.column_start - 0.5, window.column_stop - 0.5)
    axes.set_ylim(window.row_stop - 0.5, window.row_start - 0.5)
    axes.set_axis_off()
    affine = result.gadolinium.series.affines[slice_index]
    _letter(axes, 0.015, 0.5, direction(-affine[:3, 1]), letters, ha="left", va="center")
    _letter(axes, 0.5, 0.985, direction(-affine[:3, 0]), letters, ha="center", va="top")


def _letter(axes: Axes, x: float, y: float, text: str, size: float, *, ha: str, va: str) -> None:
    effects = [withStroke(linewidth=1.5, foreground="black")]
    axes.text(x, y, text, color="white", size=size, ha=ha, va=va, transform=axes.transAxes, path_effects=effects)


def draw_scale(axes: Axes, scale: ColourScale, *, size: float, ink: str) -> None:
    """Fill narrow upright axes with a scale's colour bar, its ticks and its unit, in type of `size` points."""
    mappable = ScalarMappable(Normalize(scale.low, scale.high), scale.colormap)
    values, texts = zip(*scale.ticks(), strict=True)
    bar = axes.figure.colorbar(mappable, cax=axes, ticks=values)
    bar.set_ticklabels(texts)
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(labelsize=size, colors=ink, length=2, width=0.4, pad=1.5)
    bar.set_label(scale.label, size=size, color=ink, labelpad=2)


def direction(vector: FloatArray) -> str:
    """Where an LPS vector points, as one or two letters of L, R, A, P, H, F, the largest first."""
    letters = [("L", "R"), ("P", "A"), ("H", "F")]
    unit = vector / np.linalg.norm(vector)
    order = np.argsort(-np.abs(unit), kind="stable")
    return "".join(letters[axis][int(unit[axis] < 0)] for axis in order[:2] if abs(unit[axis]) > 0.35)
