"""Holds the heart still through a scan's series, slice by slice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from operators.device import compute_device
from operators.motion_correction.box import around, fade
from operators.motion_correction.demons import Level, Spacing, register, warp
from operators.motion_correction.displacement import invert, jacobian, pull, rebase
from operators.motion_correction.karhunen_loeve import low_rank
from operators.motion_correction.local_contrast import normalise
from operators.motion_correction.modes import refine
from operators.motion_correction.proton_density import align_proton_density
from operators.motion_correction.reference import choose_reference, find_heart
from operators.motion_correction.residual import motion_seen, rms, rms_of_frames, with_unseen
from operators.motion_correction.shading import log_sensitivity, unshade
from operators.series import BoolArray, FloatArray, MotionCorrection, PerfusionScan, QualityFlag
from operators.side_by_side import side_by_side

logger = logging.getLogger(__name__)

ROUGH_RANKS = (2, 3)
"""Modes of the model series by round, in the whole image: many at once would model the motion too."""
RANKS = (2, 3, 4, 5, 6)
"""The same in a box about the heart, where no other organ takes up modes. Few at the end miss the contrast; with more
from the start, frames of the first pass drift from the later ones together."""
REFINEMENTS = 3
"""Times that each frame's parts of the series' own patterns of motion are told anew, at last."""
COARSE = 4.0
"""Pixels larger than this [mm], as those of arterial input images, don't tell patterns of motion in a ventricle."""
ROUGH = (Level(15.0, 20), Level(7.5, 15))
FINE = (Level(3.75, 10), Level(2.5, 12))
BRIGHT_END = 99.5
"""Percentile of a slice's intensities that becomes 1."""
STILL = 0.75
"""Estimated RMS motion [mm] below which a slice is left as it is: interpolation would only blur it."""
FAR = 1.5
"""The same of a frame, from which on it is brought back in such a slice, too: one alone hardly counts in the RMS."""
LARGE = 1.5
"""Estimated RMS residual [mm] above which the reader is warned: about a pixel."""


@dataclass(frozen=True, slots=True)
class SliceMotion:
    """What was found out about one slice."""

    reference: int
    displacement: FloatArray
    """Shape (time, 2, row, col) [mm]."""
    pixels: FloatArray
    """Corrected images, shape (time, row, col)."""
    heart: BoolArray
    """Left ventricle in the reference frame, shape (row, col)."""
    before: float
    after: float
    flags: tuple[QualityFlag, ...]


def correct_scans(scans: Sequence[PerfusionScan]) -> tuple[MotionCorrection, ...]:
    """Register every frame of every slice to that slice's reference frame, in each scan of a study.

    The reference frame stays as it is, pixel for pixel; every other frame is read once, by cubic interpolation, from
    the original. A slice that hardly moves, or doesn't seem to move less afterwards, is passed on untouched. Where
    there are proton-density frames, brightness is corrected for the coils' sensitivity, which doesn't move with the
    heart.
    """
    work = [
        (images, times, scan.perfusion.pixel_spacing, index)
        for scan in scans
        for index, (images, times) in enumerate(zip(scan.perfusion.pixels, scan.perfusion.times, strict=True))
    ]
    slices = iter(side_by_side(correct_slice, *zip(*work, strict=True)))
    return tuple(_assembled(scan, [next(slices) for _ in range(scan.perfusion.n_slices)]) for scan in scans)


def correct_motion(scan: PerfusionScan) -> MotionCorrection:
    """Of one scan, see `correct_scans`."""
    return correct_scans([scan])[0]


def _assembled(scan: PerfusionScan, slices: Sequence[SliceMotion]) -> MotionCorrection:
    series, spacing = scan.perfusion, scan.perfusion.pixel_spacing
    corrected = replace(series, pixels=np.stack([one.pixels for one in slices]))
    references = np.array([one.reference for one in slices])
    displacement = np.stack([one.displacement for one in slices])
    density = scan.proton_density
    if density is not None:
        shading = [log_sensitivity(frames, spacing) for frames in density.pixels]
        density = align_proton_density(density, corrected, np.stack([one.heart for one in slices]))
        unshaded = [unshade(one.pixels, s, one.displacement, spacing) for one, s in zip(slices, shading, strict=True)]
        corrected = replace(corrected, pixels=np.stack(unshaded))
    before, after = (np.array([getattr(one, name) for one in slices]) for name in ("before", "after"))
    logger.info(
        "motion correction of %d slices x %d frames: %s -> %s mm RMS, reference frames %s",
        series.n_slices, series.n_frames, before.round(2), after.round(2), references,
    )  # fmt: skip
    flags = tuple(flag for one in slices for flag in one.flags)
    return MotionCorrection(corrected, density, references, displacement, before, after, flags)


def correct_slice(images: FloatArray, times: FloatArray, spacing: Spacing, index: int = 0) -> SliceMotion:
    """Motion of one slice and the images without it.

    Args:
        images: shape (time, row, col).
        times: [s], shape (time,).
        spacing: distance between rows and between columns [mm].
        index: of the slice, for the flags.
    """
    scaled = scale(images)
    field = register_to_model(scaled, times, spacing)
    heart = find_heart(warp(scaled, field, spacing).cpu().numpy(), times, spacing)
    reference = choose_reference(heart.curve, field.cpu()[:, :, heart.region].numpy())
    displacement = rebase(field, reference, spacing).cpu().numpy()
    before = rms(displacement, heart.region)
    if before < STILL:
        displacement[rms_of_frames(displacement, heart.region) < FAR] = 0
    pixels = pull(images, displacement, spacing)
    left = motion_seen(scale(pixels), heart.region, spacing)
    after = with_unseen(left, before)
    # What shows less than half of the motion that was taken out can't have shown less still before.
    if left > before / 2 and left >= motion_seen(scaled, heart.region, spacing):
        displacement, pixels, after = np.zeros_like(displacement), images, before
    folded = float(jacobian(displacement, spacing)[:, heart.region].min()) <= 0
    # Where the reference frame has the region that was found on the still model.
    moved = warp(torch.from_numpy(heart.region)[None].to(field), invert(field[[reference]], spacing), spacing)[0]
    region = moved.cpu().numpy() > 0.5
    flags = _flags(index, found=heart.found, after=after, folded=folded)
    return SliceMotion(reference, displacement, pixels, region, before, after, flags)


def _flags(index: int, *, found: bool, after: float, folded: bool) -> tuple[QualityFlag, ...]:
    place = f"slice {index + 1}"
    flags = []
    if not found:
        text = f"No LV blood pool enhances in {place}: its reference frame and residual motion are guesses."
        flags.append(QualityFlag("heart_not_found", "warning", text, index))
    if folded:
        text = f"The motion found in {place} folds the heart: it can't be right everywhere."
        flags.append(QualityFlag("motion_folds", "warning", text, index))
    if after > LARGE:
        text = f"The heart still moves by about {after:.1f} mm RMS in {place} after motion correction."
        flags.append(QualityFlag("motion_large", "warning", text, index))
    return tuple(flags)


def scale(images: FloatArray) -> torch.Tensor:
    """Images with their bright end at 1, a little more and a little less than the range cut off, float32."""
    bright = float(np.percentile(images, BRIGHT_END))
    scaled = torch.from_numpy(np.asarray(images, np.float32) / np.float32(bright if bright > 0 else 1.0))
    return scaled.to(compute_device()).clamp(-0.2, 1.3)


def register_to_model(images: torch.Tensor, times: FloatArray, spacing: Spacing) -> torch.Tensor:
    """Displacement from a still model of the series to each frame [mm], shape (time, 2, row, col)."""
    field = images.new_zeros(len(images), 2, *images.shape[1:])
    sharp = normalise(images, spacing)
    field = _in_rounds(images, sharp, field, spacing, ROUGH_RANKS, ROUGH)
    heart = find_heart(warp(images, field, spacing).cpu().numpy(), times, spacing)
    rows, columns = box = around(heart.region, spacing)
    inside = (slice(None), rows, columns)
    near = _in_rounds(images[inside], sharp[inside], field[:, :, rows, columns], spacing, RANKS, FINE)
    for _ in range(REFINEMENTS if max(spacing) <= COARSE else 0):
        model = low_rank(warp(images[inside], near, spacing), RANKS[-1])
        near = refine(sharp[inside], normalise(model, spacing), near, spacing)
    refined = field.clone()
    refined[:, :, rows, columns] = near
    return field + fade(box, images.shape[1:], spacing).to(field) * (refined - field)


def _in_rounds(
    images: torch.Tensor,
    sharp: torch.Tensor,
    field: torch.Tensor,
    spacing: Spacing,
    ranks: Sequence[int],
    levels: Sequence[Level],
) -> torch.Tensor:
    """Displacement after registering to a model of the series so far, once for each number of modes."""
    for rank in ranks:
        model = low_rank(warp(images, field, spacing), rank)
        field = register(sharp, normalise(model, spacing), field, spacing, levels)
    return field
