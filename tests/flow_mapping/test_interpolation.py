"""Laws of the splines between a table's entries."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from operators.flow_mapping.interpolation import Interpolant
from operators.series import FloatArray

AXES = (np.linspace(-1.0, 2.0, 6), np.linspace(0.0, 1.0, 4), np.linspace(3.0, 5.0, 5))


def cubic(places: FloatArray) -> FloatArray:
    """Two polynomials of third degree, shape (..., 2)."""
    x, y, z = np.moveaxis(places, -1, 0)
    return np.stack([x**3 - 2 * x * y**2 * z + z, 1 + y**3 * x**2 - z**3 / 10], axis=-1)


def interpolant() -> Interpolant:
    return Interpolant(cubic(np.stack(np.meshgrid(*AXES, indexing="ij"), axis=-1)), AXES, torch.device("cpu"))


def places() -> FloatArray:
    inside = np.random.default_rng(0).uniform([one[0] for one in AXES], [one[-1] for one in AXES], (40, 3))
    corners = np.stack(np.meshgrid(*[one[[0, -1]] for one in AXES], indexing="ij"), axis=-1).reshape(-1, 3)
    return np.concatenate([inside, corners])


def test_cubics_are_read_exactly_up_to_the_edges() -> None:
    read = interpolant().read(torch.from_numpy(places()).float())
    np.testing.assert_allclose(read[:, 0].numpy(), cubic(places()), atol=2e-4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_derivatives_are_those_of_what_is_read(axis: int) -> None:
    read = interpolant().read(torch.from_numpy(places()).float())
    away = 1e-5 * np.eye(3)[axis]
    slope = (cubic(places() + away) - cubic(places() - away)) / 2e-5
    np.testing.assert_allclose(read[:, 1 + axis].numpy(), slope, atol=2e-3)
