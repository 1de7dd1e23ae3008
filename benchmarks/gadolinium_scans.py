"""Scans for the benchmark of the conversion, their signal simulated pulse by pulse, and what it reads in them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from pydicom import Dataset

from benchmarks.bloch import Pulses, Reality, center_signal
from operators.gadolinium.conversion import to_gadolinium
from operators.gadolinium.parameters import AIF, CONSTANTS, PERFUSION, Defaults, Tissue, resolve_aif, resolve_perfusion
from operators.gadolinium.saturation_recovery import make_table
from operators.protocol import Protocol
from operators.series import (
    AifSeries,
    FloatArray,
    ImageSeries,
    MotionCorrection,
    PerfusionScan,
    Sequence,
    State,
)
from perf_app.phantom.anatomy import Tissue as PhantomTissue
from perf_app.phantom.bolus import Bolus, blood_curves, time_grid
from perf_app.phantom.relaxation import FIELDS

PD_FLIP = math.radians(5.0)
AIF_ECHOES = (0.65e-3, 1.65e-3)
PIXEL_MM = 5.6
"""Of the AIF images."""


@dataclass(frozen=True)
class Setting:
    """A sequence and the tissue that its images are converted for."""

    name: str
    pulses: Pulses
    tissue: Tissue
    field: float

    @property
    def relaxation(self) -> tuple[float, float, float, float]:
        """T1, T2 [s], r1, r2 [L/(mmol s)]."""
        constants = CONSTANTS[self.field]
        return constants.t1[self.tissue], constants.t2[self.tissue], constants.r1, constants.r2

    @property
    def density(self) -> Pulses:
        return replace(self.pulses, kind="flash", flip_angle=PD_FLIP)


def settings(strength: float) -> tuple[Setting, ...]:
    """FLASH and bSSFP main images in myocardium, AIF images in blood, whose decay is dealt with by itself."""

    def pulses(kind: Literal["flash", "bssfp"], of: Defaults, echo: float) -> Pulses:
        lines, fold = of.phase_encodes, round(of.acceleration)
        return Pulses(kind, of.echo_spacing, echo, of.flip_angle, of.saturation_time, lines, fold)

    return (
        Setting("FLASH", pulses("flash", PERFUSION["flash"], 0.00103), "myocardium", strength),
        Setting("bSSFP", pulses("bssfp", PERFUSION["bssfp"], 0.00103), "myocardium", strength),
        Setting("AIF", pulses("flash", AIF["flash"], 0.0), "blood", strength),
    )


@dataclass(frozen=True)
class Actual:
    """What is so, as factors of what is assumed, or beside it."""

    t1: float = 1.0
    t2: float = 1.0
    r1: float = 1.0
    r2: float = 1.0
    spacing: float = 1.0
    late: float = 0.0
    """Of the saturation time [s]."""
    density_flip: float = 1.0
    reference_lines: int = 0
    """Further lines acquired."""
    reality: Reality = field(default_factory=Reality)
    profile: tuple[float, ...] = (1.0,)
    """Flip angle across the slice, as fractions."""

    def played(self, pulses: Pulses) -> Pulses:
        """As the scanner does it."""
        return replace(
            pulses,
            echo_spacing=pulses.echo_spacing * self.spacing,
            saturation_time=pulses.saturation_time + self.late,
            phase_encodes=pulses.phase_encodes + self.reference_lines * pulses.acceleration,
        )


CORRECT = Actual()


def ratio(setting: Setting, concentration: FloatArray, actual: Actual = CORRECT) -> FloatArray:
    """Signal over proton density by Bloch simulation, shape (concentration,)."""
    t1, t2, r1, r2 = setting.relaxation
    rate1 = 1 / (t1 * actual.t1) + r1 * actual.r1 * concentration
    rate2 = 1 / (t2 * actual.t2) + r2 * actual.r2 * concentration
    main, density = (actual.played(pulses) for pulses in (setting.pulses, setting.density))
    density = replace(density, flip_angle=density.flip_angle * actual.density_flip)
    rates = np.array([1 / (t1 * actual.t1)]), np.array([1 / (t2 * actual.t2)])
    slices = [replace(actual.reality, b1=actual.reality.b1 * part) for part in actual.profile]
    signal = np.mean([center_signal(main, rate1, rate2, True, one) for one in slices], axis=0)
    return np.asarray(signal / np.mean([center_signal(density, *rates, False, one) for one in slices]))


def make_scan(setting: Setting, images: FloatArray, density: FloatArray) -> PerfusionScan:
    """One slice whose headers tell the sequence; arrays (time, row, col), taken as main and as AIF images."""
    header = sequence_of(setting.pulses)
    main = series_of(images, np.arange(len(images)) * 0.8, header)
    before = series_of(density, np.arange(len(density)) - 5.0, sequence_of(setting.density))
    aif = AifSeries(main, proton_density=before)
    return PerfusionScan(State.REST, "", main, "Digital", setting.field, 70.0, before, aif)


def sequence_of(pulses: Pulses) -> Sequence:
    """As a header would tell it."""
    return Sequence(
        pulses.kind, pulses.echo_spacing, pulses.echo_time, pulses.flip_angle, pulses.saturation_time,
        pulses.phase_encodes, pulses.acceleration,
    )  # fmt: skip


def series_of(images: FloatArray, times: FloatArray, sequence: Sequence, spacing: float = 1.9) -> ImageSeries:
    """One slice; images (time, row, col)."""
    affine = np.diag([spacing, spacing, 8.0, 1.0])[None]
    headers = (tuple(Dataset() for _ in images),)
    return ImageSeries(("1.2.3",), images[None], "a.u.", times[None], affine, headers, sequence)


def still(scan: PerfusionScan) -> MotionCorrection:
    """The scan as if nothing had moved."""
    slices, frames, rows, columns = scan.perfusion.pixels.shape
    none = np.zeros((slices, frames, 2, rows, columns))
    zero = np.zeros(slices)
    return MotionCorrection(scan.perfusion, scan.proton_density, zero.astype(int), none, zero, zero)


def convert(setting: Setting, values: FloatArray) -> FloatArray:
    """Gd as the chain finds it for signal over proton density, shape (value,)."""
    images = np.broadcast_to(values[:, None, None], (len(values), 8, 8))
    scan = make_scan(setting, images, np.ones((2, 8, 8)))
    if setting.tissue == "blood":
        return make_table(resolve_aif(scan, Protocol()).readout).convert(values)
    return np.asarray(to_gadolinium(scan, still(scan), Protocol()).series.pixels[0, :, 0, 0], np.float64)


def convert_over_baseline(setting: Setting, values: FloatArray) -> FloatArray:
    """As the chain does without proton density; the first value is the baseline."""
    scan = make_scan(setting, np.ones((2, 8, 8)), np.ones((2, 8, 8)))
    resolve = resolve_aif if setting.tissue == "blood" else resolve_perfusion
    return make_table(resolve(scan, Protocol()).readout, over_baseline=True).convert(values / values[0])


def arterial_scan(seed: int, strength: float, noise: float, decay: float) -> tuple[PerfusionScan, float]:
    """Both ventricles as discs in muscle, blood curves and R2* as in the digital patients, and the true peak [mmol/L].

    Args:
        seed: of curve and noise.
        strength: of the field [T].
        noise: SD of Gd in a pixel of blood before the bolus [mmol/L].
        decay: factor of the rise of R2* with Gd.
    """
    random = np.random.default_rng(seed)
    bolus = Bolus(
        arrival=random.uniform(4, 8),
        rise=random.uniform(2.5, 5),
        steepness=random.uniform(2, 4),
        lung_transit=random.uniform(4, 8),
        peak=random.uniform(3, 7),
    )
    grid = time_grid(0.0, 60.0, 0.05)
    times = np.arange(60) * 0.8 + random.uniform(0, 0.8)
    right, left = (np.interp(times, grid.numpy(), curve.numpy()) for curve in blood_curves(bolus, grid))
    setting = settings(strength)[2]
    tissue = FIELDS[strength]
    row, col = np.mgrid[:52, :64].astype(float)
    inside = [np.clip(4.5 - np.hypot(row - 26, col - 36), 0, 1), np.clip(5 - np.hypot(row - 24, col - 24), 0, 1)]
    parts = {"left": inside[0], "right": inside[1] * (1 - inside[0])}
    parts["muscle"] = 0.8 * (1 - parts["left"] - parts["right"])
    rates = {"left": left, "right": right, "muscle": np.zeros_like(left)}
    scale = noise * float(np.diff(ratio(setting, np.array([0.0, 0.01])))[0]) / 0.01

    def picture(signal: dict[str, FloatArray], echo: float) -> FloatArray:
        """Magnitude images (time, row, col)."""
        shape = (len(signal["left"]), *row.shape)
        images = random.normal(0, scale, shape) + 1j * random.normal(0, scale, shape)
        for name, curve in signal.items():
            native = tissue.decay[PhantomTissue.LV_BLOOD]
            gone = np.exp(-echo * (native + decay * tissue.decay_blood * (rates[name][: len(curve)])))
            images += (curve * gone)[:, None, None] * parts[name]
        return np.abs(images)

    signal = {name: ratio(setting, gadolinium) for name, gadolinium in rates.items()}
    header = sequence_of(setting.pulses)
    echoes = [
        series_of(3000 * picture(signal, echo), times, replace(header, echo_time=echo), PIXEL_MM) for echo in AIF_ECHOES
    ]
    # Signal is in units of that of proton density; no Gd has come yet.
    before = 3000 * picture({name: np.ones(2) for name in rates}, AIF_ECHOES[0])
    density = series_of(before, np.array([-3.0, -2.0]), sequence_of(setting.density), PIXEL_MM)
    plain = series_of(np.ones((60, 8, 8)), times, Sequence())
    aif = AifSeries(echoes[0], echoes[1], density)
    return PerfusionScan(State.STRESS, "", plain, "Digital", strength, 75.0, aif=aif), float(left.max())
