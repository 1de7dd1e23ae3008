"""Residual U-Net over a 2D image whose channels are the time frames of a first pass.

Xue H et al., Automated inline analysis of myocardial perfusion MRI with deep learning, Radiology: Artificial
Intelligence 2020. As published it has 23 convolutions: an input block (2), two levels down of 2 and 3 residual blocks
(4 + 6), two levels up (6 + 4) and a 1 x 1 output.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from monai.networks.layers.utils import get_act_layer, get_norm_layer
from torch import Tensor, nn
from torch.nn import functional

Setting = str | tuple[str, dict[str, Any]]


class ResidualBlock(nn.Module):
    """Twice norm, activation, 3 x 3 convolution; the input is added where it has as many channels as the output.

    Args:
        channels: of the input.
        width: channels of the output.
        norm: normalisation layer, as MONAI names them.
        act: activation layer, as MONAI names them.
        raw_input: begin with the convolution. For the images themselves: an activation would clip them, and a
            normalisation of each frame would wipe out how bright it is beside the others.
    """

    def __init__(self, channels: int, width: int, norm: Setting, act: Setting, raw_input: bool = False) -> None:
        super().__init__()
        before = [] if raw_input else [_norm(norm, channels), get_act_layer(act)]
        self.body = nn.Sequential(
            *before,
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            _norm(norm, width),
            get_act_layer(act),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
        )
        self.skip = channels == width

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.skip else y


def _norm(norm: Setting, channels: int) -> nn.Module:
    """A layer of that name; instance normalisation as groups of one channel each.

    They are the same numbers under the same names in a checkpoint, but torch's own instance normalisation first copies
    an image that has its channels last, which costs a fifth of the network's time on a CPU.
    """
    name, settings = (norm, {}) if isinstance(norm, str) else norm
    if name == "instance":
        return nn.GroupNorm(channels, channels, **{"affine": False, **settings})
    layer: nn.Module = get_norm_layer(norm, 2, channels)
    return layer


def _level(channels: int, width: int, n_blocks: int, norm: Setting, act: Setting) -> nn.Sequential:
    sizes = [channels] + [width] * n_blocks
    return nn.Sequential(*(ResidualBlock(a, b, norm, act) for a, b in itertools.pairwise(sizes)))


class ResidualUNet(nn.Module):
    """Max pooling down, bilinear up, concatenation with the level of the same resolution.

    Args:
        in_channels: time frames.
        out_channels: classes.
        widths: channels at full resolution and after each pooling.
        blocks: residual blocks of each level below full resolution; the way up mirrors them.
        norm: normalisation layer, as MONAI names them.
        act: activation layer, as MONAI names them.

    Raises:
        ValueError: `widths` is not one longer than `blocks`.
    """

    def __init__(
        self,
        in_channels: int = 48,
        out_channels: int = 4,
        widths: Sequence[int] = (96, 96, 128),
        blocks: Sequence[int] = (2, 3),
        norm: Setting = "batch",
        act: Setting = "relu",
    ) -> None:
        super().__init__()
        if len(widths) != len(blocks) + 1:
            raise ValueError(f"widths {list(widths)} must be one longer than blocks {list(blocks)}")
        levels = range(len(blocks))
        self.entry = ResidualBlock(in_channels, widths[0], norm, act, raw_input=True)
        self.down = nn.ModuleList(_level(widths[i], widths[i + 1], blocks[i], norm, act) for i in levels)
        self.up = nn.ModuleList(
            _level(widths[i + 1] + widths[i], widths[i], blocks[i], norm, act) for i in reversed(levels)
        )
        self.exit = nn.Sequential(_norm(norm, widths[0]), get_act_layer(act), nn.Conv2d(widths[0], out_channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of shape (batch, out_channels, row, col) for images of shape (batch, in_channels, row, col)."""
        y: Tensor = self.entry(x)
        kept = [y]
        for level in self.down:
            y = level(functional.max_pool2d(y, 2))
            kept.append(y)
        kept.pop()
        for level in self.up:
            beside = kept.pop()
            y = functional.interpolate(y, size=beside.shape[2:], mode="bilinear", align_corners=False)
            y = level(torch.cat([y, beside], dim=1))
        logits: Tensor = self.exit(y)
        return logits
