"""Frozen populations stay what they were."""

from __future__ import annotations

import itertools

import pytest
import torch

from perf_app.phantom import frozen
from perf_app.phantom.frozen import FrozenSlices, fingerprint

POPULATIONS = (frozen.VALIDATION, frozen.PLAUSIBLE_SLICES, frozen.HARD)
# In this version. Where they have changed, the simulation has: raise the version and measure again.
VERSION = 6
PRINTS = {
    "validation": {
        "BACKGROUND": 0.93627,
        "LV_CAVITY": 0.025009,
        "MYOCARDIUM": 0.019863,
        "RV": 0.018861,
        "mean": 0.050687,
        "SD": 0.14357,
    },
    "plausible": {
        "BACKGROUND": 0.93999,
        "LV_CAVITY": 0.021727,
        "MYOCARDIUM": 0.019077,
        "RV": 0.019208,
        "mean": 0.070165,
        "SD": 0.19268,
    },
    "wild": {
        "BACKGROUND": 0.88364,
        "LV_CAVITY": 0.024516,
        "MYOCARDIUM": 0.031643,
        "RV": 0.060196,
        "mean": 0.23968,
        "SD": 0.20337,
    },
}


def test_the_same_patients_each_time_and_others_in_each_population() -> None:
    first, again = (next(frozen.HARD.patients(1)) for _ in range(2))
    assert torch.equal(first[0].image, again[0].image)
    images = [next(population.patients(1))[0].image for population in POPULATIONS]
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(images, 2))


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda population: population.name)
def test_version_tells_that_the_patients_have_changed(population: FrozenSlices) -> None:
    assert frozen.GENERATOR_VERSION == VERSION
    assert fingerprint(population) == pytest.approx(PRINTS[population.name], rel=0.01)


def test_test_population_is_the_papers_protocol() -> None:
    patients = list(frozen.TEST.patients())
    assert sum(3 * len(patient.states) for patient in patients) == 600
    assert {patient.field_strength_t for patient in patients} == {1.5, 3.0}
    assert len({patient.seed for patient in patients}) == 100
