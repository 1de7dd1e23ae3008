"""Laws of the segments on hearts of known geometry, however the patient lies and the images are stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from scipy.spatial.transform import Rotation

from operators.aha_sectors.frame import centroid, long_axis
from operators.aha_sectors.insertion import Septum, find_septum
from operators.aha_sectors.measurement import measure_sectors
from operators.aha_sectors.sectors import segment_of_angle
from operators.series import FloatArray, FlowMap, GadoliniumSeries, ImageSeries, Label, SectorReport, Segmentation

SPACING = (1.9, 1.6)
SIZE = (84, 96)
LEVELS = ("basal", "mid", "apical")
IN_CHEST = Rotation.from_euler("xyz", [-40, -30, 0], degrees=True).as_matrix()
"""From an axial stack to one whose base lies to the right, back and top."""

law = settings(max_examples=20, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Heart:
    """A labelled stack, base first, with a flow value in each pixel."""

    labels: npt.NDArray[np.uint8]
    affines: FloatArray
    flow: FloatArray
    angle: FloatArray
    """From mid-septum, positive to anterior [rad], shape (slice, row, col)."""


def heart(
    n_slices: int = 3,
    turn: float = 0.2,
    half_width: float = 1.05,
    depth: float = 22.0,
    power: float = 2.5,
    inset: float = 0.0,
) -> Heart:
    """A tapering ring, drawn `inset` inside its edge, with a crescent RV, turned in the picture [rad]; in mm."""
    row, column = np.mgrid[: SIZE[0], : SIZE[1]]
    labels, angle = np.zeros((2, n_slices, *SIZE))
    affines = np.zeros((n_slices, 4, 4))
    for k in range(n_slices):
        down, right = (row - 41.37 - 0.4 * k) * SPACING[0], (column - 54.13 + 0.7 * k) * SPACING[1]
        away = np.hypot(down, right)
        # Rows go to the back, columns to the left, and the base is at the top: the septum lies to the right.
        angle[k] = np.angle(np.exp(1j * (np.arctan2(-down, -right) - turn)))
        inner = 24.0 * (1 - 0.4 * k / max(n_slices - 1, 1))
        rv = depth * (1 - np.minimum(abs(angle[k]) / half_width, 1) ** power)
        labels[k][away < inner + 8 + rv] = Label.RV
        labels[k][away < inner + 8] = Label.BACKGROUND
        labels[k][away < inner + 8 - inset] = Label.MYOCARDIUM
        labels[k][away < inner] = Label.LV_CAVITY
        affines[k, :3, 0], affines[k, :3, 1], affines[k, :3, 2] = (0, SPACING[0], 0), (SPACING[1], 0, 0), (0, 0, 8)
        affines[k, :, 3] = (-60, -55, -10 * k, 1)
        affines[k, :3] = IN_CHEST @ affines[k, :3]
    flow = 2 + np.random.default_rng(1).standard_normal(labels.shape)
    return Heart(labels.astype(np.uint8), affines, flow.astype(np.float32), angle)


def measured(one: Heart) -> SectorReport:
    """The room's answer."""
    n, shape = len(one.labels), one.labels.shape
    times = np.tile(np.arange(6.0), (n, 1))
    headers = tuple(tuple(Dataset() for _ in row) for row in times)
    pixels = np.zeros((n, 6, *shape[1:]), np.float32)
    series = ImageSeries(("2.25.1",), pixels, "mmol/L", times, one.affines, headers)
    shares = np.stack([one.labels == label for label in Label], axis=1).astype(np.float32)
    flow = FlowMap(one.flow, "mL/min/g", "btex", np.zeros(n))
    return measure_sectors(Segmentation(one.labels, shares, "0", "0"), flow, GadoliniumSeries(series))


def septum_of(one: Heart, k: int) -> Septum | None:
    """What a slice's own RV tells."""
    cavity, wall = one.labels == Label.LV_CAVITY, one.labels == Label.MYOCARDIUM
    centers = np.stack([centroid(c, a) for c, a in zip(cavity, one.affines, strict=True)])
    base = long_axis(centers, one.affines[0, :3, 2], (cavity | wall).sum(axis=(1, 2)))
    return find_septum(one.labels[k] == Label.RV, wall[k], centers[k], one.affines[k], base)


def moved(one: Heart, seed: int) -> Heart:
    """The same patient anywhere in space."""
    chance = np.random.default_rng(seed)
    move = np.eye(4)
    move[:3, :3] = Rotation.random(rng=chance).as_matrix()
    move[:3, 3] = chance.uniform(-300, 300, 3)
    return replace(one, affines=move @ one.affines)


def turned(images: npt.NDArray[Any], flips: tuple[int, ...], transposed: bool) -> npt.NDArray[Any]:
    """Images (slice, row, col) flipped along axes (1: rows, 2: columns), then transposed."""
    images = np.flip(images, flips)
    return images.swapaxes(1, 2) if transposed else images


def stored(one: Heart, flips: tuple[int, ...], transposed: bool) -> Heart:
    """The same images stored in another way, with every pixel where it was in space."""
    affines = one.affines.copy()
    for axis in flips:
        affines[:, :, 3] += affines[:, :, axis - 1] * (one.labels.shape[axis] - 1)
        affines[:, :, axis - 1] *= -1
    if transposed:
        affines[:, :, :2] = affines[:, :, 1::-1]
    affines[:, :3, 2] = 8 * np.cross(affines[:, :3, 1], affines[:, :3, 0]) / (SPACING[0] * SPACING[1])
    labels, flow, angle = (turned(image, flips, transposed) for image in (one.labels, one.flow, one.angle))
    return Heart(labels, affines, flow, angle)


def reordered(one: Heart, order: npt.NDArray[np.int64]) -> Heart:
    """Slices in another order."""
    return Heart(one.labels[order], one.affines[order], one.flow[order], one.angle[order])


def without(one: Heart, where: npt.NDArray[np.bool_]) -> Heart:
    """With background there."""
    return replace(one, labels=np.where(where, np.uint8(Label.BACKGROUND), one.labels))


def wall_of(one: Heart) -> npt.NDArray[np.bool_]:
    return np.asarray(one.labels == Label.MYOCARDIUM)


def same_values(first: SectorReport, second: SectorReport) -> None:
    """Of all regions; the order in which pixels are summed may differ."""
    pairs = [(first.by_sector, second.by_sector), (first.endocardial, second.endocardial)]
    for ours, theirs in [*pairs, (first.epicardial, second.epicardial)]:
        for segment, value in ours.items():
            other = theirs[segment]
            assert (value is None) == (other is None)
            if value is not None and other is not None:
                assert value.n_pixels == other.n_pixels
                assert (value.mean, value.sd) == pytest.approx((other.mean, other.sd), rel=1e-9)


def agreement(one: Heart, report: SectorReport) -> float:
    """Share of the wall in the segment in which its known angle puts it."""
    wall = wall_of(one)
    hits = [
        report.sectors[k][wall[k]] == segment_of_angle(one.angle[k][wall[k]], level)
        for k, level in enumerate(report.levels)
        if level is not None
    ]
    return float(np.concatenate(hits).mean())


@law
@given(seed=seeds, turn=st.floats(-np.pi, np.pi))
def test_a_rigid_motion_of_the_patient_changes_no_segment_and_no_value(seed: int, turn: float) -> None:
    before, after = measured(heart(turn=turn)), measured(moved(heart(turn=turn), seed))
    assert before.sectors.any()
    assert np.array_equal(before.sectors, after.sectors)
    assert np.array_equal(before.layers, after.layers)
    assert before.by_sector == after.by_sector
    assert before.levels == after.levels == LEVELS


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("flips", [(), (1,), (2,), (1, 2)])
@pytest.mark.parametrize("n_slices", [1, 3])
def test_the_storage_of_the_image_changes_no_segment_and_no_value(
    flips: tuple[int, ...], transposed: bool, n_slices: int
) -> None:
    one = heart(n_slices)
    plain, other = measured(one), measured(stored(one, flips, transposed))
    for ours, theirs in ((plain.sectors, other.sectors), (plain.layers, other.layers)):
        assert ours.any()
        assert np.array_equal(turned(ours, flips, transposed), theirs)
    same_values(plain, other)


@law
@given(turn=st.floats(-np.pi, np.pi), half_width=st.floats(0.8, 1.25), depth=st.floats(12, 30))
def test_segments_and_layers_partition_the_ring_in_even_parts_where_the_heart_lies(
    turn: float, half_width: float, depth: float
) -> None:
    one = heart(turn=turn, half_width=half_width, depth=depth)
    report, wall = measured(one), wall_of(one)
    assert np.array_equal(report.sectors > 0, wall)
    assert np.array_equal(report.layers > 0, wall)
    assert sum(value.n_pixels for value in report.by_sector.values() if value) == wall.sum()
    for k, first, last in ((0, 1, 6), (1, 7, 12), (2, 13, 16)):
        counts = np.bincount(report.sectors[k][wall[k]], minlength=17)
        assert counts[first : last + 1].sum() == wall[k].sum()
        assert counts[first : last + 1].min() > 0.85 * counts[first : last + 1].max()
    assert agreement(one, report) > 0.93


@law
@given(order=st.permutations(range(5)))
def test_the_order_of_the_slices_changes_nothing(order: list[int]) -> None:
    one = heart(5)
    plain, shuffled = measured(one), measured(reordered(one, np.array(order)))
    assert np.array_equal(plain.sectors[order], shuffled.sectors)
    assert [plain.levels[k] for k in order] == list(shuffled.levels)
    same_values(plain, shuffled)


@pytest.mark.parametrize("n_slices", range(3, 11))
def test_complete_rings_are_dealt_to_the_levels_in_equal_thirds_from_the_base(n_slices: int) -> None:
    levels = [LEVELS.index(level) for level in measured(heart(n_slices)).levels if level is not None]
    assert len(levels) == n_slices
    assert all(0 <= after - before <= 1 for before, after in pairwise(levels))
    counts = np.bincount(levels, minlength=3)
    assert counts.max() - counts.min() <= 1


@law
@given(tilt=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)))
def test_a_stack_tilted_against_the_long_axis_keeps_its_segments(tilt: tuple[float, float]) -> None:
    one = heart()
    affines = one.affines.copy()
    # Slices slide in their own plane: the LV's axis then runs at up to 35 degrees to their normal.
    for k in range(3):
        affines[k, :3, 3] += (
            10 * k * (tilt[0] * affines[k, :3, 0] / SPACING[0] + tilt[1] * affines[k, :3, 1] / SPACING[1])
        )
    report = measured(replace(one, affines=affines))
    assert np.array_equal(report.sectors > 0, wall_of(one))
    assert agreement(one, report) > 0.87


@law
@given(start=st.floats(0.0, 1.2), width=st.floats(0.3, 1.0))
def test_an_outflow_gap_is_not_filled_and_moves_no_other_pixel(start: float, width: float) -> None:
    one = heart()
    gap = wall_of(one) & (one.angle > start) & (one.angle < start + width)
    gap[1:] = False
    full, report = measured(one), measured(without(one, gap))
    assert not report.sectors[gap].any()
    assert np.array_equal(report.sectors[~gap], full.sectors[~gap])


def test_an_outflow_tract_taken_for_rv_does_not_turn_the_segments() -> None:
    one = heart()
    tract = wall_of(one) & (one.angle > 0.8) & (one.angle < 1.6)
    tract[1:] = False
    full = measured(one)
    report = measured(replace(one, labels=np.where(tract, np.uint8(Label.RV), one.labels)))
    assert (report.sectors == full.sectors)[wall_of(one) & ~tract].mean() > 0.97


def test_a_segment_that_the_gap_takes_has_no_value_and_a_flag() -> None:
    one = heart()
    gap = wall_of(one) & (one.angle > -0.1) & (one.angle < 1.15)
    gap[1:] = False
    report = measured(without(one, gap))
    assert report.by_sector[2] is None
    assert [(flag.code, flag.message) for flag in report.flags] == [
        ("sector_empty", "The basal anteroseptal segment (2) holds nothing to measure.")
    ]


def test_all_segments_of_slices_that_are_not_there_are_told_in_one_sentence() -> None:
    one = heart()
    report = measured(without(one, (np.arange(3) != 1)[:, None, None] & (one.labels > 0)))
    assert [s for s, found in report.by_sector.items() if found is not None] == [7, 8, 9, 10, 11, 12]
    flags = {flag.code: flag.message for flag in report.flags}
    assert len(flags) == len(report.flags) == 2
    assert flags["level_assumed"].endswith("taken as mid.")
    for words in (
        "10 of the 16 segments",
        "all basal ones (1 to 6), all apical ones (13",
        "No slice shows what is basal or",
    ):
        assert words in flags["sector_empty"]


@pytest.mark.parametrize("k", range(3))
def test_a_slice_without_rv_is_divided_as_its_neighbours_are(k: int) -> None:
    one = heart()
    missing = one.labels == Label.RV
    missing[np.arange(3) != k] = False
    report, full = measured(without(one, missing)), measured(one)
    others = [j for j in range(3) if j != k]
    assert np.array_equal(report.sectors[others], full.sectors[others])
    assert (report.sectors[k] == full.sectors[k])[wall_of(one)[k]].mean() > 0.9
    assert [(flag.code, flag.slice) for flag in report.flags] == [("septum_from_neighbour", k)]


def test_an_apex_without_cavity_has_no_segments_and_changes_no_other_level() -> None:
    four = heart(4)
    three = reordered(four, np.arange(3))
    solid = four.labels.copy()
    solid[3][solid[3] == Label.LV_CAVITY] = Label.MYOCARDIUM
    report = measured(replace(four, labels=solid))
    assert report.levels == (*LEVELS, None)
    assert not report.sectors[3].any()
    assert not report.layers[3].any()
    assert np.array_equal(report.sectors[:3], measured(three).sectors)


@pytest.mark.parametrize("inset", [0.0, 3.0])
def test_the_insertions_of_known_hearts_are_found(inset: float) -> None:
    chance = np.random.default_rng(5)
    errors = []
    for _ in range(25):
        half_width = chance.uniform(0.8, 1.25)
        one = heart(
            1, chance.uniform(-np.pi, np.pi), half_width, chance.uniform(10, 30), chance.uniform(1.6, 4.0), inset
        )
        found = septum_of(one, 0)
        assert found is not None
        errors.append(abs(np.degrees(found.half_width - half_width)))
    assert np.mean(errors) < 1.5
    assert max(errors) < 6


@pytest.mark.parametrize("scale", [0.7, 1.4])
def test_an_rv_drawn_too_small_or_too_large_does_not_turn_the_segments(scale: float) -> None:
    usual, drawn = septum_of(heart(), 0), septum_of(heart(depth=22 * scale), 0)
    assert usual is not None
    assert drawn is not None
    assert np.degrees(np.arccos(usual.middle @ drawn.middle)) < 2.5


def test_an_rv_that_bulges_beyond_its_insertion_inserts_where_it_touches() -> None:
    one = heart(1)
    row, column = np.mgrid[: SIZE[0], : SIZE[1]]
    away = np.hypot((row - 41.37) * SPACING[0], (column - 54.13) * SPACING[1])
    bulge = (away > 38) & (away < 54) & (one.angle[0] > 0.6) & (one.angle[0] < 1.6)
    labels = one.labels.copy()
    labels[0][bulge] = Label.RV
    plain, found = septum_of(one, 0), septum_of(replace(one, labels=labels), 0)
    assert plain is not None
    assert found is not None
    assert abs(np.degrees(found.half_width - plain.half_width)) < 6
