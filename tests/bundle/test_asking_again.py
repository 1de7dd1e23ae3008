"""The bundle's inferer: two answers and their mean."""

from __future__ import annotations

import torch
from scripts.asking_twice import DELAY, AskTwiceInferer, later, mirrored
from torch import Tensor, nn

SERIES = torch.rand(1, 12, 16, 16, 2, generator=torch.Generator().manual_seed(1))
"""Two slices of 12 frames."""
INFERER = AskTwiceInferer(roi_size=(16, 16), spatial_dim=2, sw_batch_size=1)


class Frames(nn.Module):
    """Answers with two of a slice's frames."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames[:, [0, 8]]


class Columns(nn.Module):
    """Answers with the column that it was shown a pixel in."""

    def forward(self, frames: Tensor) -> Tensor:
        return torch.arange(16.0) + 0 * frames[:, :1]


def test_a_later_series_holds_its_first_frame() -> None:
    numbers = torch.arange(12.0)[None, :, None, None, None]
    assert later(numbers).flatten().tolist() == [0.0] * DELAY + list(range(12 - DELAY))


def test_the_second_answer_is_to_the_same_slices_later() -> None:
    first, second = INFERER.answers(SERIES, Frames())
    torch.testing.assert_close(first, SERIES[:, [0, 8]])
    torch.testing.assert_close(second, SERIES[:, [0, 8 - DELAY]])


def test_the_second_time_the_slices_are_mirrored() -> None:
    first, second = INFERER.answers(SERIES, Columns())
    assert first[0, 0, 0, :, 0].tolist() == list(range(16))
    torch.testing.assert_close(second, mirrored(first))


def test_the_answer_is_the_mean_of_both() -> None:
    first, second = INFERER.answers(SERIES, Frames())
    torch.testing.assert_close(INFERER(SERIES, Frames()), (first + second) / 2)
