"""Digital patients' AIF images by way of DICOM files, and what is true of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from operators.dicom_loading.loader import load_study
from operators.motion_correction.correction import correct_slice
from operators.series import AifSeries, FloatArray, ImageSeries, PerfusionScan, State
from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.motion import warp
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.scene import FULL, Scene, build_scene, to_picture
from perf_app.phantom.simulation import AIF_SLICE, SimulatedScan, simulate
from perf_app.phantom.vendors import siemens

FOOT = 0.05
"""Fraction of its peak at which the true curve is said to begin."""


@dataclass(frozen=True)
class Case:
    """A digital patient's scan as loaded, and its truth."""

    seed: int
    scan: PerfusionScan
    times: FloatArray
    """[s], shape (sample,)."""
    curve: FloatArray
    """True Gd of the LV's blood [mmol/L], shape (sample,)."""
    left: FloatArray
    """Share of LV blood in each pixel of the motion correction's reference frame, shape (row, col)."""
    right: FloatArray
    """The same of RV blood."""

    @property
    def aif(self) -> AifSeries:
        if self.scan.aif is None:
            raise ValueError("a digital patient has AIF images")
        return self.scan.aif


def make_cases(seed: int) -> Iterator[Case]:
    """Stress and rest of a digital patient, by way of DICOM files."""
    patient = draw_patient(seed)
    scene = build_scene(patient, FULL)
    for state in (State.STRESS, State.REST):
        simulated = simulate(patient, state, FULL, "cpu", scene)
        with tempfile.TemporaryDirectory() as folder:
            for image in siemens.interleaved(patient, simulated):
                name = f"{image.SeriesNumber}_{image.InstanceNumber:04d}.dcm"
                image.save_as(Path(folder) / name, enforce_file_format=True)
            (scan,) = load_study(Path(folder)).scans
        small = replace(scan.perfusion, pixels=scan.perfusion.pixels[:, :, ::8, ::8])
        scan = replace(scan, perfusion=small, proton_density=None)
        if scan.aif is None:
            raise ValueError("a digital patient has AIF images")
        first = scan.aif.first_echo
        reference = correct_slice(first.pixels[0], first.times[0], first.pixel_spacing).reference
        left, right = blood_shares(scene, simulated, reference, first)
        contrast = simulated.contrast
        yield Case(seed, scan, contrast.times.numpy(), contrast.aif.numpy(), left, right)


def blood_shares(
    scene: Scene, simulated: SimulatedScan, frame: int, series: ImageSeries
) -> tuple[FloatArray, FloatArray]:
    """Of LV and RV blood in a saturation-recovery frame's pixels, shape (row, col) each."""
    blood = scene.fractions[AIF_SLICE, [Tissue.LV_BLOOD, Tissue.RV_BLOOD]]
    sources = simulated.aif_motion.sources((blood.shape[1], blood.shape[2]))[simulated.n_proton_density + frame]
    moved = warp(blood[:, None], sources[None].expand(2, -1, -1, -1))[:, 0]
    rows, columns = series.pixels.shape[2:]
    left, right = to_picture(moved, (rows, columns)).numpy()
    return left, right
