"""Where the truth lies among the frames of a simulated scan."""

from __future__ import annotations

import numpy as np
import torch

from operators.series import Label
from perf_app.phantom.filmed import moved_shares, still_shares
from perf_app.phantom.geometry import positions
from perf_app.phantom.motion import Motion, draw_patterns

DRAWN, PICTURES = (144, 192), (72, 96)
BREATH = (9.0, 5.0, 0.0)
HEART = torch.tensor([4.0, -6.0])


def disc() -> torch.Tensor:
    away = (positions(DRAWN) - HEART[:, None, None]).norm(dim=0)
    return torch.where(away < 20, int(Label.LV_CAVITY), torch.where(away < 30, int(Label.MYOCARDIUM), 0))


def motion(*weights: tuple[float, float, float]) -> Motion:
    return Motion(draw_patterns(HEART, 20.0, 0.3, torch.Generator().manual_seed(5)), torch.tensor(weights))


def off(shares: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of the heart's pixels whose label is another."""
    return float((shares.argmax(0) != labels).sum() / (labels > 0).sum())


def test_frames_brought_back_exactly_leave_the_heart_as_it_was_drawn() -> None:
    still, breath = (0.0, 0.0, 0.0), BREATH
    moving = motion(still, breath, still, still, breath, still, still, breath)
    found = moving.displacement(PICTURES)[1:].numpy()
    assert off(still_shares(disc(), moving, found), disc()) < 0.03
    assert off(still_shares(disc(), moving, np.zeros_like(found)), disc()) > 0.1


def test_frames_left_where_they_are_have_the_heart_where_they_show_it() -> None:
    moving = motion((0.0, 0.0, 0.0), *[BREATH] * 6)
    shares = still_shares(disc(), moving, np.zeros((6, 2, *PICTURES), np.float32))
    torch.testing.assert_close(shares, moved_shares(disc(), moving, 3), atol=1e-5, rtol=0)
    assert off(shares, disc()) > 0.2
