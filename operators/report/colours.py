"""Colours with a meaning: the flow scale, the territories, and what has no value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.colors import to_rgb

from operators.series import FloatArray, FlowMap, FlowUnit, ScanResult, SectorReport

RgbArray = npt.NDArray[np.uint8]

TERRITORY_COLOURS = {"LAD": "#f0e442", "RCA": "#56b4e9", "LCx": "#e8601c"}
"""Of the coronary arteries, on dark: told apart with any deficiency of colour vision (after Okabe and Ito 2008)."""
TERRITORY_INKS = {"LAD": "#c79a00", "RCA": "#1670b8", "LCx": "#b03a12"}
"""The same, dark enough for a line on white."""
MISSING_COLOUR = "#3a3d42"
"""A pixel or sector without a value."""
FLOW_RANGE = (0.0, 5.0)
"""Of every absolute map [mL/min/g]: the same for stress and rest and for every patient, so that pages compare."""
RESERVE_RANGE = (0.0, 4.0)


@dataclass(frozen=True, slots=True)
class ColourScale:
    """From a value to a colour, perceptually uniform: equal steps of flow look equally large.

    Lightness rises along it from end to end, so it reads the same with any deficiency of colour vision, and in gray.
    """

    low: float
    high: float
    label: str
    """What is shown, with its unit."""
    colormap: str = "inferno"

    def fraction(self, values: FloatArray) -> FloatArray:
        """Position on the scale, 0 to 1; NaN stays NaN."""
        return np.clip((np.asarray(values, np.float64) - self.low) / (self.high - self.low), 0.0, 1.0)

    def rgb(self, values: FloatArray) -> RgbArray:
        """Colour of each value, shape (..., 3); NaN takes the colour of what is missing."""
        fraction = self.fraction(values)
        colours = colormaps[self.colormap](np.nan_to_num(fraction), bytes=True)[..., :3]
        missing = (255 * np.array(to_rgb(MISSING_COLOUR))).round().astype(np.uint8)
        return np.where(np.isnan(fraction)[..., None], missing, colours).astype(np.uint8)

    def hex(self, value: float | None) -> str:
        """Colour of one value as ``#rrggbb``; None takes the colour of what is missing."""
        red, green, blue = self.rgb(np.array([np.nan if value is None else value]))[0]
        return f"#{red:02x}{green:02x}{blue:02x}"

    def ticks(self) -> list[tuple[float, str]]:
        """A few round values from end to end and their texts; all above the end share its colour."""
        values = [float(value) for value in np.linspace(self.low, self.high, 5 if self.high <= 4 else 6)]
        return [(value, f"{value:.3g}" if value < self.high else f"≥ {value:.3g}") for value in values]


def ink_on(background: str) -> str:
    """Black or white, whichever reads better on that colour (relative luminance of WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(background)]
    luminance = float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
    return "#000000" if luminance > 0.179 else "#ffffff"


def flow_scale(results: Sequence[ScanResult], unit: FlowUnit) -> ColourScale:
    """The scale of all maps in that unit.

    Absolute flow always has `FLOW_RANGE`. The relative index has no natural range: the scale ends at the
    95th percentile of all those scans' myocardium, rounded up.
    """
    if unit == "mL/min/g":
        return ColourScale(*FLOW_RANGE, "MBF [mL/min/g]")
    values = [_wall_values(result.flow, result.sectors) for result in results if result.flow.unit == unit]
    wall = np.concatenate(values) if values else np.empty(0)
    return ColourScale(0.0, _round_up(1.2 * float(np.percentile(wall, 95))) if wall.size else 1.0, "relative upslope")


def reserve_scale() -> ColourScale:
    """The scale of stress over rest: in the same colours, dark is little of either."""
    return ColourScale(*RESERVE_RANGE, "perfusion reserve")


def _wall_values(flow: FlowMap, sectors: SectorReport) -> npt.NDArray[Any]:
    values = flow.flow[(sectors.layers > 0) & np.isfinite(flow.flow)]
    return values[values > 0]


def _round_up(value: float) -> float:
    """To the next 1, 2, 3, 4, 5, 6 or 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return float(next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9)))
