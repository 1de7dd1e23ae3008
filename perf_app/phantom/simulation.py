"""One injection, from contrast in tissue to pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from operators.series import State
from perf_app.phantom.acquisition import Matrix
from perf_app.phantom.anatomy import N_SLICES, Tissue
from perf_app.phantom.camera import Camera
from perf_app.phantom.contrast import Contrast, follow_contrast
from perf_app.phantom.geometry import Plane
from perf_app.phantom.motion import Breathing, Motion, breathe, draw_patterns
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.rhythm import Beats, beat
from perf_app.phantom.scene import FULL, Detail, Scene, build_scene, cavity, flow_map, stream
from perf_app.phantom.sequence import AIF, PERFUSION, Readout

AIF_SLICE = 0
"""Where the arterial input is filmed: at the base."""
AIF_DELAY = 0.030
"""From the trigger to the centre of k-space of the AIF image [s]."""
FIRST_DELAY, SLICE_TIME = 0.135, 0.145
"""The same of the first slice, and from slice to slice [s]."""
BUSY = FIRST_DELAY + (N_SLICES - 1) * SLICE_TIME + 0.05
"""After a trigger [s]."""
FILLING_MM = 3.5
"""Of the endocardium, from usual to full."""
DIASTOLE = 1.4
"""Filling at the trigger, when the AIF image is taken, beyond that of the other slices."""
AIF_NOISE = 0.04
"""SD of Gd in blood before the bolus [mmol/L]."""
BRIGHTEST = 3600
"""Pixel value of the 99.9th percentile."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Frames of one kind, proton-density frames first."""

    pixels: Tensor
    """uint16 on the CPU, shape (slice, time, row, col)."""
    times: Tensor
    """Of the centre of k-space, from that of the first saturation-recovery frame [s], float64, shape (slice, time)."""
    planes: tuple[Plane, ...]
    readout: Readout
    echo: int = 0
    """Index into the readout's echo times."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedScan:
    """Pictures of one injection and what they were made of."""

    state: State
    n_proton_density: int
    perfusion: Pictures
    aif: tuple[Pictures, ...]
    """One an echo."""
    beats: Beats
    """Of all frames."""
    contrast: Contrast
    flow: Tensor
    """MBF as if everything were myocardium [mL/min/g], fine grid, shape (slice, row, col)."""
    motion: tuple[Motion, ...]
    """Of each slice, all frames."""
    aif_motion: Motion
    """Of the AIF's slice when its images are taken, all frames."""
    scene: Scene
    """That was filmed."""


def simulate(
    patient: DigitalPatient,
    state: State,
    detail: Detail = FULL,
    device: torch.device | str = "cpu",
    scene: Scene | None = None,
    with_aif: bool = True,
) -> SimulatedScan:
    """Take all pictures of one injection.

    Args:
        patient: whose.
        state: stress or rest.
        detail: how many and how fine.
        device: where to compute.
        scene: the patient's, if it was built before.
        with_aif: whether the pictures of the arterial input are taken, too.
    """
    scene = scene or build_scene(patient, detail, device)
    n_frames = detail.n_proton_density + detail.n_beats
    beats = beat(patient.states[state].rhythm, n_frames, BUSY, stream(patient, f"{state} beats", "cpu"))
    since = beats.times - beats.times[detail.n_proton_density] - FIRST_DELAY
    flow = flow_map(scene, patient, state)
    highest = 1.02 * float(flow.max())
    contrast = follow_contrast(patient, state, float(since[-1]) + 2.0, highest)

    times = torch.stack([since + FIRST_DELAY + k * SLICE_TIME for k in range(N_SLICES)])
    motion = tuple(_move(scene, patient, state, k, times[k], beats.filling) for k in range(N_SLICES))
    readout = _fit(PERFUSION, detail.main)
    camera = Camera(scene, patient, contrast, flow, detail.main, readout, device)
    noise = camera.noise(Tissue.MYOCARDIUM, patient.noise_mmol_per_l, N_SLICES // 2)
    chance = stream(patient, f"{state} noise", device)
    frames = [camera.film(k, times[k], motion[k], detail.n_proton_density, noise, chance)[0] for k in range(N_SLICES)]
    perfusion = Pictures(_quantise(torch.stack(frames)), times, scene.planes, readout)

    aif_times = (since + AIF_DELAY)[None]
    moved = _move(scene, patient, state, AIF_SLICE, aif_times[0], beats.filling + DIASTOLE)
    aif = _film_aif(scene, patient, contrast, flow, detail, aif_times, moved, chance) if with_aif else ()
    return SimulatedScan(
        state, detail.n_proton_density, perfusion, aif, beats, contrast, flow.cpu(), motion, moved, scene
    )


def _film_aif(
    scene: Scene,
    patient: DigitalPatient,
    contrast: Contrast,
    flow: Tensor,
    detail: Detail,
    times: Tensor,
    moved: Motion,
    chance: torch.Generator,
) -> tuple[Pictures, ...]:
    """The arterial input's pictures, one kind an echo, at times of shape (1, time)."""
    readout = _fit(AIF, detail.aif)
    camera = Camera(scene, patient, contrast, flow, detail.aif, readout, scene.labels.device)
    noise = camera.noise(Tissue.LV_BLOOD, AIF_NOISE, AIF_SLICE)
    echoes = camera.film(AIF_SLICE, times[0], moved, detail.n_proton_density, noise, chance)
    return tuple(
        Pictures(pixels[None], times, scene.planes[AIF_SLICE : AIF_SLICE + 1], readout, echo)
        for echo, pixels in enumerate(_quantise(torch.stack(echoes)))
    )


def _fit(readout: Readout, matrix: Matrix) -> Readout:
    return replace(readout, phase_encodes=matrix.lines, acceleration=matrix.acceleration)


def _move(scene: Scene, patient: DigitalPatient, state: State, k: int, times: Tensor, filling: Tensor) -> Motion:
    """Motion of a slice at its times; its patterns are the patient's, the weights the scan's."""
    device = scene.labels.device
    physiology = patient.states[state]
    phase, direction = torch.rand(2, generator=stream(patient, f"{state} breathing", "cpu")).tolist()
    breathing = Breathing(physiology.breathing_mm, physiology.breathing_period, phase, 0.8 * (direction - 0.5))
    weights = torch.stack([*breathe(breathing, times), FILLING_MM * filling], -1)
    center, radius = cavity(scene, k)
    chance = stream(patient, f"pattern {k}", "cpu")
    patterns = draw_patterns(center.cpu(), max(radius, 10.0), breathing.direction, chance)
    patterns = replace(patterns, center=patterns.center.to(device), waves=patterns.waves.to(device))
    return Motion(patterns, weights.to(device))


def _quantise(pictures: Tensor) -> Tensor:
    """12 bit, one gain for all; very little is cut off."""
    values = pictures.flatten()
    brightest = values.kthvalue(int(0.999 * len(values)))[0]
    return (pictures * (BRIGHTEST / brightest)).round().clamp(0, 4095).to(torch.uint16).cpu()
