"""What scanners add to a first pass looks as it does there."""

from __future__ import annotations

import torch

from perf_app.phantom import training_artefacts as artefacts
from perf_app.phantom.population import PLAUSIBLE
from perf_app.phantom.shapes import Draw


def some(seed: int = 0, n_patients: int = 16) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), n_patients, 3)


def test_dark_rim_follows_the_blood_and_hugs_the_endocardium() -> None:
    depth = torch.linspace(0, 1, 40).expand(16, 3, 1, 40)
    pool = torch.rand(16, 3, 48, generator=torch.Generator().manual_seed(1)) + 2
    rim, curve = artefacts.dark_rim(some(), torch.ones(16, 3, 1, 40), depth, pool)
    assert (rim.diff(dim=-1) <= 0).all(), "strongest at the endocardium"
    assert (rim[..., -1] < 0.01).all()
    assert (curve <= 0).all()
    seen = curve.abs().amax((-1, -2)) > 0
    assert 0.1 < seen.float().mean() < 0.6, "most series have none"
    brightest = pool.argmax(-1)[seen]
    assert torch.equal(curve[seen][:, 0].argmin(-1), brightest)


def test_thick_slices_blur_edges_and_keep_shares() -> None:
    inside = (torch.hypot(*torch.meshgrid(*(torch.linspace(-1, 1, 64),) * 2, indexing="ij")) < 0.6).float()
    maps = torch.stack([inside, 1 - inside]).expand(16, 3, 2, 64, 64)
    thick = artefacts.thick_slice(some(), maps, torch.ones(16, 1))
    torch.testing.assert_close(thick.sum(2), torch.ones(16, 3, 64, 64))
    torch.testing.assert_close(thick[:, :, 0].sum((-1, -2)), maps[:, :, 0].sum((-1, -2)), rtol=0.02, atol=0)
    between = ((thick[:, :, 0] > 0.2) & (thick[:, :, 0] < 0.8)).sum((-1, -2))
    assert between.min() == 0, "some slices are thin"
    assert between.max() > 100


def test_a_good_study_is_hardly_disturbed() -> None:
    severity = artefacts.severity(some(n_patients=400), PLAUSIBLE.pictures.clean)
    assert severity.shape == (400, 1)
    assert 0.25 < (severity < 1).float().mean() < 0.45
    assert severity.min() > 0
    series = torch.rand(16, 3, 4, 24, 24, generator=torch.Generator().manual_seed(1))
    assert torch.equal(artefacts.ghosts(some(), series, torch.zeros(16, 1)), series)


def test_ghost_is_the_series_somewhere_else() -> None:
    series = torch.zeros(16, 3, 48, 24, 24)
    series[..., 4, 6] = 1
    ghosted = artefacts.ghosts(some(), series, torch.ones(16, 1))
    extra = ghosted - series
    where = extra.abs().amax((0, 1, 2)).nonzero()
    assert where.shape == (1, 2)
    row, col = where[0].tolist()
    assert (row - 4, col - 6) in {(12, 0), (8, 0), (0, 12), (0, 8)}
    with_ghost = extra.abs().flatten(2).amax(-1) > 0
    assert 0.05 < with_ghost.float().mean() < 0.5


def test_noise_is_never_reduced_and_often_even() -> None:
    amplification = artefacts.uneven_noise(some(), 32)
    assert amplification.shape == (16, 3, 32, 32)
    assert amplification.min() >= 1
    even = (amplification == 1).flatten(2).all(-1).float().mean()
    assert 0.3 < even < 0.7
    assert amplification.max() > 1.5
