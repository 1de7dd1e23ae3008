"""Outlines of a digital patient's heart in short-axis slices: radii about the LV's centre, by the angle.

Angle 0 is mid-septum; anterior is positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from perf_app.phantom import shapes
from perf_app.phantom.population import Population
from perf_app.phantom.shapes import Draw


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Tables of radii [mm] about the LV's centre, shape (patient, slice, angle)."""

    blood: Tensor
    endocardium: Tensor
    endocardial_label: Tensor
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


def draw_outlines(draw: Draw, ranges: Population) -> Outlines:
    """Draw all patients' outlines, base first.

    Args:
        draw: source of random numbers.
        ranges: the population.
    """
    level = torch.linspace(0, 1, draw.n_slices, device=draw.generator.device)
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
    return Outlines(
        blood=endocardium * (1 - _indentation(draw, ranges, empty)),
        endocardium=endocardium,
        endocardial_label=endocardium * (1 - ranges.endocardial_inset),
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


def _indentation(draw: Draw, ranges: Population, empty: Tensor) -> Tensor:
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


def _crowd(draw: Draw, ranges: Population) -> Tensor:
    """Broad papillary muscles with narrow clefts of blood between them, share of the radius (patient, slice, angle)."""
    clefts = torch.zeros(draw.n_patients, draw.n_slices, shapes.N_ANGLES, device=draw.generator.device)
    for _ in range(5):
        cleft = shapes.bump(draw.slice((-torch.pi, torch.pi)), draw.slice((0.15, 0.55)))
        clefts = torch.maximum(clefts, draw.slice((0.3, 1.0))[..., None] * cleft)
    # The muscles stand on the free wall: the blood that is left lies nearer to the septum.
    away = shapes.angle_between(shapes.angles(clefts.device), torch.pi + draw.slice((-1.2, 1.2))[..., None])
    lean = 1 + draw.slice((0.0, 0.9))[..., None] * away.cos()
    return (draw.chance(ranges.crowded) * draw.slice((0.15, 0.6)))[..., None] * (1 - clefts) * lean


def _rv_muscle(draw: Draw, ranges: Population, insertions: Tensor, depth: Tensor) -> Tensor:
    """How far [mm] the RV's own muscle covers the septum at each angle, in a cavity of a depth [mm]."""
    if ranges.septal_muscle <= 0:
        return torch.zeros_like(depth)
    ridges = sum(shapes.spikes(draw, nodes) for nodes in (20, 48))
    present = (draw.patient((0, 1)) < ranges.septal_muscle)[..., None]
    cover = present * draw.coherent(ranges.septal_trabeculae_mm, 0.5)[..., None] * ridges
    for insertion in insertions.unbind(-1):
        hinge = shapes.bump(insertion, draw.slice((0.15, 0.5)), 1.0)
        cover = torch.maximum(cover, present * draw.slice(ranges.hinge_mm)[..., None] * hinge)
    return torch.minimum(cover, 0.8 * depth)


def _right_ventricle(draw: Draw, ranges: Population, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Whether it is lacking (patient, slice), its insertions (patient, slice, 2), its depth (patient, slice, angle)."""
    lacking = draw.patient((0, 1)) < ranges.rv_absent
    lacking = lacking.expand(-1, draw.n_slices).clone()
    lacking[:, -1] |= draw.chance(ranges.rv_absent_apex)[:, -1]
    middle = draw.coherent((-0.12, 0.12), 0.5)
    half = draw.coherent(ranges.rv_half_width, 0.15) * (0.5 + 0.5 * scale)
    depth = draw.patient(ranges.rv_depth_mm) * (0.1 + 0.9 * scale) * (1 + draw.slice((-0.12, 0.12)))
    profile = shapes.bump(middle, half, draw.patient((1.6, 4.0)))
    away = shapes.angle_between(shapes.angles(scale.device), middle[..., None]) / half[..., None]
    lean = (1 + draw.coherent((-0.35, 0.45), 0.2)[..., None] * away.clamp(-1, 1)).clamp(min=0.2)
    ripple = (1 + shapes.harmonics(draw, (3, 9), draw.slice((0.0, 0.25)))).clamp(min=0.5)
    return lacking, torch.stack([middle + half, middle - half], -1), depth[..., None] * profile * lean * ripple


def _outflow(draw: Draw, ranges: Population) -> Tensor:
    """The outflow tract interrupts the anteroseptal wall of some basal slices, shape (patient, slice, angle)."""
    present = draw.chance(ranges.outflow).float()
    present[:, 1:] = 0
    window = shapes.bump(draw.slice((0.5, 1.4)), draw.slice((0.25, 0.7)), 8.0)
    return present[..., None] * (window * 2).clamp(max=1)
