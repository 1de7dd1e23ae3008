"""The blood's curve from a pool whose pixels a moving heart fills and leaves.

Wall that comes into a pixel darkens it for a frame or two. Breathing goes on while the bolus arrives: where such frames
lie on its upslope the arterial input is late, and 0.1 s is an error of 15 % in flow. Of the pixels that hold the most
blood over the first pass, each frame's fuller half is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from operators.arterial_input.blood_pool import enhance
from operators.series import BoolArray, FloatArray

PASSING = 0.2
"""The bolus passes while a pool enhances by so much of its peak."""


@dataclass(frozen=True, slots=True, eq=False)
class Filling:
    """How much each pixel of a pool counts in each frame."""

    pool: BoolArray
    """Shape (row, col)."""
    share: FloatArray
    """Enhancement of each pixel over the pool's, by coils and by what else the pixel holds, shape (pixel,)."""
    weights: FloatArray
    """Sum 1 in each frame, shape (time, pixel)."""

    @classmethod
    def of(cls, images: FloatArray, pool: BoolArray) -> Filling:
        """Tell it by images of a bolus.

        Args:
            images: heart roughly still, shape (time, row, col).
            pool: with at least one pixel, shape (row, col).
        """
        enhancement = enhance(images[:, pool][:, :, None])[:, :, 0]
        mean = enhancement.mean(axis=1)
        passing = mean >= PASSING * mean.max()
        tiny = np.finfo(float).tiny
        share = np.maximum((enhancement[passing] / np.maximum(mean[passing], tiny)[:, None]).mean(axis=0), tiny)
        taken = np.broadcast_to(share >= np.median(share), enhancement.shape).copy()
        filled = np.where(taken, images[:, pool] / share, np.nan)
        taken[passing] &= filled[passing] >= np.nanmedian(filled[passing], axis=1, keepdims=True)
        return cls(pool, share, taken / taken.sum(axis=1, keepdims=True))

    def curve(self, images: FloatArray) -> FloatArray:
        """The pool's mean in each of as many frames, shape (time,)."""
        return np.asarray((self._even(images) * self.weights).sum(axis=1))

    def level(self, images: FloatArray) -> float:
        """The pool's mean over all of any number of frames without a bolus."""
        return float((self._even(images) @ self.weights.mean(axis=0)).mean())

    def _even(self, images: FloatArray) -> FloatArray:
        return np.asarray(images[:, self.pool].astype(np.float64) / self.share)
