"""Training in bfloat16 on a CPU, which MONAI's own mixed precision leaves to CUDA."""

from __future__ import annotations

from typing import Any

import torch
from monai.inferers import SimpleInferer
from torch import Tensor, nn


class MixedPrecisionInferer(SimpleInferer):
    """Run the network's convolutions in bfloat16; the weights stay float32, and so do the logits it returns."""

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        with torch.autocast(inputs.device.type, torch.bfloat16):
            logits: Tensor = super().__call__(inputs, network, *args, **kwargs)
        return logits.float()
