"""Fitting curves to a table of model curves whose amplitude is free.

Every entry's best amplitude is analytic, so a table over the shapes alone replaces one over all parameters. Not
the single best entry but all entries' posterior weights give each parameter: that refines between entries, and is an
uncertainty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from operators.series import FloatArray

RANK = 8
"""A table's curves lie in so many dimensions to far below the noise."""
CHUNK = 1024
"""Pixels at a time: what stays in the processor's cache counts more than their number."""
QUIETEST = 0.005
"""Noise is taken to be at least this [mmol/L]: no model is better."""


@dataclass(frozen=True)
class Prior:
    """Log-normal prior of a parameter."""

    name: str
    mean: float
    """Median, in the parameter's unit."""
    spread: float
    """SD of the logarithm."""


@dataclass(frozen=True)
class Table:
    """Model curves by entry, with what amplitude 1 means."""

    curves: FloatArray
    """Shape (entry, time) [mmol/L]."""
    flow: FloatArray
    """MBF at amplitude 1 [mL/min/g], shape (entry,)."""
    parameters: Mapping[str, FloatArray]
    """By name with unit, at amplitude 1, shape (entry,) each."""
    priors: tuple[Prior, ...]
    scales: bool = True
    """Whether the parameters grow with the amplitude as the flow does."""


@dataclass(frozen=True)
class Fit:
    """Of a set of curves."""

    flow: FloatArray
    """MBF [mL/min/g], shape (curve,)."""
    flow_sd: FloatArray
    """Its posterior SD [mL/min/g], shape (curve,)."""
    parameters: dict[str, FloatArray]
    """Shape (curve,) each."""
    residual: FloatArray
    """RMS of what the best entry leaves [mmol/L], shape (curve,)."""


def fit(curves: FloatArray, table: Table, noise: float) -> Fit:
    """Posterior mean of flow and parameters.

    With amplitude A and its noise-free optimum, the priors' pull on log A is taken to second order (one Newton step).

    Args:
        curves: tissue Gd above its baseline [mmol/L], shape (curve, time).
        table: of the same times.
        noise: SD of a sample [mmol/L].
    """
    prepared = _Prepared(table, max(noise, QUIETEST))
    parts = [prepared.fit(torch.from_numpy(curves[k : k + CHUNK])) for k in range(0, max(len(curves), 1), CHUNK)]
    joined = [torch.cat(part).numpy().astype(np.float64) for part in zip(*parts, strict=True)]
    flow, flow_sd, residual, *parameters = joined
    return Fit(flow, flow_sd, dict(zip(table.parameters, parameters, strict=True)), residual)


class _Prepared:
    """A table in its own basis, ready for many curves."""

    def __init__(self, table: Table, noise: float) -> None:
        # Eigenvectors of the small (time, time) matrix: the long one's singular vectors, at a fraction of the cost.
        basis = np.linalg.eigh(table.curves.T @ table.curves)[1][:, -RANK:]
        self.basis = _tensor(basis)
        self.coordinates = _tensor(table.curves @ basis)
        self.norm = self.coordinates.square().sum(1)
        self.noise = noise
        self.log_flow = _tensor(np.log(table.flow))
        self.parameters = [_tensor(np.log(np.maximum(values, 1e-9))) for values in table.parameters.values()]
        self.scales = table.scales
        weights = [prior.spread**-2 for prior in table.priors]
        offsets = [np.log(table.parameters[prior.name]) - np.log(prior.mean) for prior in table.priors]
        entries = len(table.flow)
        # Sum over priors of w (l + o)^2 / 2 = (W l^2 + 2 B l + C) / 2 with l = log A.
        self.w = float(sum(weights))
        self.b = _tensor(sum((w * o for w, o in zip(weights, offsets, strict=True)), np.zeros(entries)))
        self.c = _tensor(sum((w * o**2 for w, o in zip(weights, offsets, strict=True)), np.zeros(entries)))

    def fit(self, curves: torch.Tensor) -> tuple[torch.Tensor, ...]:
        curves = curves.float()
        mine = curves @ self.basis
        product = mine @ self.coordinates.T
        energy = curves.square().sum(1)
        amplitude = (product / self.norm).clamp_min(1e-6)
        cost = (amplitude * (amplitude * self.norm - 2 * product)).div_(2 * self.noise**2)
        log_amplitude = amplitude.log()
        if self.w:
            gradient = self.w * log_amplitude + self.b
            curvature = amplitude.square().mul_(self.norm).div_(self.noise**2).add_(self.w)
            cost += (log_amplitude * (self.w * log_amplitude + 2 * self.b) + self.c) / 2
            cost -= gradient.square() / (2 * curvature)
            log_amplitude -= (gradient / curvature).clamp_(-1, 1)
        weights = torch.softmax(-cost, dim=1)
        log_flow = log_amplitude + self.log_flow
        mean = (weights * log_flow).sum(1)
        spread = (weights * (log_flow - mean[:, None]).square()).sum(1).sqrt()
        best = cost.argmin(1, keepdim=True)
        a, p, n = (x.gather(1, best)[:, 0] for x in (amplitude, product, self.norm.expand_as(cost)))
        residual = ((energy + a * (a * n - 2 * p)).clamp_min(0) / curves.shape[1]).sqrt()
        scale = (weights * log_amplitude).sum(1) if self.scales else torch.zeros_like(mean)
        parameters = [(scale + weights @ values).exp() for values in self.parameters]
        # What remains at the clamp of the amplitude is no enhancement at all.
        flow = torch.where(energy > 0, mean.exp(), torch.zeros_like(mean))
        return flow, flow * spread, residual, *parameters


def _tensor(values: FloatArray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
