"""Populations that no training ever draws from: fixed seeds, one generator version, the same patients each time.

`VALIDATION` watches a training, `PLAUSIBLE_SLICES` and `HARD` are drawn as fast as training samples, and `TEST` is
simulated physically (k-space, coils, breathing): 100 patients, stress and rest, three slices, 1.5 and 3 T, 1.9 mm,
R = 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from operators.series import Label
from perf_app.phantom.patient import DigitalPatient, draw_patient
from perf_app.phantom.population import PLAUSIBLE, TURNED, WILD, Population
from perf_app.phantom.training import TrainingPatch, draw_patches

GENERATOR_VERSION = 6
"""Raised whenever a change of the simulation gives these populations other patients: figures of two versions differ."""


@dataclass(frozen=True, slots=True)
class FrozenSlices:
    """Patients of the training's own generator."""

    name: str
    ranges: Population
    seed: int
    n_patients: int
    size: int = 208
    """Rows and columns [mm], wider than the network sees: the heart has to be found."""

    def patients(self, n_patients: int | None = None) -> Iterator[list[TrainingPatch]]:
        """The three slices of each of the first patients, all by default."""
        generator = torch.Generator().manual_seed(self.seed)
        for _ in range(self.n_patients if n_patients is None else n_patients):
            yield draw_patches(1, self.size, generator, self.ranges)


@dataclass(frozen=True, slots=True)
class FrozenScans:
    """Patients to be scanned physically, with anatomies that training's ranges only enclose, by the scanner of
    `perf_app.phantom.scanned`."""

    name: str
    first_seed: int
    n_patients: int

    def patients(self, n_patients: int | None = None) -> Iterator[DigitalPatient]:
        """The first patients, all by default."""
        count = self.n_patients if n_patients is None else n_patients
        for seed in range(self.first_seed, self.first_seed + count):
            yield draw_patient(seed)


VALIDATION = FrozenSlices("validation", TURNED, 900_003, 16)
PLAUSIBLE_SLICES = FrozenSlices("plausible", PLAUSIBLE, 900_001, 40)
HARD = FrozenSlices("wild", WILD, 900_002, 40)
TEST = FrozenScans("whole chain", 900_100, 100)


def fingerprint(population: FrozenSlices) -> dict[str, float]:
    """Of the first patient: share of the pixels that each structure covers, and the images' mean and SD.

    Another generator gives another patient.
    """
    patches = next(population.patients(1))
    labels: Tensor = torch.cat([patch.label for patch in patches])
    images: Tensor = torch.stack([patch.image for patch in patches])
    shares = {label.name: float((labels == label).float().mean()) for label in Label}
    return {**shares, "mean": float(images.mean()), "SD": float(images.std())}
