"""Tissue and arterial input on one regular time grid."""

from __future__ import annotations

import logging

import numpy as np

from operators.errors import IncompleteSeriesError
from operators.series import ArterialInput, FloatArray, GadoliniumSeries, ResampledSeries

logger = logging.getLogger(__name__)


def resample(gadolinium: GadoliniumSeries, arterial_input: ArterialInput, step: float = 0.5) -> ResampledSeries:
    """Linear interpolation of every slice and of the arterial input at 0, `step`, 2 `step` ... seconds.

    The grid ends with the last sample of the perfusion series. Slices start and end a little apart, and an arterial
    input may be shorter: outside its own samples each holds its nearest one.

    Raises:
        IncompleteSeriesError: the series is shorter than two steps, or two frames have the same time.
    """
    series = gadolinium.series
    for index, own in enumerate(series.times):
        if np.any(np.diff(own) <= 0):
            raise IncompleteSeriesError(
                f"Slice {index + 1} has frames of the same time, or out of order",
                where=series.series_instance_uids[0], hint="Export the original images with their acquisition times.",
            )  # fmt: skip
    times = np.arange(0.0, float(series.times.max()) + 1e-6, step)
    if len(times) < 3:
        raise IncompleteSeriesError(
            f"The perfusion series lasts {series.times.max():.2f} s", where=series.series_instance_uids[0],
            hint="Export the complete first pass.",
        )  # fmt: skip
    tissue = np.stack(
        [interpolate(images, own, times) for images, own in zip(series.pixels, series.times, strict=True)]
    )
    known = len(arterial_input.values) > 0
    aif = np.interp(times, arterial_input.times, arterial_input.values) if known else np.empty(0)
    logger.info("resampling: %d frames to %d steps of %.2f s", series.n_frames, len(times), step)
    return ResampledSeries(times, tissue, aif, series.unit)


def interpolate(images: FloatArray, own: FloatArray, times: FloatArray) -> FloatArray:
    """Images at other times, linear between frames, held before the first and after the last; float32.

    Args:
        images: shape (frame, row, col).
        own: increasing times of the frames [s], shape (frame,).
        times: [s], shape (time,).

    Returns:
        Shape (time, row, col).
    """
    if len(own) == 1:
        return np.repeat(np.asarray(images, np.float32), len(times), axis=0)
    after = np.clip(np.searchsorted(own, times, side="right"), 1, len(own) - 1)
    part = np.clip((times - own[after - 1]) / (own[after] - own[after - 1]), 0, 1)
    weight = part.astype(np.float32)[:, None, None]
    return np.asarray(images[after - 1] * (1 - weight) + images[after] * weight, np.float32)
