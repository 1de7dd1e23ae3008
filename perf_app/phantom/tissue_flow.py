"""How much blood each place of the myocardium gets."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from operators.series import State
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.territories import membership

EDGE = math.radians(12)
"""Width of a territory's edge."""
DEPTH_EDGE = 0.2
"""Width of a defect's edge within the wall, as a share of it."""
LEAST, MOST = 0.02, 6.0


def myocardial_flow(
    patient: DigitalPatient, state: State, angle: Tensor, depth: Tensor, generator: torch.Generator
) -> Tensor:
    """MBF at each place, as if it were myocardium.

    Args:
        patient: whose.
        state: stress or rest.
        angle: from mid-septum, positive towards anterior [rad], shape (slice, row, col), basal to apical.
        depth: 0 at the endocardium to 1 at the epicardium, same shape.
        generator: of the heterogeneity, on the tensors' device.

    Returns:
        [mL/min/g], same shape.
    """
    physiology = patient.states[state]
    ratio = physiology.endo_over_epi
    layers = 2 / (1 + ratio) * (ratio + (1 - ratio) * depth)
    flow = physiology.flow * layers * (1 + patient.heterogeneity * _patchiness(angle, depth, generator))
    if patient.defect is not None:
        defect = patient.defect
        part = territory_share(patient, angle) * ((defect.transmurality - depth) / DEPTH_EDGE + 0.5).clamp(0, 1)
        flow = flow * (1 - part * (1 - defect.flow_share[state]))
    return flow.clamp(LEAST, MOST)


def territory_share(patient: DigitalPatient, angle: Tensor) -> Tensor:
    """How much of each place belongs to the defect's territory, 0 to 1; arguments and shape as of `myocardial_flow`."""
    if patient.defect is None:
        return torch.zeros_like(angle)
    return membership(angle, patient.defect.territory, EDGE)


def _patchiness(angle: Tensor, depth: Tensor, generator: torch.Generator) -> Tensor:
    """Waves along the wall and across it, zero mean and about unit variance, different in each slice."""
    orders = range(1, 6)
    shape = (len(orders), 3, len(angle), 1, 1)
    cosine, sine, turn = torch.randn(shape, generator=generator, device=angle.device).unbind(1)
    total = torch.zeros_like(angle)
    for k, order in enumerate(orders):
        phase = order * angle + turn[k] * depth
        total = total + cosine[k] * phase.cos() + sine[k] * phase.sin()
    return (total / math.sqrt(len(orders))).clamp(-2.5, 2.5)
