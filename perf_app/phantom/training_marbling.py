"""Structure within tissues, for training: muscle, lung and chest wall aren't one grey from edge to edge."""

from __future__ import annotations

import torch
from torch import Tensor

from perf_app.phantom import shapes
from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.shapes import Draw
from perf_app.phantom.training_curves import DEFECT

# Sizes and strengths are choices by looking at real frames, not measurements.
SCALES_MM = (14.0, 5.0)
"""That brightness varies on within a tissue."""
STRUCTURES = (
    (Tissue.LUNG, Tissue.VESSEL, 4.0, 1.6),
    (Tissue.RV_BLOOD, Tissue.RV_WALL, 6.5, 1.1),
    (Tissue.CHEST_WALL, Tissue.FAT, 11.0, 0.9),
)
"""Within which tissue lies what: its distance [mm] and the SD of a random field above which it is."""
EDGE = 0.7
"""SD of that field over which it fills its pixels."""
UNEVEN = {
    Tissue.LUNG: 0.5,
    Tissue.FAT: 0.3,
    Tissue.CHEST_WALL: 0.25,
    Tissue.LIVER: 0.12,
    Tissue.SPLEEN: 0.12,
    Tissue.AORTA: 0.05,
    Tissue.VESSEL: 0.3,
    Tissue.RV_WALL: 0.15,
    Tissue.RV_BLOOD: 0.08,
    Tissue.MYOCARDIUM: 0.10,
    Tissue.LV_BLOOD: 0.05,
    DEFECT: 0.10,
}
"""SD of a tissue's brightness over places, as a share of it."""


def marbled(draw: Draw, maps: Tensor, strength: Tensor, spacing_mm: float) -> Tensor:
    """Maps with vessels in the lung, trabeculae in the RV, fat in the chest wall, and brightness that varies.

    Args:
        draw: source of random numbers.
        maps: share of each tissue and of the defect, shape (patient, slice, map, row, col).
        strength: of all of it, shape (patient, 1).
        spacing_mm: distance between pixels.
    """
    size = (maps.shape[-2], maps.shape[-1])

    def field(distance_mm: float, n_fields: int) -> Tensor:
        return shapes.smooth_field(draw, size, round(max(size) * spacing_mm / distance_mm), n_fields)

    weight = strength[..., None, None]
    maps = maps.clone()
    for around, structure, distance_mm, least in STRUCTURES:
        cover = ((field(distance_mm, 1)[:, :, 0] - least) / EDGE).clamp(0, 1)
        moved = maps[:, :, around] * (weight * cover).clamp(max=0.9)
        maps[:, :, around] -= moved
        maps[:, :, structure] += moved
    spread = torch.tensor([UNEVEN[tissue] for tissue in (*Tissue, DEFECT)], device=maps.device)[:, None, None]
    uneven = sum(field(distance_mm, maps.shape[2]) for distance_mm in SCALES_MM) / len(SCALES_MM) ** 0.5
    brightness: Tensor = (1 + spread * weight[:, :, None] * uneven).clamp(min=0.1)
    return maps * brightness
