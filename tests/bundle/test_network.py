"""The network of the paper."""

from __future__ import annotations

import pytest
import torch
from scripts.networks import NETWORKS, create_network
from scripts.networks.residual_unet import ResidualBlock, ResidualUNet
from torch import nn

SMALL = {"in_channels": 5, "widths": (4, 6, 8)}


def test_as_published_it_has_23_convolutions() -> None:
    network = ResidualUNet()
    assert sum(isinstance(module, nn.Conv2d) for module in network.modules()) == 23
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_332_420


@pytest.mark.parametrize("norm", ["batch", ("instance", {"affine": True}), ("group", {"num_groups": 2})])
def test_an_image_gets_logits_of_its_own_size_whatever_the_norm(norm: str) -> None:
    network = ResidualUNet(norm=norm, **SMALL)  # type: ignore[arg-type]
    assert network(torch.zeros(2, 5, 23, 18)).shape == (2, 4, 23, 18)


def test_groups_of_one_channel_are_instance_normalisation() -> None:
    theirs = nn.InstanceNorm2d(4, affine=True, eps=0.01)
    nn.init.uniform_(theirs.weight)
    block = ResidualBlock(4, 4, ("instance", {"affine": True, "eps": 0.01}), "relu")
    ours = block.body[0]
    assert isinstance(ours, nn.Module)
    ours.load_state_dict(theirs.state_dict())
    image = torch.randn(2, 4, 9, 7)
    torch.testing.assert_close(ours(image), theirs(image))


def test_scripting_and_tracing_change_nothing() -> None:
    torch.manual_seed(0)
    network = ResidualUNet(**SMALL).eval()  # type: ignore[arg-type]
    image = torch.randn(1, 5, 24, 24)
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        forms = torch.jit.script(network), torch.jit.trace(network, image)  # type: ignore[no-untyped-call]
    for form in forms:
        torch.testing.assert_close(form(image), network(image))


def test_the_skip_exists_where_channels_match() -> None:
    image = torch.randn(1, 4, 8, 8)
    block = ResidualBlock(4, 4, "batch", "relu").eval()
    nn.init.zeros_(block.body[-1].weight)  # type: ignore[arg-type]
    torch.testing.assert_close(block(image), image)
    assert not ResidualBlock(4, 6, "batch", "relu").skip


def test_brightness_of_a_frame_reaches_the_network() -> None:
    torch.manual_seed(0)
    network = ResidualUNet(norm=("instance", {"affine": True}), **SMALL).eval()  # type: ignore[arg-type]
    image = torch.rand(1, 5, 16, 16)
    brighter = image.clone()
    brighter[:, 2] *= 3
    assert not torch.allclose(network(image), network(brighter), atol=1e-3)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="one longer"):
        ResidualUNet(widths=(8, 8), blocks=(2, 3))
    with pytest.raises(KeyError, match="residual_unet"):
        create_network("no such network")
    assert isinstance(create_network("residual_unet", **SMALL), NETWORKS["residual_unet"])  # type: ignore[arg-type]
