"""What the conversion tells of signal that can't be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.gadolinium_scans import make_scan, ratio, settings, still
from benchmarks.record import Record
from operators.errors import PerfusionError
from operators.gadolinium.conversion import to_gadolinium
from operators.protocol import Protocol
from operators.series import FloatArray, PerfusionScan, Sequence


def print_bad_input(record: Record) -> None:
    """What becomes of signal that can't be."""
    setting = settings(1.5)[0]
    curve = np.interp(np.arange(30), (0, 8, 14, 29), (0.0, 0.0, 5.0, 1.0))
    row, col = np.mgrid[:48, :48]
    cavity = np.hypot(row - 23.5, col - 23.5) < 8
    coil = 1000 * np.exp(-row / 60)
    blood, muscle = ratio(setting, curve), ratio(setting, 0.2 * curve)
    images = coil * np.where(cavity, blood[:, None, None], 0.8 * muscle[:, None, None])
    density = np.broadcast_to(coil * np.where(cavity, 1.0, 0.8), (2, 48, 48))
    good = make_scan(setting, images, density)
    rows = []
    for name, spoil in BAD.items():
        try:
            scan = spoil(good)
            flags = to_gadolinium(scan, still(scan), Protocol()).flags
            told = ", ".join(sorted({flag.code for flag in flags})) or "-"
        except PerfusionError as error:
            told = f"error: {error.message}"
        rows.append([name, told])
    record.say("Signal that can't be, and what is told:\n")
    record.table(["images", "flags"], rows)


def with_images(change: Callable[[FloatArray], FloatArray]) -> Callable[[PerfusionScan], PerfusionScan]:
    """A change of the main images (slice, time, row, col)."""
    return lambda scan: replace(scan, perfusion=replace(scan.perfusion, pixels=change(np.array(scan.perfusion.pixels))))


def with_density(change: Callable[[FloatArray], FloatArray]) -> Callable[[PerfusionScan], PerfusionScan]:
    """A change of the proton-density images."""

    def spoil(scan: PerfusionScan) -> PerfusionScan:
        if scan.proton_density is None:
            raise ValueError("no proton-density images to spoil")
        changed = replace(scan.proton_density, pixels=change(np.array(scan.proton_density.pixels)))
        return replace(scan, proton_density=changed)

    return spoil


def with_sequence(sequence: Sequence) -> Callable[[PerfusionScan], PerfusionScan]:
    """Another header of the main images."""
    return lambda scan: replace(scan, perfusion=replace(scan.perfusion, sequence=sequence))


def as_gadolinium(change: Callable[[FloatArray], FloatArray]) -> Callable[[PerfusionScan], PerfusionScan]:
    """The scanner's own Gd, changed."""

    def spoil(scan: PerfusionScan) -> PerfusionScan:
        made = to_gadolinium(scan, still(scan), Protocol()).series
        return replace(scan, perfusion=replace(made, pixels=change(np.array(made.pixels))))

    return spoil


def no_numbers(pixels: FloatArray) -> FloatArray:
    """A row of the picture without any."""
    pixels[:, :, 20] = np.nan
    return pixels


BAD: dict[str, Callable[[PerfusionScan], PerfusionScan]] = {
    "as they are": lambda scan: scan,
    "clipped at 70 % of the brightest": with_images(lambda pixels: np.minimum(pixels, 0.7 * pixels.max())),
    "three times as strong": with_images(lambda pixels: 3 * pixels),
    "a fifth as strong": with_images(lambda pixels: 0.2 * pixels),
    "proton density zero": with_density(np.zeros_like),
    "proton density without numbers": with_density(lambda pixels: np.full_like(pixels, np.nan)),
    "some proton density without numbers": with_density(no_numbers),
    "proton density clipped": with_density(lambda pixels: np.minimum(pixels, 0.7 * pixels.max())),
    "a bare header": with_sequence(Sequence()),
    "saturation time shorter than half the readout": with_sequence(Sequence(saturation_time=0.03)),
    "7 T": lambda scan: replace(scan, field_strength_t=7.0),
    "scanner's Gd as it is": as_gadolinium(lambda pixels: pixels),
    "scanner's Gd in umol/L": as_gadolinium(lambda pixels: 1000 * pixels),
    "scanner's Gd 1 mmol/L too low": as_gadolinium(lambda pixels: pixels - 1),
}
