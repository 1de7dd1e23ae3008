"""A first pass through a drawn heart, at rest and without artefacts: enough for laws of segmentation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from operators.series import FloatArray, GadoliniumSeries, ImageSeries

LV_CAVITY, MYOCARDIUM, RV = 1, 2, 3


def first_pass(
    shape: tuple[int, int] = (100, 100),
    spacing: float = 2.0,
    center_mm: tuple[float, float] = (0.0, 0.0),
    n_frames: int = 48,
    noise: float = 0.01,
) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    """Series (time, row, col) and labels (row, col); the LV's centre is `center_mm` from the image's (down, right)."""
    down, right = ((np.arange(n) - (n - 1) / 2) * spacing for n in shape)
    y, x = down[:, None] - center_mm[0], right[None, :] - center_mm[1]
    radius = np.hypot(y, x)
    labels = np.zeros(shape, np.uint8)
    labels[np.hypot(y, x + 36) < 20] = RV
    labels[radius < 28] = MYOCARDIUM
    labels[radius < 19] = LV_CAVITY
    frames = np.arange(n_frames)
    curves = np.stack(
        [
            0.05 + 0 * frames,
            0.1 + np.exp(-0.5 * ((frames - 20) / 4) ** 2) + 0.2 / (1 + np.exp(20 - frames)),
            0.1 + 0.25 / (1 + np.exp((24 - frames) / 2)),
            0.1 + 1.2 * np.exp(-0.5 * ((frames - 10) / 3) ** 2) + 0.2 / (1 + np.exp(12 - frames)),
        ]
    )
    series = np.moveaxis(curves[labels], -1, 0)
    series = series + noise * np.random.default_rng(0).standard_normal(series.shape)
    return np.asarray(series, np.float32), labels


def gadolinium_series(frames: FloatArray, spacing: tuple[float, float] = (2.0, 2.0)) -> GadoliniumSeries:
    """A record of frames (slice, time, row, col) as a short-axis view is acquired."""
    slices, times = frames.shape[:2]
    down, right = np.array([-0.354, 0.354, -0.866]), np.array([0.707, 0.707, 0.0])
    affines = np.zeros((slices, 4, 4))
    affines[:, :3, 0], affines[:, :3, 1] = down * spacing[0], right * spacing[1]
    normal = np.cross(right, down)
    affines[:, :3, 2] = 8 * normal
    affines[:, :3, 3] = np.arange(slices)[:, None] * 10 * normal
    affines[:, 3, 3] = 1
    headers = tuple(tuple(Dataset() for _ in range(times)) for _ in range(slices))
    clock = np.tile(np.arange(times) * 0.8, (slices, 1))
    return GadoliniumSeries(ImageSeries(("1.2.3",), frames, "mmol/L", clock, affines, headers))
