"""A wider network that begins where a narrower one ended."""

from __future__ import annotations

import pytest
import torch
from scripts.networks import create_network
from scripts.widen import widen
from torch import Tensor, nn


def network(*widths: int, norm: object = ("instance", {"affine": True}), blocks: tuple[int, ...] = (1, 2)) -> nn.Module:
    return create_network("residual_unet", in_channels=3, widths=widths, blocks=blocks, norm=norm).eval()


def varied(one: nn.Module) -> nn.Module:
    """Scales and offsets of the normalisation that differ between channels, as after a training."""
    with torch.no_grad():
        for values in one.parameters():
            values.add_(torch.randn(values.shape), alpha=0.3)
    return one


def weights(one: nn.Module) -> dict[str, Tensor]:
    return one.state_dict()


@pytest.mark.parametrize("norm", [("instance", {"affine": True}), "batch"])
def test_the_wider_one_answers_alike_and_learns_more(norm: object) -> None:
    torch.manual_seed(0)
    narrow, wide = varied(network(5, 6, 7, norm=norm)), network(6, 9, 8, norm=norm)
    wide.load_state_dict(widen(weights(narrow), weights(wide)))
    image = torch.randn(2, 3, 24, 24)
    answer = wide(image)
    torch.testing.assert_close(answer, narrow(image), rtol=1e-4, atol=1e-4)
    answer.square().mean().backward()
    added = wide.get_submodule("exit.2").weight.grad
    assert isinstance(added, Tensor)
    assert added[:, 5:].abs().max() > 0, "the new channels would never be read"


def test_other_networks_are_refused() -> None:
    small = weights(network(5, 6, 7))
    with pytest.raises(ValueError, match="widths"):
        widen(small, weights(network(5, 5, 7)))
    with pytest.raises(ValueError, match="widths"):
        widen(small, weights(network(5, 6, 7, blocks=(2, 2))))
    with pytest.raises(ValueError, match="as many channels as it reads"):
        widen(small, weights(network(7, 7, 7)))
