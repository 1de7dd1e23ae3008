"""Networks the configurations can name: one file each, one line in `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from .residual_unet import ResidualUNet

NETWORKS: dict[str, Callable[..., nn.Module]] = {"residual_unet": ResidualUNet}


def create_network(name: str, **settings: Any) -> nn.Module:
    """Build the network called `name`; the configurations' `network_def` calls this.

    Raises:
        KeyError: no network has that name.
    """
    if name not in NETWORKS:
        raise KeyError(f"no network is called {name!r}; there are {sorted(NETWORKS)}")
    return NETWORKS[name](**settings)
