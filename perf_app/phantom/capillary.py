"""Blood-tissue exchange in a capillary and its interstitium, solved in space and time.

    dCp/dt = -(F L / Vp) dCp/dx + Dp d2Cp/dx2 + (PS / Vp) (Ci - Cp),   dCi/dt = (PS / Vi) (Cp - Ci)

with plasma at Cin = AIF / (1 - Hct) entering at x = 0 (Bassingthwaighte, Wang and Chan, Circ Res 1989;65:997). Finite
volumes along the capillary, second order upwind (Fromm); the linear system they leave is integrated exactly for an
inflow that is straight between samples, by one matrix exponential a parameter set. Nothing here is shared with the flow
models that are tested on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LENGTH = 0.1
"""Of the capillary, L [cm]."""
DIFFUSION = 1e-5
"""Of Gd along the plasma, Dp [cm2/s]."""
N_CELLS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """Parameters of tissues, shape (tissue,) each."""

    plasma_flow: Tensor
    """F = MBF (1 - Hct) [mL/min/g]."""
    permeability: Tensor
    """PS [mL/min/g]."""
    plasma_volume: Tensor
    """Vp [mL/g]."""
    interstitial_volume: Tensor
    """Vi [mL/g]."""


@dataclass(frozen=True, slots=True, eq=False)
class Uptake:
    """What becomes of the inflow, shape (tissue, time) each."""

    content: Tensor
    """Gd in plasma and interstitium [mmol/L of tissue, whose density is taken as 1 g/mL]."""
    left: Tensor
    """What has left through the venous end [the same unit]: F times the integral of Cout."""


def solve(inflow: Tensor, step: float, exchange: Exchange, n_cells: int = N_CELLS) -> Uptake:
    """Follow an inflow through capillaries.

    Args:
        inflow: plasma concentration at the entrance [mmol/L], zero at the first sample, shape (time,).
        step: time between samples [s].
        exchange: parameters.
        n_cells: finite volumes along the capillary.
    """
    system, source = _system(exchange, n_cells)
    transition, now, change = _integrate(system, source, step)
    inflow = inflow.to(system)
    state = system.new_zeros(len(system), 2 * n_cells + 1, 1)
    states = [state[..., 0]]
    for sample, difference in zip(inflow[:-1], inflow.diff(), strict=True):
        state = transition @ state + now * sample + change * difference
        states.append(state[..., 0])
    history = torch.stack(states, -1)
    plasma, interstitium = history[:, :n_cells].mean(1), history[:, n_cells:-1].mean(1)
    content = exchange.plasma_volume[:, None] * plasma + exchange.interstitial_volume[:, None] * interstitium
    return Uptake(content, history[:, -1])


def _system(exchange: Exchange, n: int) -> tuple[Tensor, Tensor]:
    """Matrix (tissue, 2 n + 1, 2 n + 1) and source (tissue, 2 n + 1, 1) of the state: Cp and Ci of each cell, and what
    left; rates in 1/s."""
    flow, vp = (x.double()[:, None, None] for x in (exchange.plasma_flow, exchange.plasma_volume))
    ps, vi = (x.double()[:, None, None] for x in (exchange.permeability, exchange.interstitial_volume))
    flow, ps = flow / 60, ps / 60
    faces, inlet = _face_values(n, flow.device)
    along = flow / vp * n
    system = flow.new_zeros(len(flow), 2 * n + 1, 2 * n + 1)
    source = flow.new_zeros(len(flow), 2 * n + 1, 1)
    plasma, interstitium = slice(0, n), slice(n, 2 * n)
    one = torch.eye(n, dtype=flow.dtype, device=flow.device)
    system[:, plasma, plasma] = along * (faces[:-1] - faces[1:]) + _diffusion(n, flow.device) - ps / vp * one
    system[:, plasma, interstitium] = ps / vp * one
    system[:, interstitium, plasma] = ps / vi * one
    system[:, interstitium, interstitium] = -ps / vi * one
    system[:, -1:, plasma] = flow * faces[-1:]
    source[:, plasma] = along * (inlet[:-1] - inlet[1:])
    source[:, -1:] = flow * inlet[-1:]
    return system, source


def _face_values(n: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Concentration at the n + 1 faces as combination of the cells' (n + 1, n) and of the inflow's (n + 1, 1)."""
    faces = torch.zeros(n + 1, n, dtype=torch.float64, device=device)
    inlet = torch.zeros(n + 1, 1, dtype=torch.float64, device=device)
    inlet[0] = 1
    for cell in range(n):
        faces[cell + 1, cell] = 1
    for cell in range(1, n - 1):
        faces[cell + 1, cell + 1], faces[cell + 1, cell - 1] = 0.25, -0.25
    # The first cell's slope is taken from the inlet, half a cell away, the last one's from its neighbour.
    faces[1, 1], inlet[1] = 1 / 3, -1 / 3
    faces[n, n - 1], faces[n, n - 2] = 1.5, -0.5
    return faces, inlet


def _diffusion(n: int, device: torch.device) -> Tensor:
    """Rates of exchange between neighbouring cells, closed ends, shape (n, n)."""
    between = torch.full((n - 1,), DIFFUSION * (n / LENGTH) ** 2, dtype=torch.float64, device=device)
    rates = torch.diag(between, 1) + torch.diag(between, -1)
    return rates - torch.diag(rates.sum(1))


def _integrate(system: Tensor, source: Tensor, step: float) -> tuple[Tensor, Tensor, Tensor]:
    """Exact step for an inflow that is straight between samples: of the state, of the inflow, of its change."""
    size = system.shape[-1]
    generator = system.new_zeros(len(system), size + 2, size + 2)
    generator[:, :size, :size] = system * step
    generator[:, :size, size : size + 1] = source * step
    generator[:, size, size + 1] = 1
    exponential = torch.linalg.matrix_exp(generator)
    return exponential[:, :size, :size], exponential[:, :size, size:-1], exponential[:, :size, -1:]
