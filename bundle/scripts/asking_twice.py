"""Two answers of the network to one series: their mean is better than either, how far they agree tells how sure it is."""

from __future__ import annotations

from typing import Any

from monai.inferers import SliceInferer
from torch import Tensor, arange, nn

DELAY = 3
"""Frames by which the series is shown later the second time."""


class AskTwiceInferer(SliceInferer):
    """Slice by slice, each as it is and once more mirrored and later, which tells nothing new of where the heart is.

    Takes and returns tensors of shape (batch, channel, row, col, slice).
    """

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        """Mean logits of both answers."""
        first, second = self.answers(inputs, network, *args, **kwargs)
        return (first + second) / 2

    def answers(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Logits for the slices as they are, and for the mirrored and later ones, mirrored back."""
        first: Tensor = super().__call__(inputs, network, *args, **kwargs)
        second: Tensor = super().__call__(mirrored(later(inputs)), network, *args, **kwargs)
        return first, mirrored(second)


def mirrored(images: Tensor) -> Tensor:
    """Columns in reverse."""
    return images.flip(3)


def later(images: Tensor) -> Tensor:
    """The first frame held, as if the series had begun `DELAY` frames sooner; frames are channels."""
    index = arange(images.shape[1], device=images.device) - DELAY
    return images[:, index.clamp(min=0)]
