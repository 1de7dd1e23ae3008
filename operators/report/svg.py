"""Shapes of the browser's page: numbers to SVG path data and data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.image import imsave
from matplotlib.ticker import MaxNLocator

from operators.report.colours import RgbArray
from operators.report.curves import limits, tissue_curves
from operators.series import FloatArray, ScanResult

WIDTH, HEIGHT = 440.0, 230.0
"""Size of a chart in its own units."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 42.0, 10.0, 34.0


def path(points: FloatArray, *, closed: bool = False) -> str:
    """Path data through (point, 2) as x, y, to a tenth of a unit; gaps where a point isn't finite."""
    parts, pen = [], "M"
    for x, y in points:
        if not (np.isfinite(x) and np.isfinite(y)):
            pen = "M"
            continue
        parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(parts) + ("Z" if closed and parts else "")


def dots(points: FloatArray) -> str:
    """Path data of a line of no length at each point (point, 2): a round cap makes a dot of it."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points if np.isfinite(x) and np.isfinite(y))


def paths(outlines: Iterable[FloatArray]) -> str:
    """Path data of several closed outlines."""
    return "".join(path(points, closed=True) for points in outlines)


def png_uri(picture: RgbArray) -> str:
    """A picture as a data URI, uint8 (row, col, 3)."""
    stream = io.BytesIO()
    imsave(stream, np.ascontiguousarray(picture), format="png", metadata={"Software": "perf_app"})
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def gray_uri(picture: FloatArray) -> str:
    """A picture of values 0 to 1 as a data URI."""
    levels = (255 * np.asarray(picture)).round().astype(np.uint8)
    return png_uri(np.repeat(levels[..., None], 3, axis=2))


@dataclass(frozen=True, slots=True)
class Axis:
    """Range of one axis and its ticks as (position in the chart, text)."""

    low: float
    high: float
    first: float
    last: float

    def place(self, values: FloatArray) -> FloatArray:
        """Position of values in the chart."""
        return np.asarray(
            self.first + (np.asarray(values) - self.low) / (self.high - self.low) * (self.last - self.first)
        )

    def ticks(self) -> list[tuple[float, str]]:
        """Round values inside the range."""
        values = [v for v in MaxNLocator(5).tick_values(self.low, self.high) if self.low <= v <= self.high]
        return [(round(float(self.place(np.asarray(v))), 1), f"{v:.3g}") for v in values]


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves of one scan as path data."""

    x: Axis
    left: Axis
    right: Axis | None
    """Of the AIF; None: there is none."""
    left_label: str
    right_label: str
    sectors: dict[int, str]
    samples: dict[int, str]
    """The same as dots."""
    fits: dict[int, str]
    """The flow model's curves."""
    territories: dict[str, str]
    aif: str
    aif_area: str
    width: float = WIDTH
    height: float = HEIGHT


def chart(result: ScanResult, results: Sequence[ScanResult]) -> Chart:
    """Sector and territory curves against the left scale, the AIF against the right one; ranges shared by `results`."""
    curves, aif, ranges = tissue_curves(result), result.arterial_input, limits(result, results)
    unit = result.gadolinium.series.unit
    bottom = HEIGHT - _BOTTOM
    x = Axis(*ranges.times, _LEFT, WIDTH - _RIGHT)
    left, right = Axis(*ranges.tissue, bottom, _TOP), Axis(*ranges.aif, bottom, _TOP)
    inside = (aif.times >= x.low) & (aif.times <= x.high)
    line = np.stack([x.place(aif.times[inside]), right.place(aif.values[inside])], axis=1)
    ends = np.array([(line[-1, 0], bottom), (line[0, 0], bottom)]) if len(line) else line

    def place(curve: FloatArray) -> FloatArray:
        return np.stack([x.place(curves.times), left.place(curve)], axis=1)

    return Chart(
        x=x,
        left=left,
        right=right if len(line) else None,
        left_label="myocardium, Gd [mmol/L]" if unit == "mmol/L" else "myocardium, signal [a.u.]",
        right_label=f"AIF [{aif.unit}]",
        sectors={number: path(place(curve)) for number, curve in curves.sectors.items()},
        samples={number: dots(place(curve)) for number, curve in curves.sectors.items()},
        fits={number: path(place(curve)) for number, curve in curves.fits.items()},
        territories={name: path(place(curve)) for name, curve in curves.territories.items()},
        aif=path(line),
        aif_area=path(np.concatenate([line, ends]), closed=True),
    )
