"""Simulated pictures and their truth as the chain has them in memory, without DICOM files between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from pydicom import Dataset
from torch import Tensor

from operators.gadolinium.conversion import to_gadolinium
from operators.motion_correction.correction import correct_motion
from operators.protocol import Protocol
from operators.series import (
    FloatArray,
    GadoliniumSeries,
    ImageSeries,
    Label,
    MotionCorrection,
    PerfusionScan,
    Sequence,
    State,
)
from perf_app.phantom.motion import Motion, warp
from perf_app.phantom.simulation import SimulatedScan

EVERY = 3
"""Each so-manyth frame of a series counts in its mean."""


def image_series(pixels: FloatArray, times: FloatArray, affines: FloatArray) -> ImageSeries:
    """Images without headers."""
    headers = tuple(tuple(Dataset() for _ in row) for row in times)
    return ImageSeries(("2.25.1",), pixels.astype(np.float32), "a.u.", times, affines, headers)


def perfusion_scan(film: SimulatedScan, field_strength_t: float) -> PerfusionScan:
    """Simulated pictures as the loader would hand them on."""
    pictures, n = film.perfusion, film.n_proton_density
    size = (pictures.pixels.shape[-2], pictures.pixels.shape[-1])
    affines = np.stack([plane.affine(size).numpy() for plane in pictures.planes])
    pixels, times = pictures.pixels.numpy().astype(np.float32), pictures.times.numpy()
    readout = pictures.readout
    sequence = Sequence(
        readout="flash",
        repetition_time=readout.repetition_time,
        flip_angle=readout.flip_angle,
        saturation_time=readout.saturation_time,
        phase_encodes=readout.phase_encodes,
        acceleration=readout.acceleration,
    )
    main, density = (
        replace(image_series(pixels[:, part], times[:, part], affines), sequence=sequence)
        for part in (slice(n, None), slice(n))
    )
    return PerfusionScan(
        state=State(film.state),
        state_from="simulation",
        perfusion=main,
        manufacturer="",
        field_strength_t=field_strength_t,
        heart_rate_bpm=None,
        proton_density=density,
    )


def corrected(film: SimulatedScan, taken: PerfusionScan) -> tuple[MotionCorrection, GadoliniumSeries]:
    """Its pictures corrected for motion and converted to Gd, as the chain does it with those of DICOM files."""
    motion = correct_motion(taken)
    protocol = Protocol(pd_flip_angle=film.perfusion.readout.pd_flip_angle)
    return motion, to_gadolinium(taken, motion, protocol)


def moved_shares(labels: Tensor, motion: Motion, frame: int) -> Tensor:
    """Share of each `Label` where the heart lies in a frame.

    Args:
        labels: `Label` of each pixel of a slice as drawn, on a grid of the whole field of view, shape (row, col).
        motion: of that slice.
        frame: of that motion's.

    Returns:
        float32, shape (label, row, col).
    """
    size = (labels.shape[-2], labels.shape[-1])
    moved: Tensor = warp(_drawn_shares(labels)[None], motion.sources(size)[frame : frame + 1])[0]
    return moved


def still_shares(labels: Tensor, motion: Motion, displacement: FloatArray) -> Tensor:
    """Share of each `Label` where the heart lies on the mean of the frames that a correction has moved.

    A correction brings the frames nearer to each other than to the one that it left as it was: what is seen in all of
    them together, and a flow map of them, lies on their mean.

    Args:
        labels: `Label` of each pixel of a slice as drawn, on a grid of the whole field of view, shape (row, col).
        motion: true motion of that slice, proton-density frames first.
        displacement: what the correction found in the other frames [mm], as of `MotionCorrection`, shape (time, 2,
            rows and columns of the pictures).

    Returns:
        float32, shape (label, row, col).
    """
    size = (labels.shape[-2], labels.shape[-1])
    found = torch.tensor(displacement[::EVERY])
    sources = motion.sources(size)[len(motion.weights) - len(displacement) :: EVERY]
    moved = warp(_drawn_shares(labels).expand(len(sources), -1, -1, -1), sources)
    still: Tensor = warp(moved, F.interpolate(found, size, mode="bilinear", align_corners=False)).mean(0)
    return still


def _drawn_shares(labels: Tensor) -> Tensor:
    """1 where a pixel has the `Label`, float32, shape (label, row, col)."""
    return torch.stack([labels == label for label in Label]).float()
