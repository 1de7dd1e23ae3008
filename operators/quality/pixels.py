"""Pixels that hold no picture: not finite, or the same all over a frame or through a slice."""

from __future__ import annotations

import numpy as np

from operators.series import ImageSeries, QualityFlag


def check_pixels(series: ImageSeries) -> list[QualityFlag]:
    """Flags of a series as it was read."""
    flags = []
    for k, images in enumerate(series.pixels):
        place = f"slice {k + 1}"
        finite = np.isfinite(images)
        if not finite.all():
            text = f"{1 - finite.mean():.1%} of the samples in {place} are no numbers; their pixels have no value."
            flags.append(QualityFlag("pixels_not_finite", "warning", text, k))
            continue
        if not np.ptp(images, axis=0).any():
            flags.append(QualityFlag("slice_constant", "warning", f"Nothing ever changes in {place}.", k))
        elif blank := int((np.ptp(images, axis=(1, 2)) == 0).sum()):
            text = f"{blank} frames of {place} show nothing: they are the same all over."
            flags.append(QualityFlag("frames_blank", "warning", text, k))
    return flags
