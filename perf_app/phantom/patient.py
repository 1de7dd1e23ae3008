"""A digital patient: everything that makes one differ from another, apart from what its seed draws."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from operators.series import State
from perf_app.phantom.bolus import Bolus
from perf_app.phantom.rhythm import Rhythm
from perf_app.phantom.territories import Territory


@dataclass(frozen=True, slots=True)
class Defect:
    """A territory with too little flow."""

    territory: Territory
    flow_share: Mapping[State, float]
    """Share of the normal flow that is left at stress and at rest."""
    transmurality: float
    """How much of the wall is concerned, from the endocardium, 0 to 1."""
    delay: float = 0.0
    """By which blood comes later to the whole territory than to the rest of the wall [s]."""


@dataclass(frozen=True, slots=True)
class Physiology:
    """One haemodynamic state."""

    flow: float
    """MBF of healthy myocardium, mean over the wall [mL/min/g]."""
    endo_over_epi: float
    """Ratio of MBF at the endocardium to that at the epicardium."""
    permeability: float
    """PS [mL/min/g]."""
    bolus: Bolus
    rhythm: Rhythm
    breathing_mm: float
    """Of the heart in the plane; 0: breath held."""
    breathing_period: float
    """[s]"""


@dataclass(frozen=True, slots=True)
class DigitalPatient:
    """What is known of a digital patient. `seed` draws all that isn't listed: anatomy, beats, noise."""

    seed: int
    states: Mapping[State, Physiology]
    """Stress, rest, or both."""
    field_strength_t: float = 1.5
    """1.5 or 3."""
    hematocrit: float = 0.42
    plasma_volume: float = 0.045
    """Vp of myocardium [mL/g]."""
    interstitial_volume: float = 0.22
    """Vi of myocardium [mL/g]."""
    delay: float = 0.4
    """From the left ventricle to the myocardium, outside a late territory [s]."""
    heterogeneity: float = 0.05
    """SD of healthy MBF from place to place, as a share of it."""
    defect: Defect | None = None
    noise_mmol_per_l: float = 0.020
    """SD of myocardial Gd before the bolus, as a conversion of the pictures would find it."""
    tilt: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Rotation of the slices from the usual short axis, axis times angle [rad]."""
    slice_gap_mm: float = 18.0
    """Between the middles of two slices."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """Ranges of one state."""

    flow: tuple[float, float]
    endo_over_epi: tuple[float, float]
    permeability: tuple[float, float]
    peak: tuple[float, float]
    heart_rate: tuple[float, float]
    arrival: tuple[float, float]
    rise: tuple[float, float]
    lung_transit: tuple[float, float]
    breathing_mm: tuple[float, float]


RANGES = {
    State.STRESS: _Usual(
        flow=(1.5, 4.0),
        endo_over_epi=(0.90, 1.10),
        permeability=(0.8, 1.4),
        peak=(3.5, 4.4),
        heart_rate=(82.0, 102.0),
        arrival=(5.0, 7.0),
        rise=(1.4, 2.4),
        lung_transit=(3.4, 4.8),
        breathing_mm=(3.0, 12.0),
    ),
    State.REST: _Usual(
        flow=(0.5, 1.3),
        endo_over_epi=(1.05, 1.25),
        permeability=(0.7, 1.2),
        peak=(4.4, 5.2),
        heart_rate=(58.0, 78.0),
        arrival=(6.0, 9.0),
        rise=(1.6, 2.8),
        lung_transit=(4.4, 6.4),
        breathing_mm=(2.0, 9.0),
    ),
}


def draw_patient(seed: int, *, field_strength_t: float | None = None, ischemia: bool | None = None) -> DigitalPatient:
    """A plausible patient from a seed.

    Args:
        seed: same seed, same patient.
        field_strength_t: 1.5 or 3 T; None: drawn.
        ischemia: whether a territory has a defect; None: drawn, in 40 %.
    """
    draw = random.Random(seed)
    states = {state: _physiology(draw, usual) for state, usual in RANGES.items()}
    patient = DigitalPatient(
        seed=seed,
        states=states,
        field_strength_t=draw.choice((1.5, 3.0)),
        plasma_volume=draw.uniform(0.035, 0.055),
        interstitial_volume=draw.uniform(0.17, 0.28),
        delay=draw.uniform(0.2, 0.7),
        heterogeneity=draw.uniform(0.03, 0.08),
        noise_mmol_per_l=draw.uniform(0.016, 0.023),
        tilt=(draw.uniform(-0.2, 0.2), draw.uniform(-0.2, 0.2), draw.uniform(-0.2, 0.2)),
        slice_gap_mm=draw.uniform(15.0, 20.0),
    )
    drawn = draw.random() < 0.4
    defect = _defect(draw)
    if field_strength_t is not None:
        patient = replace(patient, field_strength_t=field_strength_t)
    return replace(patient, defect=defect) if (drawn if ischemia is None else ischemia) else patient


def _physiology(draw: random.Random, usual: _Usual) -> Physiology:
    def between(limits: tuple[float, float]) -> float:
        return draw.uniform(*limits)

    bolus = Bolus(
        arrival=between(usual.arrival),
        rise=between(usual.rise),
        steepness=draw.uniform(2.5, 4.0),
        lung_transit=between(usual.lung_transit),
        peak=between(usual.peak),
        body_transit=draw.uniform(13.0, 19.0),
        recirculated=draw.uniform(0.5, 0.75),
    )
    return Physiology(
        flow=between(usual.flow),
        endo_over_epi=between(usual.endo_over_epi),
        permeability=between(usual.permeability),
        bolus=bolus,
        rhythm=Rhythm(between(usual.heart_rate)),
        breathing_mm=between(usual.breathing_mm),
        breathing_period=draw.uniform(3.8, 5.5),
    )


def _defect(draw: random.Random) -> Defect:
    territory: Territory = draw.choice(("LAD", "RCA", "LCx"))
    shares = {State.STRESS: draw.uniform(0.3, 0.7), State.REST: draw.uniform(0.85, 1.0)}
    return Defect(territory, shares, draw.uniform(0.5, 1.0))
