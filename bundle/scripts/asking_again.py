"""Two answers of the network to a series: their mean is better than each, and if they agree it is sure of it."""

from __future__ import annotations

from typing import Any

import torch
from monai.inferers import SliceInferer
from torch import Tensor, nn

DELAY = 3
"""Frames by which the series is shown later."""


class AskAgainInferer(SliceInferer):
    """Slice by slice, each as it is and once more in a way that tells nothing new of where the heart is.

    The network is shown images with their channels last, and its convolutions are in bfloat16 where the CPU multiplies
    it: both together take half of the time. Logits are float32.

    Takes and returns tensors of shape (batch, channel, row, col, slice).
    """

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        """Mean logits of the answers."""
        return torch.stack(self.answers(inputs, network, *args, **kwargs)).mean(0)

    def answers(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Logits for the slices as they are and for later ones turned by 90°; both lie as the slices do."""

        def channels_last(image: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            logits: Tensor = network(image.contiguous(memory_format=torch.channels_last), *args, **kwargs)
            return logits

        def ask(images: Tensor) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16()):
                logits: Tensor = super(AskAgainInferer, self).__call__(images, channels_last, *args, **kwargs)
            return logits.float()

        return ask(inputs), ask(later(inputs).rot90(1, (2, 3))).rot90(-1, (2, 3))


def multiplies_bfloat16() -> bool:
    """Whether this CPU has instructions for it; without them it would be slower than float32, not faster."""
    # An older torch can't tell.
    can: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def later(images: Tensor) -> Tensor:
    """The first frame held, as if the series had begun `DELAY` frames sooner; frames are channels."""
    index = torch.arange(images.shape[1], device=images.device) - DELAY
    return images[:, index.clamp(min=0)]
