"""Endless labelled series of digital patients for training the segmentation network, made on the fly.

Domain randomisation: anatomy, curves, units, contrast, resolution, motion, noise and the window in time vary far beyond
the plausible (the idea of SynthSeg, Billot et al., Medical Image Analysis 86, 2023), so that real series fall within.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from operators.series import Label
from perf_app.phantom import training_artefacts as artefacts
from perf_app.phantom import training_images as images
from perf_app.phantom.anatomy import N_SLICES, Anatomy, Tissue, draw_anatomy
from perf_app.phantom.population import LIFELIKE, TURNED, WILD, Pictures, Population
from perf_app.phantom.shapes import Draw, angle_between
from perf_app.phantom.training_curves import DEFECT, N_CURVES, N_FRAMES, draw_curves, draw_recovery
from perf_app.phantom.training_marbling import marbled

SPACING_MM = 1.0
PEAK = 0.6
"""As of `ScaleByPercentilesd`."""
LEAST_DENSITY = 0.2
"""Proton density that a conversion divides by where there is hardly any."""


@dataclass(frozen=True, slots=True)
class TrainingPatch:
    """One slice's series and what a reader would draw on it."""

    image: Tensor
    """Series as the network takes it, float32, shape (frame, row, col), pixels of 1 mm."""
    shares: Tensor
    """Of each `operators.series.Label` in each pixel, float32, shape (label, row, col)."""

    @property
    def label(self) -> Tensor:
        """`Label` that fills most of each pixel, uint8, shape (1, row, col)."""
        return self.shares.argmax(0, keepdim=True).to(torch.uint8)


class DigitalPatients(IterableDataset[dict[str, Tensor]]):
    """Never the same patient twice: items ``{"image": (48, size, size), "label": (4, size, size)}``.

    The label holds the share of each `Label` in each pixel.

    Args:
        size: rows and columns [mm].
        seed: of all random numbers; each worker of a data loader continues in its own stream.
        length: number of items of one pass; a further pass goes on with new patients.
        patients: drawn at a time; they share the acquired resolution.
        shuffle: items held back and mixed, so that a batch holds many patients.
        ranges: the populations, each as likely.
        device: where patients are drawn and items lie. A GPU draws many `patients` at a time, without loader workers.
    """

    def __init__(
        self,
        size: int = 128,
        seed: int = 0,
        length: int | None = None,
        patients: int = 2,
        shuffle: int = 24,
        ranges: Sequence[Population] = (WILD, TURNED, LIFELIKE),
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.size, self.length, self.patients, self.shuffle, self.ranges = size, length, patients, shuffle, ranges
        self.seed, self.passes, self.device = seed, 0, torch.device(device)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        generator, count = start_pass(self.seed, self.passes, self.length, self.device)
        self.passes += 1
        pool: list[TrainingPatch] = []
        for _ in range(count):
            while len(pool) <= self.shuffle:
                population = self.ranges[_choice(len(self.ranges), generator)]
                pool.extend(draw_patches(self.patients, self.size, generator, population))
            chosen = _choice(len(pool), generator)
            pool[chosen], pool[-1] = pool[-1], pool[chosen]
            patch = pool.pop()
            yield {"image": patch.image, "label": patch.shares}


def start_pass(
    seed: int, passes: int, length: int | None, device: torch.device | str = "cpu"
) -> tuple[torch.Generator, int]:
    """Random numbers and number of items of one pass through an endless dataset, of its own share in a loader's worker.

    Args:
        seed: of the dataset.
        passes: that went before.
        length: of a pass; None: endless.
        device: of the random numbers.
    """
    worker = get_worker_info()
    # A loader's workers get a new seed each pass; they hold copies of the dataset, which can't count passes.
    stream, share = (passes, (0, 1)) if worker is None else (worker.seed, (worker.id, worker.num_workers))
    generator = torch.Generator(device).manual_seed((seed * 1_000_003 + stream) % 2**63)
    return generator, sys.maxsize if length is None else len(range(share[0], length, share[1]))


def _choice(n: int, generator: torch.Generator) -> int:
    return int(torch.randint(n, (1,), generator=generator, device=generator.device))


def draw_patches(
    n_patients: int, size: int, generator: torch.Generator, ranges: Population = WILD
) -> list[TrainingPatch]:
    """Draw patients and simulate their series, all slices of `n_patients` (see `DigitalPatients`)."""
    draw = Draw(generator, n_patients, N_SLICES)
    device = generator.device
    anatomy = draw_anatomy(
        n_patients, ranges, size=(size, size), spacing_mm=SPACING_MM, generator=generator, device=device
    )
    native = 2 * round(size / float(draw.uniform(ranges.pictures.pixel_mm, 1)) / 2)
    series = _simulate(draw, anatomy, native, ranges.pictures)
    fine = F.interpolate(series.flatten(0, 1), size=(size, size), mode="bilinear", align_corners=False)
    outside = ~_field_of_view(draw, size, ranges.pictures.cut_off).flatten(0, 1)
    fine = scale_intensity(fine.masked_fill(outside[:, None], torch.nan))
    shares = hide(anatomy.shares.flatten(0, 1), outside)
    return [TrainingPatch(image.clone(), share.clone()) for image, share in zip(fine, shares, strict=True)]


def scale_intensity(series: Tensor) -> Tensor:
    """As the bundle (`ScaleByPercentilesd`): two percentiles to 0 and 1, clipped, NaN (nothing acquired) to 0.

    Args:
        series: shape (series, frame, row, col).
    """
    few = series[:, :, 1::5, 1::5]
    low, high = torch.nanquantile(few[:, ::3].flatten(1), torch.tensor([0.02, 0.985], device=few.device), dim=1)
    peak = torch.nanquantile(few.amax(1).flatten(1), 0.985, dim=1)
    high = torch.maximum(high, low + PEAK * (peak - low))
    low, high = low[..., None, None, None], high[..., None, None, None]
    scaled: Tensor = ((series - low) / (high - low)).clamp(-0.5, 2.0)
    return scaled.nan_to_num(0.0)


def hide(shares: Tensor, outside: Tensor) -> Tensor:
    """Background where nothing was acquired.

    Args:
        shares: of each label, shape (..., label, row, col).
        outside: where that is, shape (..., row, col).
    """
    hidden = shares.masked_fill(outside.unsqueeze(-3), 0.0)
    hidden[..., Label.BACKGROUND, :, :] += outside
    return hidden


def _simulate(draw: Draw, anatomy: Anatomy, native: int, pictures: Pictures) -> Tensor:
    """Series on the acquired grid, shape (patient, slice, frame, native, native)."""
    size = anatomy.shares.shape[-1]
    kind = draw.patient((0, 1))
    linear = kind < pictures.linear
    converted = ~linear & (kind < pictures.linear + pictures.converted)
    recovery = draw_recovery(draw, converted, pictures.gain)
    drawn = draw_curves(draw, recovery)
    curves = torch.where(linear[..., None, None], drawn.concentration, drawn.signal)
    severity = artefacts.severity(draw, pictures.clean)
    pool = curves[:, :, Tissue.LV_BLOOD]
    rim, darkening = artefacts.dark_rim(draw, anatomy.fractions[:, :, Tissue.MYOCARDIUM], anatomy.wall_depth, pool)
    tissues = _maps_with_defects(draw, anatomy)
    # Drawn where it is used alone, so that the other populations keep their random numbers.
    if pictures.marbling[1] > 0:
        tissues = marbled(draw, tissues, draw.patient(pictures.marbling), anatomy.spacing_mm)
        curves[:, :, Tissue.FAT] *= draw.patient(pictures.fat_signal)[..., None]
    maps = images.acquire_maps(draw, torch.cat([tissues, rim], 2), native, pictures.resolved)
    maps = artefacts.thick_slice(draw, maps, severity)
    contrast = (pool.amax(-1) - pool.amin(-1)).clamp(min=1e-3)
    rough = draw.slice((0, 1))
    rough = torch.where(rough < 0.35, 0.1 * rough, rough) * severity
    patterns, coming = images.clutter(draw, native, N_FRAMES, contrast * rough * 0.06)
    curves = torch.cat([curves, darkening * severity[..., None, None], coming], 2)
    series = torch.einsum("psmrc,psmt->pstrc", torch.cat([maps, patterns], 2), curves)

    shift = severity[..., None, None] * images.motion(draw, N_FRAMES, pool.argmax(-1)) / (SPACING_MM * size / native)
    series = artefacts.ghosts(draw, images.move(draw, series, shift), severity)
    falloff = draw.slice(pictures.shading) * torch.where(linear | converted, 0.25, 1.0)
    shading = images.coil_shading(draw, native, SPACING_MM * size, falloff)
    noise = severity * contrast * torch.exp(draw.slice(pictures.noise))
    # Concentration comes from a division by the proton density: noise grows where there is little of it.
    void = 1 + 6 * draw.slice((0.0, 1.0)).square()[..., None, None] * maps[:, :, Tissue.LUNG].clamp(0, 1)
    noise = noise[..., None, None] * artefacts.uneven_noise(draw, native)
    level = torch.where(linear[..., None, None], noise * void, noise)
    series = images.add_noise(draw, series * shading[:, :, None], level[:, :, None], ~linear[..., None, None, None])
    if not bool(converted.any()):
        return series
    density = torch.einsum("psmrc,psm->psrc", maps[:, :, :N_CURVES], drawn.density).clamp(min=LEAST_DENSITY)
    gadolinium = recovery.gadolinium(series / density[:, :, None])
    return torch.where(converted[..., None, None, None], gadolinium, series)


def _maps_with_defects(draw: Draw, anatomy: Anatomy) -> Tensor:
    """Tissue maps with part of the myocardium moved to a map of its own, shape (patient, slice, map, row, col)."""
    present = draw.chance(0.4)[..., None, None]
    width = draw.slice((0.3, 1.6))[..., None, None]
    away = angle_between(anatomy.wall_angle, draw.patient((-torch.pi, torch.pi))[..., None, None]).abs()
    sector = ((width - away) / 0.2 + 0.5).clamp(0, 1)
    transmural = ((draw.slice((0.3, 1.3))[..., None, None] - anatomy.wall_depth) / 0.15 + 0.5).clamp(0, 1)
    defect = sector * transmural * present
    healthy = anatomy.fractions[:, :, Tissue.MYOCARDIUM]
    maps = torch.cat([anatomy.fractions, (healthy * defect)[:, :, None]], dim=2)
    maps[:, :, Tissue.MYOCARDIUM] -= maps[:, :, DEFECT]
    return maps


def _field_of_view(draw: Draw, size: int, cut_off: float) -> Tensor:
    """Where there is an image: some series end close to the heart, shape (patient, slice, row, col)."""
    line = (torch.arange(size, device=draw.generator.device) - (size - 1) / 2).expand(draw.n_patients, N_SLICES, -1)
    cut = draw.patient((0, 1)) < cut_off
    rows, cols = (
        (line >= -draw.patient((34.0, 80.0))[..., None]) & (line <= draw.patient((34.0, 80.0))[..., None])
        | ~cut[..., None]
        for _ in range(2)
    )
    return rows[..., :, None] & cols[..., None, :]
