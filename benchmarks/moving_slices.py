"""Slices of digital (simulated) hearts whose motion is known, and how far a correction is from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from operators.motion_correction.demons import Spacing, warp
from operators.series import BoolArray, FloatArray, Label, State
from perf_app.phantom.geometry import FIELD_OF_VIEW_MM
from perf_app.phantom.motion import Motion
from perf_app.phantom.patient import DigitalPatient, draw_patient
from perf_app.phantom.scene import FULL, build_scene, picture_labels
from perf_app.phantom.simulation import simulate


@dataclass(frozen=True)
class MovingSlice:
    """One slice's saturation-recovery frames and what is true of them."""

    images: FloatArray
    """Shape (time, row, col)."""
    density: FloatArray
    """Proton-density frames, shape (frame, row, col)."""
    times: FloatArray
    """[s], shape (time,)."""
    motion: Motion
    """Of all frames, proton density first."""
    ventricle: BoolArray
    """LV cavity and wall in the truth's own frame, shape (row, col)."""

    @property
    def spacing(self) -> Spacing:
        """Between rows and between columns [mm]."""
        rows, columns = self.ventricle.shape
        return FIELD_OF_VIEW_MM[0] / rows, FIELD_OF_VIEW_MM[1] / columns

    def truth(self) -> FloatArray:
        """Where each pixel of the truth's own frame lies in each frame [mm], shape (time, 2, row, col)."""
        size = self.ventricle.shape[0], self.ventricle.shape[1]
        return self.motion.displacement(size).numpy()[len(self.density) :]

    def left(self, displacement: FloatArray, reference: int) -> FloatArray:
        """What a correction leaves of each point's motion against the reference frame [mm], shape (time, 2, point).

        A point that lies at y in the reference frame is found at y + v(y) in another, and truly is at x + u(x).

        Args:
            displacement: v, shape (time, 2, row, col).
            reference: index of the frame in whose place all were brought.
        """
        truth = self.truth()
        to_reference = torch.from_numpy(truth[reference])[None].expand(len(truth), -1, -1, -1)
        found = warp(torch.from_numpy(displacement.astype(np.float32)), to_reference, self.spacing).numpy()
        return np.asarray((truth[reference] + found - truth)[:, :, self.ventricle])


def slices_of(patient: DigitalPatient, state: State) -> list[MovingSlice]:
    """Basal, mid and apical."""
    scene = build_scene(patient, FULL, "cpu")
    scan = simulate(patient, state, scene=scene)
    pixels = scan.perfusion.pixels.numpy().astype(np.float32)
    n, size = scan.n_proton_density, (pixels.shape[2], pixels.shape[3])
    labels = picture_labels(scene, size).numpy()
    ventricle = (labels == Label.MYOCARDIUM) | (labels == Label.LV_CAVITY)
    times = scan.perfusion.times.numpy()
    return [
        MovingSlice(pixels[k, n:], pixels[k, :n], times[k, n:], scan.motion[k], ventricle[k])
        for k in range(len(pixels))
    ]


def breathing(seed: int, amplitude: float, noise: float = 1.0, **rhythm: float) -> tuple[DigitalPatient, State]:
    """A patient who breathes so much.

    Args:
        seed: of the patient; stress and rest take turns.
        amplitude: of the heart in the plane [mm].
        noise: as a multiple of the usual.
        rhythm: fields of `perf_app.phantom.rhythm.Rhythm` to set.
    """
    patient, state = draw_patient(seed), (State.STRESS, State.REST)[seed % 2]
    usual = patient.states[state]
    changed = replace(usual, breathing_mm=amplitude, rhythm=replace(usual.rhythm, **rhythm))
    noisy = noise * patient.noise_mmol_per_l
    return replace(patient, states={state: changed}, noise_mmol_per_l=noisy), state


def rms(left: FloatArray) -> float:
    """Of a motion (time, 2, point) over all frames and points."""
    return float(np.sqrt((left**2).sum(axis=1).mean()))


def worst(left: FloatArray) -> float:
    """RMS over points of the frame in which it is largest."""
    return float(np.sqrt((left**2).sum(axis=1).mean(axis=1)).max())
