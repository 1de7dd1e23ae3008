"""The bundle's inferer: two answers and their mean."""

from __future__ import annotations

import pytest
import torch
from scripts.asking_again import DELAY, AskAgainInferer, later
from torch import Tensor, nn

SERIES = torch.rand(1, 24, 16, 16, 2, generator=torch.Generator().manual_seed(1))
"""Two slices of 24 frames."""
INFERER = AskAgainInferer(roi_size=(16, 16), spatial_dim=2, sw_batch_size=1)


class Frames(nn.Module):
    """Answers with two of a slice's frames."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames[:, [8, 20]]


class Columns(nn.Module):
    """Answers with the column that it was shown a pixel in."""

    def forward(self, frames: Tensor) -> Tensor:
        return torch.arange(16.0) + 0 * frames[:, :1]


def test_a_later_series_holds_its_first_frame() -> None:
    numbers = torch.arange(12.0)[None, :, None, None, None]
    assert later(numbers).flatten().tolist() == [0.0] * DELAY + list(range(12 - DELAY))


def test_all_answers_are_to_the_same_slices() -> None:
    plain, again = INFERER.answers(SERIES, Frames())
    torch.testing.assert_close(plain, SERIES[:, [8, 20]])
    torch.testing.assert_close(again, SERIES[:, [8 - DELAY, 20 - DELAY]])


def test_the_slices_are_shown_turned() -> None:
    plain, turned = (one[0, 0, ..., 0] for one in INFERER.answers(SERIES, Columns()))
    torch.testing.assert_close(turned, plain.rot90(-1))


def test_the_answer_is_the_mean() -> None:
    answers = INFERER.answers(SERIES, Frames())
    torch.testing.assert_close(INFERER(SERIES, Frames()), sum(answers) / 2)


def test_where_the_cpu_multiplies_bfloat16_answers_are_float32_and_hardly_move(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(2)
    network = nn.Conv2d(24, 2, 3, padding=1)
    answers = {}
    for can in (False, True):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda can=can: {"avx512_bf16": can})
        with torch.inference_mode():
            answers[can] = INFERER(SERIES, network)
        assert answers[can].dtype == torch.float32
    assert 0 < (answers[True] - answers[False]).abs().max() < 0.02
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    with torch.inference_mode():
        assert torch.equal(INFERER(SERIES, network), answers[False])


class Layout(nn.Module):
    """Answers whether it was shown channels last."""

    def forward(self, frames: Tensor) -> Tensor:
        return torch.full_like(frames[:, :1], frames.is_contiguous(memory_format=torch.channels_last))


def test_the_network_is_shown_channels_last() -> None:
    assert INFERER(SERIES, Layout()).all()
