"""Where tensors are worked on: chosen once for all rooms."""

from __future__ import annotations

from functools import cache

import torch


@cache
def compute_device() -> torch.device:
    """The first GPU where there is one, else the processor."""
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
