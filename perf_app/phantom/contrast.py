"""Gd in every tissue over time: blood by the bolus, tissue by blood-tissue exchange."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from operators.series import State
from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.bolus import blood_curves, convolve, gamma_density, time_grid
from perf_app.phantom.capillary import Exchange, solve
from perf_app.phantom.patient import DigitalPatient

STEP = 0.1
"""Of the time grid [s]."""
BEFORE = 8.0
"""Begin of the time grid before the first saturation-recovery frame [s]."""
FIRST_PASS = 30.0
"""After its arrival in the right ventricle, the bolus has passed the left one [s]."""
N_FLOWS = 60
"""Myocardial curves, equally spaced in flow; between them curves are interpolated."""


@dataclass(frozen=True, slots=True)
class Organ:
    """A perfused tissue other than the left ventricle's wall; mL/min/g, mL/g, s."""

    flow: float
    permeability: float
    plasma_volume: float
    interstitial_volume: float
    delay: float


ORGANS = {
    Tissue.FAT: Organ(0.03, 0.05, 0.01, 0.08, 2.0),
    Tissue.CHEST_WALL: Organ(0.06, 0.1, 0.02, 0.12, 2.0),
    Tissue.LIVER: Organ(0.7, 3.0, 0.15, 0.25, 5.0),
    Tissue.RV_WALL: Organ(0.7, 0.8, 0.04, 0.20, 0.6),
}
# Adenosine switches the spleen's flow off (Manisty et al., Radiology 2015;276:400).
SPLEEN = {State.STRESS: Organ(0.4, 1.0, 0.1, 0.2, 1.5), State.REST: Organ(1.6, 1.0, 0.1, 0.2, 1.5)}


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Concentrations [mmol/L] on one time grid, float64."""

    times: Tensor
    """[s], shape (time,)."""
    tissues: Tensor
    """By `Tissue`; the myocardium's is left at zero; shape (tissue, time)."""
    flows: Tensor
    """Of the myocardial curves [mL/min/g], equally spaced, shape (flow,)."""
    myocardium: Tensor
    """Shape (flow, time)."""

    @property
    def aif(self) -> Tensor:
        """Whole-blood Gd in the left ventricle, shape (time,)."""
        return self.tissues[Tissue.LV_BLOOD]


def follow_contrast(patient: DigitalPatient, state: State, duration: float, highest_flow: float) -> Contrast:
    """All curves of one injection.

    Args:
        patient: whose.
        state: stress or rest.
        duration: until when [s].
        highest_flow: of the myocardium [mL/min/g].
    """
    physiology = patient.states[state]
    # The first pass sets the scale of the curves, whether it is filmed to its end or not.
    times = time_grid(-BEFORE, max(duration, physiology.bolus.arrival + FIRST_PASS), STEP)
    right, left = blood_curves(physiology.bolus, times)
    curves = torch.zeros(len(Tissue), len(times), dtype=torch.float64)
    curves[Tissue.RV_BLOOD], curves[Tissue.LV_BLOOD] = right, left
    since = times - times[0]
    curves[Tissue.AORTA] = convolve(left, gamma_density(since, 1.2, 6.0), STEP)
    half_way = convolve(right, gamma_density(since, 0.5 * physiology.bolus.lung_transit, 5.0), STEP)
    curves[Tissue.VESSEL], curves[Tissue.LUNG] = half_way, 0.25 * half_way

    organs = {**ORGANS, Tissue.SPLEEN: SPLEEN[state]}
    uptake = _perfuse(left, patient.hematocrit, list(organs.values()))
    for row, (tissue, organ) in zip(uptake, organs.items(), strict=True):
        curves[tissue] = _delayed(row, organ.delay)
    flows = torch.linspace(0, highest_flow, N_FLOWS, dtype=torch.float64)
    muscle = [
        Organ(float(f), physiology.permeability, patient.plasma_volume, patient.interstitial_volume, patient.delay)
        for f in flows
    ]
    return Contrast(times, curves, flows, _delayed(_perfuse(left, patient.hematocrit, muscle), patient.delay))


def _perfuse(aif: Tensor, hematocrit: float, organs: list[Organ]) -> Tensor:
    """Gd content of organs, without their delay, shape (organ, time)."""
    flow, ps, vp, vi = (
        torch.tensor([getattr(organ, name) for organ in organs], dtype=torch.float64)
        for name in ("flow", "permeability", "plasma_volume", "interstitial_volume")
    )
    return solve(aif / (1 - hematocrit), STEP, Exchange(flow * (1 - hematocrit), ps, vp, vi)).content


def _delayed(curves: Tensor, delay: float) -> Tensor:
    """Curves (…, time) that come `delay` [s] later, by linear interpolation."""
    whole = int(delay / STEP)
    part = delay / STEP - whole
    padded = torch.nn.functional.pad(curves, (whole + 1, 0))
    return torch.lerp(padded[..., 1 : 1 + curves.shape[-1]], padded[..., : curves.shape[-1]], part)


def at_times(curves: Tensor, grid: Tensor, times: Tensor) -> Tensor:
    """Curves (…, grid) at other times, by linear interpolation, shape (…, *times)."""
    position = ((times - grid[0]) / (grid[1] - grid[0])).clamp(0, len(grid) - 1.001)
    below = position.long()
    return torch.lerp(curves[..., below], curves[..., below + 1], position - below)
