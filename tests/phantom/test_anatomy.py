"""Tissues and labels of the drawn anatomy."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from operators.series import Label
from perf_app.phantom.anatomy import Anatomy, Tissue, draw_anatomy
from perf_app.phantom.population import PLAUSIBLE, WILD, Population

SIZE = (120, 120)
BLOOD = (Tissue.LV_BLOOD, Tissue.RV_BLOOD)


def draw(ranges: Population, seed: int = 3, n_patients: int = 4) -> Anatomy:
    generator = torch.Generator().manual_seed(seed)
    return draw_anatomy(n_patients, ranges, size=SIZE, spacing_mm=1.5, generator=generator)


@pytest.fixture(scope="module", params=[PLAUSIBLE, WILD], ids=["plausible", "wild"])
def ranges(request: pytest.FixtureRequest) -> Population:
    chosen: Population = request.param
    return chosen


@pytest.fixture(scope="module")
def anatomy(ranges: Population) -> Anatomy:
    return draw(ranges)


def test_tissues_fill_each_pixel(anatomy: Anatomy) -> None:
    assert anatomy.fractions.shape == (4, 3, len(Tissue), *SIZE)
    assert anatomy.fractions.min() >= 0
    torch.testing.assert_close(anatomy.fractions.sum(2), torch.ones(4, 3, *SIZE))


def test_same_seed_same_patients(ranges: Population, anatomy: Anatomy) -> None:
    again = draw(ranges)
    assert torch.equal(again.fractions, anatomy.fractions)
    assert torch.equal(again.labels, anatomy.labels)
    assert not torch.equal(draw(ranges, seed=4).labels, anatomy.labels)


def test_cavity_label_holds_the_blood_and_what_lies_within_it(anatomy: Anatomy) -> None:
    cavity = anatomy.labels == Label.LV_CAVITY
    # Elsewhere LV blood fills at most an outflow tract of the basal slice.
    blood = anatomy.fractions[:, 1:, Tissue.LV_BLOOD] > 0.6
    assert (blood & ~cavity[:, 1:]).sum() == 0
    assert anatomy.fractions[:, :, Tissue.MYOCARDIUM][cavity].sum() > 0


def test_label_areas_follow_the_tissue() -> None:
    plain = dataclasses.replace(PLAUSIBLE, outflow=0.0, papillary_depth=(0.0, 0.0), trabeculation=(0.0, 0.0))
    plain = dataclasses.replace(plain, epicardial_inset_mm=(0.0, 0.0), trabecular_zone=(0.0, 0.0))
    plain = dataclasses.replace(plain, endocardial_inset=0.0)
    anatomy = draw(plain)
    for label, tissue in ((Label.LV_CAVITY, Tissue.LV_BLOOD), (Label.MYOCARDIUM, Tissue.MYOCARDIUM)):
        drawn = (anatomy.labels == label).sum((2, 3)).float()
        torch.testing.assert_close(drawn, anatomy.fractions[:, :, tissue].sum((2, 3)), rtol=0.03, atol=5)


@pytest.mark.parametrize("ranges", [PLAUSIBLE, WILD], ids=["plausible", "wild"])
def test_all_patients_are_labelled_by_one_convention(ranges: Population) -> None:
    """What no picture shows must not differ between patients: the network would be judged by a guess."""
    bare = dataclasses.replace(
        ranges, outflow=0.0, papillary_depth=(0.0, 0.0), trabeculation=(0.0, 0.0), obliterated=0.0, crowded=0.0
    )
    anatomy = draw(bare, n_patients=8)
    blood = anatomy.fractions[:, :, Tissue.LV_BLOOD].sum((2, 3)).sqrt()
    cavity = (anatomy.labels == Label.LV_CAVITY).sum((2, 3)).sqrt()
    torch.testing.assert_close(blood / cavity, torch.full_like(blood, 0.84 / 0.96), rtol=0.03, atol=0)


def test_shares_are_soft_only_along_the_outlines(anatomy: Anatomy) -> None:
    assert anatomy.shares.shape == (4, 3, len(Label), *SIZE)
    torch.testing.assert_close(anatomy.shares.sum(2), torch.ones(4, 3, *SIZE))
    mixed = (anatomy.shares.amax(2) < 0.9).float()
    assert 0.001 < mixed.mean() < 0.05
    near = torch.nn.functional.max_pool2d(anatomy.labels.float(), 3, 1, 1) > -torch.nn.functional.max_pool2d(
        -anatomy.labels.float(), 3, 1, 1
    )
    assert (near[mixed > 0]).float().mean() > 0.99


def test_no_trace_of_the_right_ventricle_around_the_left(anatomy: Anatomy) -> None:
    """Where two outlines run along each other, the outer one's tissue must not show in the pixels of their edge."""
    insertions = anatomy.insertions.nan_to_num(0.0)
    anterior, inferior = (one[..., None, None] for one in insertions.unbind(2))
    away = (anatomy.wall_angle > anterior + 0.1) | (anatomy.wall_angle < inferior - 0.1)
    for tissue in (Tissue.RV_BLOOD, Tissue.RV_WALL):
        assert anatomy.fractions[:, :, tissue][away].max() < 1e-4
    assert anatomy.shares[:, :, Label.RV][away].max() < 1e-4


def test_inset_label_ends_inside_the_wall() -> None:
    edge, inset = (draw(dataclasses.replace(PLAUSIBLE, epicardial_inset_mm=(mm, mm), outflow=0.0)) for mm in (0.0, 2.0))
    heart, smaller = (a.labels.eq(Label.MYOCARDIUM) | a.labels.eq(Label.LV_CAVITY) for a in (edge, inset))
    assert not (smaller & ~heart).any()
    lost = torch.sqrt(heart.sum((2, 3)) * 1.5**2 / math.pi) - torch.sqrt(smaller.sum((2, 3)) * 1.5**2 / math.pi)
    torch.testing.assert_close(lost, torch.full_like(lost, 2.0), rtol=0, atol=0.3)


def test_wall_coordinates() -> None:
    anatomy = draw(PLAUSIBLE)
    wall, cavity, rv = (anatomy.labels == label for label in (Label.MYOCARDIUM, Label.LV_CAVITY, Label.RV))
    assert anatomy.wall_depth[cavity].max() == 0
    assert anatomy.wall_depth[rv].min() == 1
    assert 0.3 < anatomy.wall_depth[wall].mean() < 0.5, "the label ends inside the tissue"
    anterior, inferior = anatomy.insertions.nan_to_num(0.0)[..., None, None].unbind(2)
    assert (anatomy.wall_angle < anterior + 0.03)[rv].all()
    assert (anatomy.wall_angle > inferior - 0.03)[rv].all()


def test_seen_as_a_radiologist_sees_it() -> None:
    anatomy = draw(PLAUSIBLE, n_patients=8)
    rv, cavity = (anatomy.labels[:, 0] == label for label in (Label.RV, Label.LV_CAVITY))
    rows, cols = torch.meshgrid(*(torch.arange(n) for n in SIZE), indexing="ij")
    for patient in range(8):
        assert cols[rv[patient]].float().mean() < cols[cavity[patient]].float().mean() - 10
        anterior = (anatomy.wall_angle[patient, 0] - math.pi / 2).abs() < 0.3
        assert rows[anterior].float().mean() < rows[cavity[patient]].float().mean()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turning_the_heart_turns_its_labels(quarters: int) -> None:
    still = dataclasses.replace(PLAUSIBLE, rotation=(0.0, 0.0), off_centre_mm=(0.0, 0.0), slice_shift_mm=(0.0, 0.0))
    still = dataclasses.replace(still, warp_mm=(0.0, 0.0))
    turned = dataclasses.replace(still, rotation=(quarters * math.pi / 2,) * 2)
    expected = torch.rot90(draw(still).labels, quarters, dims=(2, 3))
    assert (draw(turned).labels != expected).float().mean() < 0.002


def test_apex_can_lack_the_rv_and_then_has_no_insertions() -> None:
    anatomy = draw(dataclasses.replace(PLAUSIBLE, rv_absent_apex=1.0))
    assert not (anatomy.labels[:, 2] == Label.RV).any()
    assert (anatomy.labels[:, 0] == Label.RV).flatten(1).any(1).all()
    assert anatomy.insertions[:, 2].isnan().all()
    assert not anatomy.insertions[:, 0].isnan().any()


def test_rv_muscle_on_the_septum_takes_blood_and_no_label() -> None:
    still = dataclasses.replace(PLAUSIBLE, outflow=0.0, warp_mm=(0.0, 0.0), rotation=(0.0, 0.0))
    still = dataclasses.replace(still, off_centre_mm=(0.0, 0.0), slice_shift_mm=(0.0, 0.0))
    bare = draw(still)
    covered = draw(dataclasses.replace(still, septal_muscle=1.0, septal_trabeculae_mm=(6.0, 6.0), hinge_mm=(8.0, 8.0)))
    assert torch.equal(covered.labels, bare.labels)
    lost = (bare.fractions - covered.fractions)[:, :, Tissue.RV_BLOOD].sum((2, 3))
    assert (lost[:, 0] > 20).all()
    gained = (covered.fractions - bare.fractions)[:, :, Tissue.RV_WALL].sum((2, 3))
    torch.testing.assert_close(gained[:, 0], lost[:, 0], rtol=0.2, atol=10)


def test_crowded_cavity_keeps_its_label_and_loses_blood() -> None:
    shares = []
    for crowded in (1e-6, 1.0):
        anatomy = draw(dataclasses.replace(PLAUSIBLE, outflow=0.0, crowded=crowded), n_patients=8)
        cavity = anatomy.labels == Label.LV_CAVITY
        blood = anatomy.fractions[:, :, Tissue.LV_BLOOD].sum((2, 3))
        shares.append((blood / cavity.sum((2, 3))).mean())
    assert shares[1] < 0.75 * shares[0]


def test_outflow_tract_leaves_a_gap_in_the_basal_wall() -> None:
    closed, gap = (draw(dataclasses.replace(PLAUSIBLE, outflow=share)) for share in (0.0, 1.0))
    lost = (closed.labels[:, 0] == Label.MYOCARDIUM) & (gap.labels[:, 0] == Label.BACKGROUND)
    assert lost.flatten(1).any(1).all()
    assert gap.wall_angle[:, 0][lost].mean() > 0.4, "towards the anterior septum"


def test_generator_must_live_where_the_tensors_are_made() -> None:
    with pytest.raises(ValueError, match="generator is on cpu"):
        draw_anatomy(1, PLAUSIBLE, size=SIZE, spacing_mm=1.5, generator=torch.Generator(), device="meta")
