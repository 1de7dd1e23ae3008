"""The arterial input on a regular grid fine enough for the flow models.

Only the input is interpolated: a model's curves can be read at the very times at which tissue was measured, while
tissue interpolated between two beats no longer is what the model describes, and tells the delay wrongly.
"""

from __future__ import annotations

import logging

import numpy as np
from scipy.interpolate import CubicSpline

from operators.errors import IncompleteSeriesError
from operators.series import ArterialInput, FloatArray, GadoliniumSeries, ResampledSeries

logger = logging.getLogger(__name__)

STEP = 0.125
"""Of the grid [s]."""
SHORTEST = 1.0
"""Of a perfusion series [s]."""


def resample(gadolinium: GadoliniumSeries, arterial_input: ArterialInput) -> ResampledSeries:
    """Every slice at its own times, with the arterial input at 0, `STEP`, 2 `STEP` ... seconds until the last of them.

    Raises:
        IncompleteSeriesError: the series is shorter than `SHORTEST`, or two frames have the same time.
    """
    series = gadolinium.series
    for index, own in enumerate(series.times):
        if np.any(np.diff(own) <= 0):
            raise IncompleteSeriesError(
                f"Slice {index + 1} has frames of the same time, or out of order",
                where=series.series_instance_uids[0], hint="Export the original images with their acquisition times.",
            )  # fmt: skip
    end = float(series.times.max())
    if end < SHORTEST:
        raise IncompleteSeriesError(
            f"The perfusion series lasts {end:.2f} s", where=series.series_instance_uids[0],
            hint="Export the complete first pass.",
        )  # fmt: skip
    times = np.arange(0.0, end + STEP, STEP)
    aif = regular(arterial_input, times)
    logger.info("resampling: arterial input of %d samples to %d", len(arterial_input.values), len(aif))
    return ResampledSeries(times, aif, series.times, series.pixels, series.unit)


def regular(arterial_input: ArterialInput, times: FloatArray) -> FloatArray:
    """An arterial input at other times, shape (time,): a cubic spline, or a straight line where it has few samples.

    It may be shorter than asked for: outside its own samples it holds its nearest one. Nothing where there is none.
    """
    own, values = arterial_input.times, arterial_input.values
    if len(values) == 0:
        return np.empty(0)
    if len(values) < 4:
        return np.interp(times, own, values)
    return np.asarray(CubicSpline(own, values)(np.clip(times, own[0], own[-1])))
