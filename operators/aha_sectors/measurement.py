"""Segments of a segmented stack, and the flow in each."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np

from operators.aha_sectors.arrival import early_blood
from operators.aha_sectors.empty import empty_segments
from operators.aha_sectors.frame import angles, centroid, long_axis, positions, septal_plane
from operators.aha_sectors.insertion import Septum, find_septum
from operators.aha_sectors.model import SEGMENT_NAMES, SEGMENTS_OF_TERRITORY
from operators.aha_sectors.sectors import segment_of_angle, wall_layers
from operators.series import (
    BoolArray,
    FloatArray,
    FlowMap,
    GadoliniumSeries,
    Label,
    Level,
    QualityFlag,
    SectorReport,
    Segmentation,
    Statistics,
)

logger = logging.getLogger(__name__)

FEWEST_PIXELS = 5
"""A region with fewer pixels has no value."""
BOTH, SHARED = "flow_sd_ml_min_g", "flow_sd_shared_ml_min_g"
"""Maps of the SD of a pixel's flow, and of the part of it that its neighbours share."""
LEVELS: tuple[Level, ...] = ("basal", "mid", "apical")


def measure_sectors(segmentation: Segmentation, flow: FlowMap, gadolinium: GadoliniumSeries) -> SectorReport:
    """Assign AHA segments in world coordinates and measure the flow in them.

    The septum's middle comes from each slice's own RV insertions, else from the nearest slice that has them, else from
    where blood arrives before the LV's. Where none of these tells, the segments are refused; the value of the whole
    myocardium stays.
    """
    labels, affines = segmentation.labels, gadolinium.series.affines
    wall, cavity = labels == Label.MYOCARDIUM, labels == Label.LV_CAVITY
    centers = np.stack([centroid(c, a) for c, a in zip(cavity, affines, strict=True)])
    areas = (wall | cavity).sum(axis=(1, 2))
    base = long_axis(centers, affines[0, :3, 2] / np.linalg.norm(affines[0, :3, 2]), areas)
    septa = [find_septum(labels[k] == Label.RV, wall[k], centers[k], affines[k], base) for k in range(len(labels))]
    levels, flags = slice_levels(wall.any(axis=(1, 2)) & cavity.any(axis=(1, 2)), centers, base)
    if not any(septa):
        septa, told = _septa_by_arrival(gadolinium, wall, cavity, centers, base)
        flags += told
    flags += _septum_flags(septa, levels)

    sectors = np.zeros_like(labels)
    for k, level in enumerate(levels):
        septum = _nearest(septa, k)
        if level is None or septum is None:
            continue
        around = angles(positions(affines[k], *labels.shape[1:]), centers[k], *septal_plane(septum.middle, base))
        sectors[k] = np.where(wall[k], segment_of_angle(around, level), 0)
    spacing = gadolinium.series.pixel_spacing
    layers = np.stack([wall_layers(w, c, spacing) for w, c in zip(wall, cavity, strict=True)])
    half_widths = np.array([np.nan if septum is None else septum.half_width for septum in septa])
    by_sector = {s: statistics(flow, sectors == s) for s in SEGMENT_NAMES}
    if sectors.any():
        flags += empty_segments(by_sector, levels)
    logger.info("sectors on %d of %d slices", int(sectors.any(axis=(1, 2)).sum()), len(labels))
    return SectorReport(
        sectors=sectors,
        layers=layers,
        levels=tuple(levels),
        lv_center_lps_mm=centers,
        insertion_anterior=half_widths,
        insertion_inferior=-half_widths,
        whole=statistics(flow, wall),
        by_sector=by_sector,
        by_territory={
            name: statistics(flow, np.isin(sectors, segments)) for name, segments in SEGMENTS_OF_TERRITORY.items()
        },
        endocardial={s: statistics(flow, (sectors == s) & (layers == 1)) for s in SEGMENT_NAMES},
        epicardial={s: statistics(flow, (sectors == s) & (layers == 2)) for s in SEGMENT_NAMES},
        flags=tuple(flags),
    )


def statistics(flow: FlowMap, region: BoolArray) -> Statistics | None:
    """Of the pixels of a region that have a value; None where these are too few.

    What pixels share of their error stays in their mean; the rest of it shrinks with their number.
    """
    region = region & np.isfinite(flow.flow)
    values = flow.flow[region].astype(np.float64)
    if values.size < FEWEST_PIXELS:
        return None
    uncertainty = None
    if SHARED in flow.parameters:
        shared, both = (flow.parameters[name][region].astype(np.float64) for name in (SHARED, BOTH))
        known = np.isfinite(shared)
        if known.any():
            own = np.maximum(both[known] ** 2 - shared[known] ** 2, 0).mean() / known.sum()
            uncertainty = float(np.hypot(shared[known].mean(), np.sqrt(own)))
    return Statistics(
        float(values.mean()), float(values.std()), float(np.median(values)), int(values.size), uncertainty
    )


def slice_levels(
    usable: BoolArray, centers: FloatArray, base: FloatArray
) -> tuple[list[Level | None], list[QualityFlag]]:
    """Level of each slice by its place along the long axis; thirds of the usable slices, base first."""
    levels: list[Level | None] = [None] * len(usable)
    order = [int(k) for k in np.argsort(-(centers @ base)) if usable[k]]
    names: Iterable[Level] = (LEVELS[3 * place // len(order)] for place in range(len(order)))
    if len(order) == 1:
        names = ("mid",)
    elif len(order) == 2:
        names = ("basal", "mid")
    for k, name in zip(order, names, strict=True):
        levels[k] = name
    told = {
        1: "Only one slice shows the LV: its level can't be told and was taken as mid.",
        2: "Only two slices show the LV: their levels can't be told and were taken as basal and mid.",
    }
    if len(order) in told:
        return levels, [QualityFlag("level_assumed", "warning", told[len(order)])]
    return levels, []


def _nearest(septa: list[Septum | None], k: int) -> Septum | None:
    found = [(abs(j - k), septum) for j, septum in enumerate(septa) if septum is not None]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _septa_by_arrival(
    gadolinium: GadoliniumSeries, wall: BoolArray, cavity: BoolArray, centers: FloatArray, base: FloatArray
) -> tuple[list[Septum | None], list[QualityFlag]]:
    """Directions to where blood arrives before the LV's, with no insertions: these can't be seen there."""
    series = gadolinium.series
    septa: list[Septum | None] = []
    for k in range(series.n_slices):
        septa.append(None)
        if not cavity[k].any():
            continue
        early = early_blood(series.pixels[k], series.times[k], cavity[k], wall[k], series.pixel_spacing)
        if early.any():
            towards = centroid(early, series.affines[k]) - centers[k]
            septa[k] = Septum(septal_plane(towards, base)[0], np.nan)
    if not any(septa):
        return septa, []
    message = "No RV was found; the segments are anchored at the side from which the contrast agent comes."
    return septa, [QualityFlag("septum_from_arrival", "warning", message)]


def _septum_flags(septa: list[Septum | None], levels: list[Level | None]) -> list[QualityFlag]:
    in_use = [k for k, level in enumerate(levels) if level is not None]
    if in_use and all(septum is None for septum in septa):
        message = (
            "The insertions of the RV can't be seen in any slice, so the myocardium can't be divided into segments; "
            "only its value as a whole is given."
        )
        return [QualityFlag("sector_anchor_refused", "withheld", message)]
    message = "The RV insertions can't be made out in slice {}; its segments are anchored by the neighbouring slice."
    return [
        QualityFlag("septum_from_neighbour", "warning", message.format(k + 1), k) for k in in_use if septa[k] is None
    ]
