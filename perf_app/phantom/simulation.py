"""One injection, from contrast in tissue to pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from operators.series import Label, State
from perf_app.phantom.acquisition import Encoder, Matrix
from perf_app.phantom.anatomy import N_SLICES, Tissue
from perf_app.phantom.coils import sensitivities
from perf_app.phantom.contrast import Contrast, at_times, follow_contrast
from perf_app.phantom.geometry import Plane
from perf_app.phantom.motion import Breathing, Motion, breathe, draw_patterns, warp
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.relaxation import BLOOD, FIELDS, PROTON_DENSITY
from perf_app.phantom.rhythm import Beats, beat
from perf_app.phantom.scene import (
    FULL,
    Detail,
    Scene,
    build_scene,
    cavity,
    flow_map,
    stream,
)
from perf_app.phantom.sequence import AIF, PERFUSION, Readout, decay, proton_density, saturation_recovery

AIF_SLICE = 0
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


def simulate(
    patient: DigitalPatient,
    state: State,
    detail: Detail = FULL,
    device: torch.device | str = "cpu",
    scene: Scene | None = None,
) -> SimulatedScan:
    """Take all pictures of one injection.

    Args:
        patient: whose.
        state: stress or rest.
        detail: how many and how fine.
        device: where to compute.
        scene: the patient's, if it was built before.
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
    camera = _Camera(scene, patient, contrast, flow, detail.main, readout, device)
    noise = camera.noise(Tissue.MYOCARDIUM, patient.noise_mmol_per_l, N_SLICES // 2)
    chance = stream(patient, f"{state} noise", device)
    frames = [camera.film(k, times[k], motion[k], detail.n_proton_density, noise, chance)[0] for k in range(N_SLICES)]
    perfusion = Pictures(_quantise(torch.stack(frames)), times, scene.planes, readout)

    aif_times = (since + AIF_DELAY)[None]
    readout = _fit(AIF, detail.aif)
    camera = _Camera(scene, patient, contrast, flow, detail.aif, readout, device)
    noise = camera.noise(Tissue.LV_BLOOD, AIF_NOISE, AIF_SLICE)
    moved = _move(scene, patient, state, AIF_SLICE, aif_times[0], beats.filling + DIASTOLE)
    echoes = camera.film(AIF_SLICE, aif_times[0], moved, detail.n_proton_density, noise, chance)
    aif = tuple(
        Pictures(pixels[None], aif_times, scene.planes[AIF_SLICE : AIF_SLICE + 1], readout, echo)
        for echo, pixels in enumerate(_quantise(torch.stack(echoes)))
    )
    return SimulatedScan(state, detail.n_proton_density, perfusion, aif, beats, contrast, flow.cpu(), motion)


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


class _Camera:
    """Films slices with one sequence."""

    def __init__(
        self,
        scene: Scene,
        patient: DigitalPatient,
        contrast: Contrast,
        flow: Tensor,
        matrix: Matrix,
        readout: Readout,
        device: torch.device | str,
    ) -> None:
        self.scene, self.contrast, self.readout, self.matrix, self.device = scene, contrast, readout, matrix, device
        self.field = FIELDS[patient.field_strength_t]
        self.size = (matrix.fine_rows, matrix.fine_columns)
        self.fractions = F.adaptive_avg_pool2d(scene.fractions, self.size)
        muscle = scene.fractions[:, Tissue.MYOCARDIUM]
        # Flow averaged over the muscle in each pixel, where the grid is coarser than the scene's.
        carried = F.adaptive_avg_pool2d((muscle * flow)[None], self.size)[0]
        self.flow = carried / self.fractions[:, Tissue.MYOCARDIUM].clamp(min=1e-6)

    def encoder(self, k: int) -> Encoder:
        plane, middle = self.scene.planes[k], self.scene.torso_middle
        return Encoder(self.matrix, lambda size: sensitivities(plane.affine(size), size, middle), self.device)

    def film(
        self, k: int, times: Tensor, motion: Motion, n_density: int, noise: float, chance: torch.Generator
    ) -> list[Tensor]:
        """Pictures (time, row, col) of slice k for each echo; the first frames are proton density."""
        sources, encoder = motion.sources(self.size), self.encoder(k)
        echoes = []
        for echo_time in self.readout.echo_times:
            still = self._magnetisation(k, times, n_density, echo_time)
            moved = warp(still[:, None], sources)[:, 0]
            echoes.append(encoder.picture(moved, noise, chance))
        return echoes

    def noise(self, tissue: Tissue, target: float, k: int) -> float:
        """SD of the noise that makes Gd in a tissue of slice k scatter by `target` [mmol/L] before the bolus."""
        step = 0.01
        signal = self._signal(tissue, torch.tensor([0.0, step], dtype=torch.float64), self.readout.echo_times[0])
        slope = float(signal[1] - signal[0]) / step
        encoder = self.encoder(k)
        label = Label.LV_CAVITY if tissue is Tissue.LV_BLOOD else Label.MYOCARDIUM
        inside = F.adaptive_avg_pool2d(
            (self.scene.labels[k] == label)[None].float(), (self.matrix.rows, self.matrix.columns)
        )
        factor = (encoder.noise_factor() / encoder.shading)[inside[0] > 0.5].mean()
        return target * slope / float(factor)

    def _signal(self, tissue: Tissue, gadolinium: Tensor, echo_time: float, *, saturated: bool = True) -> Tensor:
        """Of a pixel full of a tissue, for Gd of any shape."""
        field = self.field
        rate = 1 / field.t1[tissue] + field.relaxivity * gadolinium
        decay_rate = field.decay[tissue] + gadolinium * (field.decay_blood if tissue in BLOOD else field.decay_tissue)
        magnetisation = (saturation_recovery if saturated else proton_density)(rate, self.readout)
        return PROTON_DENSITY[tissue] * magnetisation * decay(decay_rate, echo_time)

    def _curve(self, tissue: Tissue, gadolinium: Tensor, n_density: int, echo_time: float) -> Tensor:
        """Signal over frames (…, time)."""
        before = self._signal(tissue, gadolinium[..., :n_density], echo_time, saturated=False)
        after = self._signal(tissue, gadolinium[..., n_density:], echo_time)
        return torch.cat([before, after], -1).float().to(self.device)

    def _magnetisation(self, k: int, times: Tensor, n_density: int, echo_time: float) -> Tensor:
        """Of slice k with the heart in its reference position, fine grid, shape (time, row, col)."""
        contrast = self.contrast
        gadolinium = at_times(contrast.tissues, contrast.times, times)
        curves = torch.stack([self._curve(t, gadolinium[t], n_density, echo_time) for t in Tissue])
        curves[Tissue.MYOCARDIUM] = 0
        image = torch.einsum("kt,krc->trc", curves, self.fractions[k])
        muscle = self.fractions[k, Tissue.MYOCARDIUM]
        there = muscle > 0
        table = self._curve(
            Tissue.MYOCARDIUM, at_times(contrast.myocardium, contrast.times, times), n_density, echo_time
        )
        position = self.flow[k][there] / float(contrast.flows[1])
        below = position.long().clamp(0, len(table) - 2)
        signal = torch.lerp(table[below], table[below + 1], (position - below)[:, None])
        image[:, there] += (signal * muscle[there][:, None]).T
        return image
