"""A digital patient's segments, flow, curves and scene."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from operators.aha_sectors.model import SEGMENTS_OF_LEVEL, SEGMENTS_OF_TERRITORY
from operators.series import Label, State
from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.contrast import at_times, follow_contrast
from perf_app.phantom.patient import Defect, DigitalPatient, draw_patient
from perf_app.phantom.scene import QUICK, build_scene, flow_map, picture_labels, picture_segments
from perf_app.phantom.territories import Territory, membership, segments
from perf_app.phantom.tissue_flow import myocardial_flow

PATIENT = draw_patient(3, field_strength_t=1.5, ischemia=False)
DEGREE = math.pi / 180


def ring(n: int = 720) -> torch.Tensor:
    """Angles all around, the same in three slices, shape (slice, 1, angle)."""
    return (torch.arange(n) / n * 2 * math.pi - math.pi).expand(3, 1, n)


def test_segments_fill_their_level_evenly() -> None:
    for level, found in zip(("basal", "mid", "apical"), segments(ring()), strict=True):
        numbers, counts = np.unique(found.numpy(), return_counts=True)
        assert tuple(numbers) == SEGMENTS_OF_LEVEL[level]  # type: ignore[index]
        assert counts.max() - counts.min() <= 2


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (30, (2, 8, 14)),
        (90, (1, 7, 13)),
        (150, (6, 12, 16)),
        (-30, (3, 9, 14)),
        (-90, (4, 10, 15)),
        (-150, (5, 11, 16)),
    ],
)
def test_segments_lie_where_the_model_says(degrees: float, expected: tuple[int, ...]) -> None:
    assert tuple(segments(torch.full((3, 1, 1), degrees * DEGREE)).flatten().tolist()) == expected


def test_territories_share_the_wall() -> None:
    names: tuple[Territory, ...] = ("LAD", "RCA", "LCx")
    parts = torch.stack([membership(ring(), name, 0.2) for name in names])
    torch.testing.assert_close(parts.sum(0), torch.ones(3, 1, 720))
    assert ((parts > 0) & (parts < 1)).any()


@pytest.mark.parametrize("seed", range(12))
def test_patients_are_plausible(seed: int) -> None:
    patient = draw_patient(seed)
    stress, rest = patient.states[State.STRESS], patient.states[State.REST]
    assert 1.5 <= stress.flow <= 4.0
    assert 0.5 <= rest.flow <= 1.3
    assert 3.5 <= stress.bolus.peak <= 4.4 <= rest.bolus.peak <= 5.2
    assert stress.rhythm.heart_rate > rest.rhythm.heart_rate
    assert 0.016 <= patient.noise_mmol_per_l <= 0.023
    assert draw_patient(seed) == patient
    assert draw_patient(seed + 1) != patient


def test_curves_of_a_patient() -> None:
    contrast = follow_contrast(PATIENT, State.REST, 50.0, 3.0)
    assert float(contrast.aif.max()) == pytest.approx(PATIENT.states[State.REST].bolus.peak)
    assert contrast.myocardium[0].abs().max() == 0
    rises = contrast.myocardium.diff(dim=1).amax(1)
    assert (rises.diff() > 0).all()
    onset = [int((curve > 0.1 * curve.max()).int().argmax()) for curve in (contrast.aif, contrast.myocardium[20])]
    assert onset[1] > onset[0]
    assert (contrast.tissues[Tissue.CHEST_WALL] < 0.2 * contrast.aif.max()).all()


def test_curves_are_read_between_their_samples() -> None:
    grid = torch.arange(0.0, 5.0, 0.5, dtype=torch.float64)
    line = 2 * grid + 1
    times = torch.tensor([[0.2, 1.7], [3.3, 4.4]], dtype=torch.float64)
    torch.testing.assert_close(at_times(line, grid, times), 2 * times + 1)


def flow(patient: DigitalPatient, state: State, depth: float) -> torch.Tensor:
    angle = ring()
    return myocardial_flow(patient, state, angle, torch.full_like(angle, depth), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("state", [State.STRESS, State.REST])
def test_layers_differ_and_their_mean_is_the_patient_s_flow(state: State) -> None:
    even = replace(PATIENT, heterogeneity=0.0)
    endo, middle, epi = (flow(even, state, depth) for depth in (0.0, 0.5, 1.0))
    physiology = even.states[state]
    torch.testing.assert_close(endo / epi, torch.full_like(endo, physiology.endo_over_epi))
    torch.testing.assert_close(middle, torch.full_like(middle, physiology.flow))


def test_a_defect_stays_in_its_territory_and_depth() -> None:
    defect = Defect("RCA", {State.STRESS: 0.4, State.REST: 1.0}, transmurality=0.5)
    healthy, ill = (replace(PATIENT, heterogeneity=0.0, defect=d) for d in (None, defect))
    ratio = flow(ill, State.STRESS, 0.1) / flow(healthy, State.STRESS, 0.1)
    inside = torch.isin(segments(ring()), torch.tensor(SEGMENTS_OF_TERRITORY["RCA"]))
    assert float(ratio[inside].min()) == pytest.approx(0.4)
    assert float(ratio[inside].mean()) < 0.5
    assert float(ratio[~inside].mean()) > 0.97
    torch.testing.assert_close(flow(ill, State.STRESS, 0.9), flow(healthy, State.STRESS, 0.9))
    torch.testing.assert_close(flow(ill, State.REST, 0.1), flow(healthy, State.REST, 0.1))


def test_a_scene_fills_the_body_and_nothing_else() -> None:
    scene = build_scene(PATIENT, QUICK)
    total = scene.fractions.sum(1)
    assert scene.fractions.min() >= -1e-6
    assert float(total.max()) == pytest.approx(1.0, abs=1e-5)
    air = total < 0.01
    assert 0.05 < float(air.float().mean()) < 0.6
    assert not (air & (scene.labels != Label.BACKGROUND)).any()


def test_pictures_of_the_scene_keep_areas() -> None:
    scene = build_scene(PATIENT, QUICK)
    size = (QUICK.main.rows, QUICK.main.columns)
    labels = picture_labels(scene, size)
    for label in (Label.LV_CAVITY, Label.MYOCARDIUM, Label.RV):
        coarse, fine = (labels == label).float().mean(), (scene.labels == label).float().mean()
        assert float(coarse) == pytest.approx(float(fine), rel=0.1)
    numbers = picture_segments(scene, size)
    assert ((numbers > 0) == (labels == Label.MYOCARDIUM)).all()


def test_flow_map_is_the_same_each_time_and_both_states_share_their_patches() -> None:
    scene = build_scene(PATIENT, QUICK)
    again = build_scene(PATIENT, QUICK)
    stress, rest = flow_map(scene, PATIENT, State.STRESS), flow_map(again, PATIENT, State.REST)
    assert torch.equal(stress, flow_map(again, PATIENT, State.STRESS))
    muscle = scene.labels == Label.MYOCARDIUM
    both = torch.stack([stress[muscle], rest[muscle]])
    assert float(torch.corrcoef(both)[0, 1]) > 0.3
