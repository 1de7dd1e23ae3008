"""A scan with AIF images of two echoes and proton density, made of the toy heart by the model's own signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from builders import affines
from moving_heart import MovingHeart, gamma_variate
from pydicom import Dataset

from operators.gadolinium.parameters import resolve_aif
from operators.gadolinium.saturation_recovery import proton_density, saturation_recovery
from operators.protocol import Protocol
from operators.series import (
    AifSeries,
    ArterialInput,
    FloatArray,
    GadoliniumSeries,
    ImageSeries,
    PerfusionScan,
    Sequence,
    State,
)

HEART = MovingHeart(rows=60, columns=52, spacing=5.6, amplitude=0.0, n_frames=60, interval=0.8, level=0.0)
SEQUENCE = Sequence("flash", 0.00212, 0.65e-3, np.deg2rad(8), 0.0236, 36, 2.0)
PD_FLIP = np.deg2rad(5)


def series_of(images: FloatArray, times: FloatArray, sequence: Sequence) -> ImageSeries:
    headers = (tuple(Dataset() for _ in images),)
    return ImageSeries(("1.2.3",), images[None], "a.u.", times[None], affines(1), headers, sequence)


def make_scan(noise: float = 2.0, field: float = 1.5) -> PerfusionScan:
    """AIF images of two echoes and proton density with the model's own signal; the main images are plain."""
    parts, curves, coil = HEART.regions(HEART.grid()), HEART.concentration(), HEART.coil()
    plain = series_of(HEART.images(), HEART.times, Sequence())
    probe = PerfusionScan(
        State.STRESS, "", plain, "Digital", field, 75.0, aif=AifSeries(replace(plain, sequence=SEQUENCE))
    )
    model = replace(resolve_aif(probe, Protocol()).readout, pd_flip_angle=PD_FLIP)
    random = np.random.default_rng(4)

    def echo(time: float) -> ImageSeries:
        images = random.normal(0, noise, (HEART.n_frames, HEART.rows, HEART.columns))
        for name, part in parts.items():
            signal = saturation_recovery(curves[name], model) * np.exp(-time * (25 + 12 * curves[name]))
            images += 20000 * signal[:, None, None] * coil * part
        return series_of(np.abs(images), HEART.times, replace(SEQUENCE, echo_time=time))

    density = 20000 * proton_density(model) * coil * np.exp(-0.65e-3 * 25) * sum(parts.values())
    reference = series_of(
        density + random.normal(0, noise, (2, HEART.rows, HEART.columns)), HEART.times[:2] - 4,
        replace(SEQUENCE, flip_angle=PD_FLIP),
    )  # fmt: skip
    return replace(probe, aif=AifSeries(echo(0.65e-3), echo(1.65e-3), reference))


def gadolinium_of(scan: PerfusionScan, unit: str = "a.u.") -> GadoliniumSeries:
    return GadoliniumSeries(replace(scan.perfusion, unit="mmol/L") if unit == "mmol/L" else scan.perfusion)


def codes(found: ArterialInput) -> set[str]:
    return {flag.code for flag in found.flags}


def file_input(times: FloatArray, peak: float = 4.5) -> ArterialInput:
    curve = gamma_variate(times, 9, 4, peak)
    return ArterialInput("file", times, curve, "mmol/L", 9.5)
