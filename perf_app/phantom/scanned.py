"""Training patients that were scanned physically: k-space, coils, breathing, then corrected as the chain does it.

A patient takes far longer than a step of training, so they are made once and kept in a folder, and each slice is seen
again and again: turned, mirrored, stretched, shifted, cut off, in another window of time, as Gd or as signal, with
more noise.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import IterableDataset

from operators.series import Label
from perf_app.phantom.acquisition import MAIN_MATRIX
from perf_app.phantom.filmed import corrected, perfusion_scan, still_shares
from perf_app.phantom.frozen import GENERATOR_VERSION
from perf_app.phantom.geometry import FIELD_OF_VIEW_MM
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.population import UPRIGHT
from perf_app.phantom.scene import build_scene
from perf_app.phantom.simulation import simulate
from perf_app.phantom.training import SPACING_MM, hide, scale_intensity, start_pass
from perf_app.phantom.training_curves import N_FRAMES

FIRST_SEED = 2_000_000
"""Of the patients; no test uses one from here on."""
HALF = 58
"""Rows and columns kept on either side of the heart [pixels of the pictures]."""
ASIDE_MM = 14.0
"""How far off the middle a heart lies at most, in each direction."""
PIXEL_MM = FIELD_OF_VIEW_MM[0] / MAIN_MATRIX.rows
"""Of the pictures."""
STRETCH = 0.15
"""Logarithm of the largest change of size."""


class ScannedPatients(IterableDataset[dict[str, Tensor]]):
    """Endless views of a fixed number of scanned patients: items as of `DigitalPatients`.

    Args:
        folder: where the patients lie. Those that are missing are made first, on all cores.
        n_patients: how many.
        size: rows and columns [mm].
        seed: of all random numbers of the views.
        length: number of items of one pass; a further pass goes on with new views.
    """

    def __init__(self, folder: str, n_patients: int, size: int = 176, seed: int = 0, length: int | None = None) -> None:
        super().__init__()
        self.files = scan_patients(Path(folder), n_patients)
        self.size, self.seed, self.length, self.passes = size, seed, length, 0

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        generator, count = start_pass(self.seed, self.passes, self.length)
        self.passes += 1
        for _ in range(count):
            file = self.files[int(torch.randint(len(self.files), (1,), generator=generator))]
            slices = torch.load(file, weights_only=True, mmap=True)
            one = slices[int(torch.randint(len(slices), (1,), generator=generator))]
            yield view(one, self.size, generator)


class InTurn(IterableDataset[dict[str, Tensor]]):
    """Items of several endless datasets in turn, until the first ends."""

    def __init__(self, parts: Iterable[IterableDataset[dict[str, Tensor]]]) -> None:
        super().__init__()
        self.parts = tuple(parts)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        return chain.from_iterable(zip(*self.parts, strict=False))


def scan_patients(folder: Path, n_patients: int) -> tuple[Path, ...]:
    """Make the patients that the folder lacks, each in a file of its own, in as many processes as there are cores.

    Another version of the generator makes other patients, in other files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(FIRST_SEED, FIRST_SEED + n_patients)
    files = {seed: folder / f"{seed}_version_{GENERATOR_VERSION}_still.pt" for seed in seeds}
    missing = {seed: file for seed, file in files.items() if not file.exists()}
    if missing:
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            list(pool.map(_scan_patient, missing.keys(), missing.values()))
    return tuple(files.values())


def _scan_patient(seed: int, file: Path) -> None:
    """Stress and rest of a patient.

    Written are the slices: Gd [mmol/L] and signal (time, row, col), labels where the heart lies on the mean of those
    frames, on a grid twice as fine, both cut about the heart, and its centre (row, col) in pixels of the pictures.
    """
    torch.set_num_threads(1)
    patient = draw_patient(seed)
    scene = build_scene(patient, ranges=UPRIGHT)
    slices = []
    for state in patient.states:
        film = simulate(patient, state, scene=scene, with_aif=False)
        motion, gadolinium = corrected(film, perfusion_scan(film, patient.field_strength_t))
        for k, displacement in enumerate(motion.displacement):
            shares = still_shares(scene.labels[k], film.motion[k], displacement)
            gd, signal = (torch.tensor(one.pixels[k]) for one in (gadolinium.series, motion.series))
            slices.append(_cut(gd, signal, shares.argmax(0).to(torch.uint8)))
    unfinished = file.with_suffix(f".{os.getpid()}.part")
    torch.save(slices, unfinished)
    unfinished.replace(file)


def _cut(gd: Tensor, signal: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Part of a slice about the heart; `labels` have twice as many rows and columns."""
    centre = (labels == Label.LV_CAVITY).nonzero().double().mean(0) / 2
    corner = (min(max(round(float(c)) - HALF, 0), n - 2 * HALF) for c, n in zip(centre, gd.shape[1:], strict=True))
    rows, cols = (slice(first, first + 2 * HALF) for first in corner)
    fine_rows, fine_cols = (slice(2 * part.start, 2 * part.stop) for part in (rows, cols))
    return {
        "gd": gd[:, rows, cols].half(),
        "signal": signal[:, rows, cols].half(),
        "label": labels[fine_rows, fine_cols].clone(),
        "centre": (centre - torch.tensor([rows.start, cols.start])).float(),
    }


def view(one: dict[str, Tensor], size: int, generator: torch.Generator) -> dict[str, Tensor]:
    """A slice as the network takes it, seen in a way of its own.

    Args:
        one: a slice of a scanned patient's file.
        size: rows and columns [mm].
        generator: source of all random numbers.

    Returns:
        ``{"image": (48, size, size), "label": (4, size, size)}``, the label as of `DigitalPatients`.
    """

    def draw(low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    as_gd = draw() < 0.7
    series = _window(one["gd" if as_gd else "signal"].float(), draw)
    if draw() < 0.4:
        spread = float(series.amax() - series.amin()) * 10 ** draw(-2.6, -1.5)
        series = series + spread * torch.randn(series.shape, generator=generator)
    # As the bundle cuts its field of view, the middle lies on a pixel unless the heart is turned by any angle.
    line = (torch.arange(size) - (size - 1) / 2) * SPACING_MM
    at = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1) @ _turn(draw).T
    at = at + torch.tensor([draw(-ASIDE_MM, ASIDE_MM), draw(-ASIDE_MM, ASIDE_MM)])
    n = series.shape[-1]
    pixels = at / PIXEL_MM + one["centre"].round()
    unit = ((2 * pixels + 1) / n - 1).flip(-1)[None]
    seen = ((pixels >= -0.5) & (pixels <= n - 0.5)).all(-1)
    if draw() < 0.3:
        seen &= (at[..., 0].abs() < draw(40.0, 80.0)) & (at[..., 1].abs() < draw(40.0, 80.0))
    image = F.grid_sample(series[None], unit, padding_mode="border", align_corners=False)[0]
    if not as_gd and draw() < 0.5:
        angle = draw(0.0, 2 * math.pi)
        along = math.cos(angle) * line[:, None] + math.sin(angle) * line
        image = image * torch.exp(draw(0.0, 0.5) * torch.tanh(along / 70))
    fine = F.one_hot(one["label"].long(), len(Label)).movedim(-1, 0).float()
    shares = F.grid_sample(fine[None], unit, padding_mode="border", align_corners=False)[0]
    scaled = scale_intensity(image.masked_fill(~seen, torch.nan)[None])[0]
    return {"image": scaled, "label": hide(shares, ~seen)}


def _window(series: Tensor, draw: Callable[[float, float], float]) -> Tensor:
    """48 frames from one of the first on; in some the later ones are missing and the last is held, as in the bundle."""
    first = int(draw(0.0, 6.0))
    last = int(draw(20.0, N_FRAMES - 2)) if draw(0.0, 1.0) < 0.3 else N_FRAMES - 1
    frames = (first + torch.arange(N_FRAMES).clamp(max=last)).clamp(max=len(series) - 1)
    return series[frames]


def _turn(draw: Callable[[float, float], float]) -> Tensor:
    """From offsets as seen to those in the picture, 2 x 2: by right angles, or by any and stretched; some mirrored."""
    freely = draw(0.0, 1.0) < 0.5
    angle = draw(-math.pi, math.pi) if freely else 0.5 * math.pi * int(draw(0.0, 4.0))
    scale = math.exp(draw(-STRETCH, STRETCH)) if freely else 1.0
    mirror = -1.0 if draw(0.0, 1.0) < 0.3 else 1.0
    sine, cosine = math.sin(angle), math.cos(angle)
    return torch.tensor([[cosine, -sine * mirror], [sine, cosine * mirror]]) / scale
