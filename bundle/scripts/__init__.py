"""Network, loss, transforms, data list and weights of the bundle; they need MONAI and nothing of the application."""

from . import datalist, loss, networks, transforms, weights

__all__ = ["datalist", "loss", "networks", "transforms", "weights"]
