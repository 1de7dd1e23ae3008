"""From k-space to the picture: unfolding, noise, filter, coils."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from perf_app.phantom.acquisition import Encoder, Matrix
from perf_app.phantom.coils import LOOPS, sensitivities
from perf_app.phantom.geometry import positions, short_axis_stack
from perf_app.phantom.scene import QUICK

MATRIX = replace(QUICK.main, edge_weight=1.0)
PLANE = short_axis_stack(torch.zeros(3), torch.tensor([28.0, -42.0, 15.0]), 18.0)[1]
MIDDLE = torch.tensor([-12.0, -27.0, 15.0], dtype=torch.float64)


def encoder(matrix: Matrix = MATRIX) -> Encoder:
    return Encoder(matrix, lambda size: sensitivities(PLANE.affine(size), size, MIDDLE))


def hill(size: tuple[int, int]) -> Tensor:
    """Smooth enough for any k-space."""
    down, right = positions(size)
    return torch.exp(-(down**2 + (right - 10) ** 2) / (2 * 25.0**2))


def picture(matrix: Matrix = MATRIX, noise: float = 0.0, frames: int = 1) -> Tensor:
    fine = hill((matrix.fine_rows, matrix.fine_columns)).expand(frames, -1, -1)
    return encoder(matrix).picture(fine, noise, torch.Generator().manual_seed(1))


def test_unfolding_gives_back_what_was_there_under_the_coils_shading() -> None:
    found = picture()[0] / encoder().shading
    torch.testing.assert_close(found, hill((MATRIX.rows, MATRIX.columns)), atol=0.01, rtol=0)


def test_acceleration_changes_the_picture_by_noise_only() -> None:
    full = replace(MATRIX, acceleration=1)
    torch.testing.assert_close(picture(full), picture(), atol=0.01, rtol=0)


def test_noise_has_the_deviation_that_was_foretold() -> None:
    frames = picture(noise=0.01, frames=60)[:, 20:50, 30:70]
    expected = 0.01 * encoder().noise_factor()[20:50, 30:70]
    # Where there is signal the magnitude's noise is that of the real part.
    strong = frames.mean(0) > 10 * expected
    ratio = frames.std(0)[strong] / expected[strong]
    assert float(ratio.mean()) == pytest.approx(1.0, abs=0.04)


def test_unfolding_amplifies_noise_where_coils_are_alike() -> None:
    """The geometry factor is never below one."""
    slow, fast = (replace(MATRIX, acceleration=r) for r in (1, 2))
    ratio = encoder(fast).noise_factor() / encoder(slow).noise_factor()
    assert float(ratio.min()) > 0.995
    assert 1.02 < float(ratio.mean()) < 2


def test_a_filter_calms_the_ringing_at_an_edge() -> None:
    down, _ = positions((MATRIX.fine_rows, MATRIX.fine_columns))
    block = (down.abs() < 60).float()[None]
    overshoot = {}
    for weight in (1.0, 0.1):
        camera = encoder(replace(MATRIX, edge_weight=weight))
        seen = camera.picture(block, 0.0, torch.Generator())[0] / camera.shading
        overshoot[weight] = float(seen[:, 40:56].max()) - 1
    assert overshoot[1.0] > 0.05
    assert overshoot[0.1] < 0.03


def test_coils_are_smooth_and_strongest_nearby() -> None:
    coils = sensitivities(PLANE.affine((72, 96)), (72, 96), MIDDLE)
    assert coils.shape == (len(LOOPS), 72, 96)
    assert float(coils.diff(dim=-1).abs().max()) < 0.25 * float(coils.abs().max())
    together = coils.abs().square().sum(0).sqrt()
    # Up and left in the picture is the chest, where half of the loops lie.
    assert together[10, 20] > together[36, 48]
