"""Images in units of their local contrast.

A model of low rank has the edges of its frame in the right place but not always the right height: where RV and LV fill,
a few modes can't follow each pixel. Demons on plain intensities would read that as motion and shrink or swell a heart
that stands still. Less their local mean, over their local SD, both images keep the edges and lose the difference.
"""

from __future__ import annotations

import torch

from operators.motion_correction.demons import Spacing, smooth

WINDOW = 3.0
"""SD of the Gaussian window [mm]: wider than an edge, narrower than a chamber."""
FLAT = 0.05
"""Local SD below which there's only noise, as a fraction of the images' bright end."""
SCALE = 0.25
"""SD of the result: what the demons' noise level is meant for."""


def normalise(images: torch.Tensor, spacing: Spacing) -> torch.Tensor:
    """Local deviation over local SD.

    Args:
        images: with their bright end near 1, shape (time, row, col).
        spacing: distance between rows and between columns [mm].
    """
    # A window of less than a pixel, in the coarse images of the arterial input, would see no surroundings.
    sigma = (max(1.0, WINDOW / spacing[0]), max(1.0, WINDOW / spacing[1]))
    deviation = images - smooth(images, sigma)
    return SCALE * deviation / (smooth(deviation**2, sigma).sqrt() + FLAT)
