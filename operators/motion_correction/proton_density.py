"""Proton-density frames brought to the reference position, by translation only.

Blood and muscle differ little in them, so intensities can't be compared. Edges can: where both images have one, their
normalised gradients are parallel or opposite, whichever side is brighter (Haber and Modersitzki, normalised gradient
fields, MICCAI 2006). The frames only serve as a smooth map of coil sensitivity afterwards: a shift of the heart as a
whole is enough, and where the edges don't clearly agree better than unmoved, the frame stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage, signal

from operators.errors import UnsupportedSeriesError
from operators.motion_correction.demons import Spacing
from operators.motion_correction.displacement import pull
from operators.motion_correction.shading import log_sensitivity, unshade
from operators.series import BoolArray, FloatArray, ImageSeries

REACH = 15.0
"""Largest shift looked for [mm]."""
GAIN = 1.1
"""Least rise of the agreement for a shift to be believed."""
AROUND = 20.0
"""Width of the rim round the heart whose edges count [mm]."""
BLUR = 2.5
"""SD of the Gaussian whose derivative is the gradient [mm]."""


def align_proton_density(density: ImageSeries, corrected: ImageSeries, hearts: BoolArray) -> ImageSeries:
    """Each proton-density frame in the position of its slice's corrected series, as bright as the coils see it there.

    Args:
        density: frames on the same pixel grid.
        corrected: perfusion series with the heart held still.
        hearts: region of the heart in each slice, shape (slice, row, col).

    Raises:
        UnsupportedSeriesError: the grids differ.
    """
    if density.n_slices != corrected.n_slices or density.pixels.shape[2:] != corrected.pixels.shape[2:]:
        raise UnsupportedSeriesError(
            f"Proton-density frames of shape {density.pixels.shape} don't fit perfusion images of shape "
            f"{corrected.pixels.shape} (slice, time, row, col)",
            where=density.series_instance_uids[0],
            hint="Leave the proton-density series out, or export one with the perfusion images' matrix.",
        )
    spacing = corrected.pixel_spacing
    pixels = np.array(density.pixels)
    for k, (frames, heart) in enumerate(zip(density.pixels, hearts, strict=True)):
        target = corrected.pixels[k].mean(axis=0)
        shifts = np.array([find_shift(frame, target, heart, spacing) for frame in frames])
        field = np.broadcast_to(shifts[:, :, None, None], (len(frames), 2, *frames.shape[1:]))
        pixels[k] = unshade(pull(frames, field, spacing), log_sensitivity(frames, spacing), field, spacing)
    return replace(density, pixels=pixels)


def find_shift(image: FloatArray, target: FloatArray, heart: BoolArray, spacing: Spacing) -> FloatArray:
    """Offset [mm] (row, col) from the target's heart to the image's, zero where edges don't tell it clearly.

    Args:
        image: shape (row, col).
        target: image of another contrast, same shape.
        heart: region of the heart in the target, same shape.
        spacing: distance between rows and between columns [mm].
    """
    around = ndimage.distance_transform_edt(~heart, sampling=spacing) <= AROUND
    reach = [min(int(REACH / s), n // 3) for s, n in zip(spacing, target.shape, strict=True)]
    padded = np.pad(_edges(image, spacing), ((0, 0), (reach[0], reach[0]), (reach[1], reach[1])))
    wanted = _edges(target, spacing) * around
    parts = [signal.correlate(p, w, mode="valid", method="fft") for p, w in zip(padded, wanted, strict=True)]
    agreement = np.sum(parts, axis=0)
    best = tuple(int(i) for i in np.unravel_index(int(np.argmax(agreement)), agreement.shape))
    if agreement[best] < GAIN * agreement[reach[0], reach[1]]:
        return np.zeros(2)
    offset = [
        best[axis] - reach[axis] + _vertex(np.take(agreement, best[1 - axis], axis=1 - axis), best[axis])
        for axis in (0, 1)
    ]
    return np.asarray(np.array(offset) * np.array(spacing), np.float64)


def _edges(image: FloatArray, spacing: Spacing) -> FloatArray:
    """Structure tensor of the normalised gradient, (rr, sqrt 2 rc, cc), whose dot product is the squared cosine."""
    sigma = [BLUR / s for s in spacing]
    row, col = (ndimage.gaussian_filter(image.astype(np.float64), sigma, order=o) for o in ((1, 0), (0, 1)))
    size = np.hypot(row, col)
    weak = np.median(size) + np.finfo(float).tiny
    row, col = row / np.hypot(size, weak), col / np.hypot(size, weak)
    return np.stack([row**2, np.sqrt(2) * row * col, col**2])


def _vertex(values: FloatArray, index: int) -> float:
    """Offset of the parabola's vertex through a maximum and its neighbours, in samples; 0 at an edge."""
    if not 0 < index < len(values) - 1:
        return 0.0
    left, middle, right = values[index - 1 : index + 2]
    curvature = left - 2 * middle + right
    return float(0.5 * (left - right) / curvature) if curvature < 0 else 0.0
