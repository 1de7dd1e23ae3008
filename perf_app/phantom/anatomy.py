"""Short-axis anatomy of digital patients: which tissue fills how much of each pixel.

Three slices a patient (basal, mid, apical) that belong together. Images are drawn as a radiologist sees them: with
rotation 0 the right ventricle lies on the image's left and anterior is up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from operators.series import Label
from perf_app.phantom import shapes
from perf_app.phantom.outlines import Outlines, draw_outlines
from perf_app.phantom.population import Population
from perf_app.phantom.shapes import Draw, Range, around, inside, look_up

N_SLICES = 3
QUARTER = torch.pi / 2


class Tissue(IntEnum):
    """Index of the tissue axis."""

    LUNG = 0
    FAT = 1
    CHEST_WALL = 2
    LIVER = 3
    SPLEEN = 4
    AORTA = 5
    VESSEL = 6
    RV_WALL = 7
    RV_BLOOD = 8
    MYOCARDIUM = 9
    LV_BLOOD = 10


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Digital patients' tissue maps; tensors on one device."""

    fractions: Tensor
    """Share of each tissue in each pixel, float32, sums to 1, shape (patient, slice, tissue, row, col)."""
    shares: Tensor
    """Of each `operators.series.Label`, as a reader draws them, in each pixel: float32, sums to 1, shape (patient,
    slice, label, row, col)."""
    wall_depth: Tensor
    """0 at the endocardial outline, 1 at the tissue's outer edge, clamped beyond, shape (patient, slice, row, col)."""
    wall_angle: Tensor
    """From mid-septum, positive towards anterior [rad], -pi to pi, shape (patient, slice, row, col)."""
    insertions: Tensor
    """Angles of the anterior and inferior RV insertion [rad], NaN where there is no RV, shape (patient, slice, 2)."""
    spacing_mm: float

    @property
    def labels(self) -> Tensor:
        """`Label` that fills most of each pixel, uint8, shape (patient, slice, row, col)."""
        return self.shares.argmax(2).to(torch.uint8)


def draw_anatomy(
    n_patients: int,
    ranges: Population,
    *,
    size: tuple[int, int],
    spacing_mm: float,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Anatomy:
    """Draw digital patients: a basal, a mid and an apical slice each.

    Args:
        n_patients: how many.
        ranges: the population, such as `PLAUSIBLE` or `WILD`.
        size: rows and columns of the images.
        spacing_mm: distance between pixels [mm].
        generator: source of all random numbers, on `device`.
        device: where the tensors are made.

    Raises:
        ValueError: the generator lives on another kind of device.
    """
    if torch.device(device).type != generator.device.type:
        raise ValueError(f"the generator is on {generator.device}, the anatomy on {device}")
    draw = Draw(generator, n_patients, N_SLICES)
    outlines = draw_outlines(draw, ranges)
    across, up = _heart_coordinates(draw, ranges, size, spacing_mm)
    radius, angle = torch.hypot(across, up), torch.atan2(up, -across)
    fractions = _paint(draw, ranges, outlines, across, up, spacing_mm)
    endo, epi = look_up(outlines.endocardium, angle), look_up(outlines.epicardium, angle)
    return Anatomy(
        fractions=fractions,
        shares=_shares(outlines, radius, angle, spacing_mm),
        wall_depth=((radius - endo) / (epi - endo)).clamp(0, 1),
        wall_angle=angle,
        insertions=outlines.insertions,
        spacing_mm=spacing_mm,
    )


def _heart_coordinates(draw: Draw, ranges: Population, size: tuple[int, int], spacing: float) -> tuple[Tensor, Tensor]:
    """Pixels in the heart's own frame [mm]: across to lateral and up to anterior, shape (patient, slice, row, col)."""
    device = draw.generator.device
    rows, cols = ((torch.arange(n, device=device) - (n - 1) / 2) * spacing for n in size)
    turn = draw.coherent(ranges.rotation, 0.05)[..., None, None]
    side = torch.where(draw.patient((0, 1)) < ranges.mirrored, -1.0, 1.0)[..., None, None]
    centre = [(draw.patient(ranges.off_centre_mm) + draw.slice(ranges.slice_shift_mm))[..., None, None] for _ in "xy"]
    warp = shapes.smooth_field(draw, size, 4, 2) * draw.patient(ranges.warp_mm)[..., None, None, None]
    right = cols - centre[0] + warp[:, :, 0]
    above = -(rows[:, None] - centre[1]) + warp[:, :, 1]
    across, up = turn.cos() * right + turn.sin() * above, turn.cos() * above - turn.sin() * right
    return across, up * side


def _paint(draw: Draw, ranges: Population, outlines: Outlines, across: Tensor, up: Tensor, spacing: float) -> Tensor:
    """Lay tissue over tissue, the lowest first in the list, lung below all; the shares sum to one by construction."""
    radius, angle = torch.hypot(across, up), torch.atan2(up, -across)

    def within(table: Tensor) -> Tensor:
        return inside(look_up(table, angle) - radius, spacing)

    gap, wall = look_up(outlines.gap, angle), within(outlines.epicardium)
    solid = wall * (1 - gap)
    fat, rv_wall, rv_blood, rv_muscle = (
        within(table) for table in (outlines.fat, outlines.rv_wall, outlines.rv_blood, outlines.rv_muscle)
    )
    tract = inside(look_up(outlines.epicardium, angle) - 2.0 - radius, spacing)
    layers = [
        *_surroundings(draw, ranges, outlines, across, up, spacing),
        (Tissue.FAT, around(fat, rv_wall)),
        (Tissue.RV_WALL, around(rv_wall, torch.maximum(rv_blood, rv_muscle))),
        (Tissue.RV_BLOOD, around(rv_blood, rv_muscle)),
        (Tissue.RV_WALL, around(rv_muscle, solid)),
        (Tissue.MYOCARDIUM, solid),
        (Tissue.LV_BLOOD, wall * gap * tract),
        (Tissue.LV_BLOOD, within(outlines.blood)),
        *((Tissue.MYOCARDIUM, _papillary_island(draw, ranges, outlines, across, up, spacing)) for _ in range(2)),
    ]
    fractions = across.new_zeros(*across.shape[:2], len(Tissue), *across.shape[2:])
    uncovered = torch.ones_like(across)
    for tissue, cover in reversed(layers):
        fractions[:, :, tissue] += cover * uncovered
        uncovered = uncovered * (1 - cover)
    fractions[:, :, Tissue.LUNG] += uncovered
    return fractions


def _papillary_island(
    draw: Draw, ranges: Population, outlines: Outlines, across: Tensor, up: Tensor, spacing: float
) -> Tensor:
    """A papillary muscle cut across, free in the cavity."""
    mean = outlines.endocardium.mean(-1)
    at, angle = mean * draw.slice((0.35, 0.75)), draw.coherent((1.2, 2 * torch.pi - 1.2), 0.3)
    present = draw.chance(0.6) & (ranges.papillary_depth[1] > 0)
    size = mean * draw.slice((0.08, 0.22)) * present
    away = torch.hypot(across + (at * angle.cos())[..., None, None], up - (at * angle.sin())[..., None, None])
    return inside(size[..., None, None] - away, spacing) * present[..., None, None]


def _surroundings(
    draw: Draw, ranges: Population, outlines: Outlines, across: Tensor, up: Tensor, spacing: float
) -> list[tuple[Tissue, Tensor]]:
    """Lung texture and vessels, liver, spleen, chest wall with its fat, aorta: what lies around the heart."""
    size = (across.shape[-2], across.shape[-1])
    waves = shapes.smooth_field(draw, size, 5, 3) * 3.0

    def half_plane(direction: Tensor, distance: Tensor, field: Tensor) -> Tensor:
        beyond = -across * direction.cos()[..., None, None] + up * direction.sin()[..., None, None]
        return beyond - distance[..., None, None] + field

    def shown() -> Tensor:
        return (draw.patient((0, 1)) >= ranges.organ_absent).expand(-1, N_SLICES)[..., None, None]

    heart = outlines.epicardium.mean(-1).amax(-1, keepdim=True).expand(-1, N_SLICES)
    outer = outlines.rv_wall.amax(-1).amax(-1, keepdim=True)
    layers: list[tuple[Tissue, Tensor]] = []
    texture = shapes.smooth_field(draw, size, 24)[:, :, 0].abs() * draw.patient(ranges.texture)[..., None, None]
    layers.append((Tissue.VESSEL, texture.clamp(0, 0.6)))
    for _ in range(ranges.n_vessels):
        layers.append((Tissue.VESSEL, _tube(draw, across, up, heart + 8.0, (1.5, 7.0), spacing)))
    chest = QUARTER / 2 + draw.patient(ranges.chest_turn).expand(-1, N_SLICES)
    chest_at = torch.maximum(heart, 0.75 * outer) + draw.coherent(ranges.chest_distance_mm, 0.1)
    beyond = half_plane(chest, chest_at, waves[:, :, 0])
    layers.append((Tissue.CHEST_WALL, inside(beyond, spacing) * shown()))
    layers.append((Tissue.FAT, inside(beyond - draw.patient((8.0, 25.0))[..., None, None], spacing) * shown()))
    liver = -QUARTER + draw.patient(ranges.liver_turn).expand(-1, N_SLICES)
    below = half_plane(liver, heart + draw.coherent(ranges.liver_distance_mm, 0.1), waves[:, :, 1])
    visible = shown()
    layers.append((Tissue.LIVER, inside(below, spacing) * visible))
    spleen = half_plane(liver - draw.patient((0.8, 1.4)), heart + draw.patient((5.0, 30.0)), waves[:, :, 2])
    layers.append((Tissue.SPLEEN, inside(spleen, spacing) * inside(below + 6.0, spacing) * shown()))
    layers.append((Tissue.AORTA, _tube(draw, across, up, heart + 18.0, (7.0, 13.0), spacing) * shown()))
    return layers


def _tube(draw: Draw, across: Tensor, up: Tensor, nearest: Tensor, size: Range, spacing: float) -> Tensor:
    """A round vessel lateral or posterior of the heart, at the same place in a patient's slices."""
    at, angle = nearest + draw.patient((0.0, 45.0)), draw.patient((-torch.pi, torch.pi))
    x, y = -(at * angle.cos())[..., None, None], (at * angle.sin())[..., None, None]
    stretch = draw.patient((0.6, 1.6))[..., None, None]
    away = torch.hypot((across - x) * stretch, up - y)
    return inside(draw.patient(size)[..., None, None] - away, spacing)


def _shares(outlines: Outlines, radius: Tensor, angle: Tensor, spacing: float) -> Tensor:
    """What a reader draws: the cavity is the hull of the blood, papillary muscles and trabeculae inside it."""

    def within(table: Tensor) -> Tensor:
        return inside(look_up(table, angle) - radius, spacing)

    wall = within(outlines.epicardium)
    kept = (look_up(outlines.gap, angle) < 0.5).float()
    layers = [
        (Label.RV, around(within(outlines.rv_label), wall)),
        (Label.BACKGROUND, wall),
        (Label.MYOCARDIUM, within(outlines.epicardial_label) * kept),
        (Label.LV_CAVITY, within(outlines.endocardial_label)),
    ]
    shares = radius.new_zeros(*radius.shape[:2], len(Label), *radius.shape[2:])
    shares[:, :, Label.BACKGROUND] = 1
    for label, cover in layers:
        shares *= (1 - cover)[:, :, None]
        shares[:, :, label] += cover
    return shares
