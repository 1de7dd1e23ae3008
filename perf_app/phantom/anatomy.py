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
from perf_app.phantom.population import AnatomyRanges
from perf_app.phantom.shapes import Draw, Range, inside, look_up

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
    labels: Tensor
    """`operators.series.Label` as a reader draws it, uint8, shape (patient, slice, row, col)."""
    wall_depth: Tensor
    """0 at the endocardial outline, 1 at the tissue's outer edge, clamped beyond, shape (patient, slice, row, col)."""
    wall_angle: Tensor
    """From mid-septum, positive towards anterior [rad], -pi to pi, shape (patient, slice, row, col)."""
    insertions: Tensor
    """Angles of the anterior and inferior RV insertion [rad], NaN where there is no RV, shape (patient, slice, 2)."""
    spacing_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class _Outlines:
    """Tables of radii [mm] about the LV's centre, shape (patient, slice, angle)."""

    blood: Tensor
    endocardium: Tensor
    epicardium: Tensor
    epicardial_label: Tensor
    rv_blood: Tensor
    rv_muscle: Tensor
    """Outer edge of the RV's trabeculae on the septum and of the muscle in its corners."""
    rv_label: Tensor
    rv_wall: Tensor
    fat: Tensor
    gap: Tensor
    """Share of the wall that the outflow tract takes away."""
    insertions: Tensor


def draw_anatomy(
    n_patients: int,
    ranges: AnatomyRanges,
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
    outlines = _outlines(draw, ranges)
    across, up = _heart_coordinates(draw, ranges, size, spacing_mm)
    radius, angle = torch.hypot(across, up), torch.atan2(up, -across)
    fractions = _paint(draw, ranges, outlines, across, up, spacing_mm)
    endo, epi = look_up(outlines.endocardium, angle), look_up(outlines.epicardium, angle)
    return Anatomy(
        fractions=fractions,
        labels=_labels(outlines, radius, angle),
        wall_depth=((radius - endo) / (epi - endo)).clamp(0, 1),
        wall_angle=angle,
        insertions=outlines.insertions,
        spacing_mm=spacing_mm,
    )


def _heart_coordinates(
    draw: Draw, ranges: AnatomyRanges, size: tuple[int, int], spacing: float
) -> tuple[Tensor, Tensor]:
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


def _outlines(draw: Draw, ranges: AnatomyRanges) -> _Outlines:
    level = torch.linspace(0, 1, N_SLICES, device=draw.generator.device)
    scale = 1 - level * (1 - draw.patient(ranges.apical_scale))
    radius = draw.patient(ranges.endocardial_radius_mm) * scale * (1 + draw.slice((-0.05, 0.05)))
    wall = draw.coherent(ranges.wall_mm, 0.2)
    empty = draw.chance(ranges.obliterated)
    radius = torch.where(empty, draw.slice((3.5, 9.0)), radius)
    wall = torch.where(empty, draw.slice((12.0, 22.0)), wall)

    wobble = shapes.harmonics(draw, (2, 6), draw.coherent(ranges.wobble, 0.3))
    endocardium = (radius[..., None] * (1 + wobble)).clamp(min=2.5)
    uneven = shapes.harmonics(draw, (1, 4), draw.coherent(ranges.wall_asymmetry, 0.3))
    epicardium = endocardium + (wall[..., None] * (1 + uneven)).clamp(min=3.0)
    inset = draw.patient(ranges.epicardial_inset_mm)[..., None]
    inset = torch.minimum(inset.expand_as(epicardium), 0.35 * (epicardium - endocardium))

    lacking, insertions, rv = _right_ventricle(draw, ranges, scale)
    trabeculae = shapes.spikes(draw, 40) * draw.coherent(ranges.trabeculation, 0.3)[..., None]
    rv_wall = draw.patient(ranges.rv_wall_mm)[..., None] * (rv > 0.5) * ~lacking[..., None]
    rv_label = epicardium + torch.where(lacking[..., None], 0.0, rv)
    fat = draw.coherent(ranges.fat_mm, 0.5)[..., None] * (1 + shapes.harmonics(draw, (1, 6), draw.slice((0.3, 1.5))))
    return _Outlines(
        blood=endocardium * (1 - _indentation(draw, ranges, empty)),
        endocardium=endocardium,
        epicardium=epicardium,
        epicardial_label=epicardium - inset,
        rv_blood=rv_label - trabeculae * (rv_label - epicardium).clamp(max=25.0),
        rv_muscle=epicardium + _rv_muscle(draw, ranges, insertions, rv_label - epicardium),
        rv_label=rv_label,
        rv_wall=rv_label + rv_wall,
        fat=rv_label + rv_wall + fat.clamp(min=0.0),
        gap=_outflow(draw, ranges),
        insertions=torch.where(lacking[..., None], torch.nan, insertions),
    )


def _indentation(draw: Draw, ranges: AnatomyRanges, empty: Tensor) -> Tensor:
    """Share of the cavity's radius that papillary muscles and trabeculae take at each angle: blood is star-shaped."""
    depth = torch.zeros(draw.n_patients, draw.n_slices, shapes.N_ANGLES, device=draw.generator.device)
    for head in range(4):
        centre = (-1) ** head * draw.coherent((1.4, 2.8), 0.3)
        width = draw.slice((0.18, 0.6))
        height = draw.coherent(ranges.papillary_depth, 0.5) * (draw.chance(ranges.extra_papillary) if head > 1 else 1)
        depth = torch.maximum(depth, height[..., None] * shapes.bump(centre, width))
    depth = depth + draw.coherent(ranges.trabecular_zone, 0.5)[..., None]
    for nodes in (16, 44):
        depth = depth + shapes.spikes(draw, nodes) * draw.coherent(ranges.trabeculation, 0.4)[..., None]
    if ranges.crowded > 0:
        depth = depth + _crowd(draw, ranges)
    # Papillary muscles and trabeculae meet in a contracted ventricle: little blood is left.
    depth = depth + torch.where(empty, draw.slice((0.0, 0.3)), 0.0)[..., None]
    return depth.clamp(max=0.85)


def _crowd(draw: Draw, ranges: AnatomyRanges) -> Tensor:
    """Broad papillary muscles with narrow clefts of blood between them, share of the radius (patient, slice, angle)."""
    clefts = torch.zeros(draw.n_patients, draw.n_slices, shapes.N_ANGLES, device=draw.generator.device)
    for _ in range(5):
        cleft = shapes.bump(draw.slice((-torch.pi, torch.pi)), draw.slice((0.15, 0.55)))
        clefts = torch.maximum(clefts, draw.slice((0.3, 1.0))[..., None] * cleft)
    # The muscles stand on the free wall: the blood that is left lies nearer to the septum.
    away = shapes.angle_between(shapes.angles(clefts.device), torch.pi + draw.slice((-1.2, 1.2))[..., None])
    lean = 1 + draw.slice((0.0, 0.9))[..., None] * away.cos()
    return (draw.chance(ranges.crowded) * draw.slice((0.15, 0.6)))[..., None] * (1 - clefts) * lean


def _rv_muscle(draw: Draw, ranges: AnatomyRanges, insertions: Tensor, depth: Tensor) -> Tensor:
    """How far [mm] the RV's own muscle covers the septum at each angle, in a cavity of a depth [mm]."""
    if max(ranges.septal_trabeculae_mm[1], ranges.hinge_mm[1]) <= 0:
        return torch.zeros_like(depth)
    ridges = sum(shapes.spikes(draw, nodes) for nodes in (20, 48))
    cover = draw.coherent(ranges.septal_trabeculae_mm, 0.5)[..., None] * ridges
    for insertion in insertions.unbind(-1):
        hinge = shapes.bump(insertion, draw.slice((0.15, 0.5)), 1.0)
        cover = torch.maximum(cover, draw.slice(ranges.hinge_mm)[..., None] * hinge)
    return torch.minimum(cover, 0.8 * depth)


def _right_ventricle(draw: Draw, ranges: AnatomyRanges, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Whether it is lacking (patient, slice), its insertions (patient, slice, 2), its depth (patient, slice, angle)."""
    lacking = draw.patient((0, 1)) < ranges.rv_absent
    lacking = lacking.expand(-1, N_SLICES).clone()
    lacking[:, -1] |= draw.chance(ranges.rv_absent_apex)[:, -1]
    middle = draw.coherent((-0.12, 0.12), 0.5)
    half = draw.coherent(ranges.rv_half_width, 0.15) * (0.5 + 0.5 * scale)
    depth = draw.patient(ranges.rv_depth_mm) * (0.1 + 0.9 * scale) * (1 + draw.slice((-0.12, 0.12)))
    profile = shapes.bump(middle, half, draw.patient((1.6, 4.0)))
    away = shapes.angle_between(shapes.angles(scale.device), middle[..., None]) / half[..., None]
    lean = (1 + draw.coherent((-0.35, 0.45), 0.2)[..., None] * away.clamp(-1, 1)).clamp(min=0.2)
    ripple = (1 + shapes.harmonics(draw, (3, 9), draw.slice((0.0, 0.25)))).clamp(min=0.5)
    return lacking, torch.stack([middle + half, middle - half], -1), depth[..., None] * profile * lean * ripple


def _outflow(draw: Draw, ranges: AnatomyRanges) -> Tensor:
    """The outflow tract interrupts the anteroseptal wall of some basal slices, shape (patient, slice, angle)."""
    present = draw.chance(ranges.outflow).float()
    present[:, 1:] = 0
    window = shapes.bump(draw.slice((0.5, 1.4)), draw.slice((0.25, 0.7)), 8.0)
    return present[..., None] * (window * 2).clamp(max=1)


def _paint(
    draw: Draw, ranges: AnatomyRanges, outlines: _Outlines, across: Tensor, up: Tensor, spacing: float
) -> Tensor:
    """Lay tissue over tissue, the lowest first in the list, lung below all; the shares sum to one by construction."""
    radius, angle = torch.hypot(across, up), torch.atan2(up, -across)

    def within(table: Tensor) -> Tensor:
        return inside(look_up(table, angle) - radius, spacing)

    gap, wall = look_up(outlines.gap, angle), within(outlines.epicardium)
    tract = inside(look_up(outlines.epicardium, angle) - 2.0 - radius, spacing)
    layers = [
        *_surroundings(draw, ranges, outlines, across, up, spacing),
        (Tissue.FAT, within(outlines.fat)),
        (Tissue.RV_WALL, within(outlines.rv_wall)),
        (Tissue.RV_BLOOD, within(outlines.rv_blood)),
        (Tissue.RV_WALL, within(outlines.rv_muscle)),
        (Tissue.MYOCARDIUM, wall * (1 - gap)),
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
    draw: Draw, ranges: AnatomyRanges, outlines: _Outlines, across: Tensor, up: Tensor, spacing: float
) -> Tensor:
    """A papillary muscle cut across, free in the cavity."""
    mean = outlines.endocardium.mean(-1)
    at, angle = mean * draw.slice((0.35, 0.75)), draw.coherent((1.2, 2 * torch.pi - 1.2), 0.3)
    present = draw.chance(0.6) & (ranges.papillary_depth[1] > 0)
    size = mean * draw.slice((0.08, 0.22)) * present
    away = torch.hypot(across + (at * angle.cos())[..., None, None], up - (at * angle.sin())[..., None, None])
    return inside(size[..., None, None] - away, spacing) * present[..., None, None]


def _surroundings(
    draw: Draw, ranges: AnatomyRanges, outlines: _Outlines, across: Tensor, up: Tensor, spacing: float
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


def _labels(outlines: _Outlines, radius: Tensor, angle: Tensor) -> Tensor:
    """What a reader draws: the cavity is the hull of the blood, papillary muscles and trabeculae inside it."""
    labels = torch.full(radius.shape, int(Label.BACKGROUND), dtype=torch.uint8, device=radius.device)
    labels[radius < look_up(outlines.rv_label, angle)] = Label.RV
    labels[radius < look_up(outlines.epicardium, angle)] = Label.BACKGROUND
    kept = look_up(outlines.gap, angle) < 0.5
    labels[(radius < look_up(outlines.epicardial_label, angle)) & kept] = Label.MYOCARDIUM
    labels[radius < look_up(outlines.endocardium, angle)] = Label.LV_CAVITY
    return labels
