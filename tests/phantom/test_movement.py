"""How digital hearts move, breathe and beat."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from perf_app.phantom.geometry import FIELD_OF_VIEW_MM, positions
from perf_app.phantom.motion import Breathing, Motion, breathe, draw_patterns, warp
from perf_app.phantom.rhythm import Rhythm, beat

SIZE = (36, 48)


def motion(*weights: tuple[float, float, float]) -> Motion:
    patterns = draw_patterns(torch.tensor([4.0, -6.0]), 20.0, 0.3, torch.Generator().manual_seed(5))
    return Motion(patterns, torch.tensor(weights))


def test_no_weight_no_motion() -> None:
    still = motion((0.0, 0.0, 0.0))
    assert still.sources(SIZE).abs().max() == 0
    assert still.displacement(SIZE).abs().max() == 0


def test_displacement_leads_to_where_the_frame_shows_the_place() -> None:
    """Going to the frame and looking where it came from leads back."""
    moving = motion((10.0, 6.0, 0.0), (3.0, 9.0, -3.0), (0.0, 0.0, 3.5))
    there = moving.displacement(SIZE)
    back = warp(moving.sources(SIZE), there)
    inside = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    assert float((there + back)[inside].abs().max()) < 0.15
    assert float(there.norm(dim=1).max()) > 5


def test_the_heart_moves_by_the_breathing_s_amplitude() -> None:
    moved = motion((8.0, 0.0, 0.0)).displacement((288, 384))
    place = positions((288, 384)) - torch.tensor([4.0, -6.0])[:, None, None]
    at_heart = moved[0].norm(dim=0)[place.norm(dim=0) < 3]
    assert float(at_heart.mean()) == pytest.approx(8.0, rel=0.1)


def test_part_of_breathing_is_not_rigid() -> None:
    moved = motion((8.0, 8.0, 0.0)).displacement((288, 384))[0]
    near = (positions((288, 384)) - torch.tensor([4.0, -6.0])[:, None, None]).norm(dim=0) < 30
    assert 0.2 < float(moved[:, near].std(dim=1).norm()) < 3


def test_filling_moves_the_endocardium_outward() -> None:
    moved = motion((0.0, 0.0, 3.0)).displacement((288, 384))[0]
    place = positions((288, 384)) - torch.tensor([4.0, -6.0])[:, None, None]
    radius = place.norm(dim=0)
    outward = (moved * place).sum(0) / radius.clamp(min=1)
    ring = outward[(radius > 18) & (radius < 22)]
    assert float(ring.min()) > 2.0
    assert float(outward[radius > 80].abs().max()) < 0.05


def test_patterns_don_t_fold() -> None:
    moved = motion((12.0, 12.0, -3.5)).displacement((288, 384))[0]
    spacing = FIELD_OF_VIEW_MM[0] / 288
    down = moved.diff(dim=1)[:, :, :-1] / spacing
    right = moved.diff(dim=2)[:, :-1] / spacing
    determinant = (1 + down[0]) * (1 + right[1]) - down[1] * right[0]
    assert float(determinant[5:-5, 5:-5].min()) > 0.1


def test_breathing_rests_at_expiration() -> None:
    times = torch.linspace(0, 47.0, 2000)
    wave = breathe(Breathing(9.0, 4.7, 0.2, 0.0), times)[0]
    assert float(wave.max()) == pytest.approx(9.0, abs=0.05)
    assert float(wave.min()) == pytest.approx(0.0, abs=0.05)
    assert float((wave < 4.5).float().mean()) > 0.55


def test_triggers_wait_until_the_slices_are_read() -> None:
    rhythm = Rhythm(100.0, ectopic=0.3, missed=0.1)
    beats = beat(rhythm, 200, 0.5, torch.Generator().manual_seed(0))
    intervals = beats.times.diff()
    assert beats.times[0] == 0
    assert float(intervals.min()) >= 0.5 - 1e-9
    assert float(intervals.max()) > 1.0


def test_a_steady_heart_beats_steadily() -> None:
    steady = Rhythm(60.0, jitter=0.0, filling=0.0, ectopic=0.0, missed=0.0)
    intervals = beat(steady, 30, 0.5, torch.Generator().manual_seed(0)).times.diff()
    torch.testing.assert_close(intervals, torch.ones_like(intervals))
    jittery = beat(replace(steady, jitter=0.03), 200, 0.5, torch.Generator().manual_seed(0)).times.diff()
    assert float(jittery.mean()) == pytest.approx(1.0, abs=0.02)
    assert 0.02 < float(jittery.std()) < 0.08
