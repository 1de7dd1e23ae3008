"""Fitting curves to a table of model curves whose amplitude is free.

Every entry's best amplitude is analytic, so a table over the curves' shapes alone replaces one over all parameters. The
best entry by least squares and prior is then refined by one Gauss-Newton step, so that the grid leaves no steps in a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from operators.series import FloatArray

RANK = 10
"""A table's curves lie in so many dimensions to far below the noise."""
CHUNK = 512
"""Pixels at a time: what stays in the processor's cache counts more than their number."""
_SMALLEST = 1e-6
"""Amplitude below which a curve is none."""


@dataclass(frozen=True)
class Parameter:
    """What is reported: linear, or its logarithm, in the log amplitude and the coordinates of the table's axes."""

    name: str
    """With the unit at its end."""
    weights: tuple[float, ...]
    """Of the log amplitude and of each axis."""
    offset: float = 0.0
    """Added to their sum."""
    prior: tuple[float, float] | None = None
    """Mean and SD of a normal prior on that sum."""
    logarithmic: bool = True
    """Whether the sum is the parameter's logarithm."""


@dataclass(frozen=True)
class Table:
    """Model curves on a grid of shapes, at amplitude 1."""

    curves: FloatArray
    """Shape (axis 1, ..., axis n, time) [mmol/L]."""
    axes: tuple[FloatArray, ...]
    """Coordinates along each axis, equally spaced."""
    parameters: tuple[Parameter, ...]
    """The first is the flow [mL/min/g]."""


@dataclass(frozen=True)
class Fit:
    """Of a set of curves."""

    parameters: dict[str, FloatArray]
    """By name, shape (curve,) each."""
    flow_sd: FloatArray
    """Posterior SD of the flow [mL/min/g], shape (curve,)."""
    residual: FloatArray
    """RMS of what the model leaves [mmol/L], shape (curve,)."""
    cost: FloatArray
    """Minus the log posterior, but for a constant, shape (curve,)."""


class Fitter:
    """A table in its own basis, ready for many curves.

    Args:
        table: of the curves' own times.
        noise: SD of a sample [mmol/L].
    """

    def __init__(self, table: Table, noise: float) -> None:
        self.parameters = table.parameters
        self.noise = noise
        shape = table.curves.shape[:-1]
        flat = table.curves.reshape(-1, table.curves.shape[-1])
        basis = np.linalg.eigh(flat.T @ flat)[1][:, : -RANK - 1 : -1]
        grid = (flat @ basis).reshape(*shape, -1)
        steps = [float(axis[1] - axis[0]) for axis in table.axes]
        slopes = np.stack(np.gradient(grid, *steps, axis=tuple(range(len(shape))), edge_order=2), axis=-2)
        coordinates = np.stack(np.meshgrid(*table.axes, indexing="ij"), axis=-1)

        self.basis = _tensor(basis)
        self.curves = _tensor(grid.reshape(len(flat), -1))
        self.slopes = _tensor(slopes.reshape(len(flat), len(shape), -1))
        self.norm = self.curves.square().sum(1)
        self.coordinates = _tensor(coordinates.reshape(len(flat), -1))
        self.lowest, self.highest = self.coordinates.amin(0), self.coordinates.amax(0)
        self.steps = _tensor(np.array(steps))
        self.weights = _tensor(np.array([p.weights for p in table.parameters]))
        self.offsets = _tensor(np.array([p.offset for p in table.parameters]))
        priors = [(0.0, np.inf) if p.prior is None else p.prior for p in table.parameters]
        self.expected = _tensor(np.array([mean for mean, _ in priors]))
        self.precision = _tensor(np.array([spread**-2 for _, spread in priors]))

    def fit(self, curves: FloatArray) -> Fit:
        """Posterior mode of the parameters of curves above their baseline [mmol/L], shape (curve, time)."""
        parts = [self._fit(torch.from_numpy(curves[k : k + CHUNK]).float()) for k in range(0, len(curves), CHUNK)]
        sums, flow_sd, residual, cost = (torch.cat(part).numpy().astype(np.float64) for part in zip(*parts, strict=True))
        parameters = {
            parameter.name: np.exp(sums[:, k]) if parameter.logarithmic else sums[:, k]
            for k, parameter in enumerate(self.parameters)
        }
        return Fit(parameters, flow_sd, residual, cost)

    def _fit(self, curves: torch.Tensor) -> tuple[torch.Tensor, ...]:
        mine = curves @ self.basis
        outside = (curves.square().sum(1) - mine.square().sum(1)).clamp_min(0)
        entry, log_amplitude = self._best_entry(mine)
        x, hessian, residual = self._refined(mine, entry, log_amplitude)
        squares = residual.square().sum(1) + outside
        sums = x @ self.weights.T + self.offsets
        prior = (sums - self.expected).square() @ self.precision
        cost = squares / (2 * self.noise**2) + prior / 2
        of_flow = self.weights[0].expand(len(x), -1)
        variance = (torch.linalg.solve(hessian, of_flow) * of_flow).sum(1).clamp_min(0)
        return sums, sums[:, 0].exp() * variance.sqrt(), (squares / curves.shape[1]).sqrt(), cost

    def _best_entry(self, mine: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Entry of the highest posterior and the logarithm of its amplitude, for curves in the basis.

        The prior's pull on the amplitude is taken to second order: one Newton step from the least-squares one.
        """
        product = mine @ self.curves.T
        amplitude = (product / self.norm).clamp_min_(_SMALLEST)
        cost = (amplitude * self.norm).sub_(product, alpha=2).mul_(amplitude).mul_(0.5 / self.noise**2)
        # Sum over priors of w (a l + o)^2 / 2 = (W l^2 + 2 B l + C) / 2, with l = log amplitude.
        off = self.coordinates @ self.weights[:, 1:].T + self.offsets - self.expected
        on_amplitude = self.precision * self.weights[:, 0]
        w = on_amplitude @ self.weights[:, 0] + 1e-9
        b, c = off @ on_amplitude, off.square() @ self.precision
        log_amplitude = amplitude.log()
        curvature = amplitude.square_().mul_(self.norm / self.noise**2).add_(w)
        gradient = (w * log_amplitude).add_(b)
        cost.add_((gradient + b).mul_(log_amplitude).add_(c), alpha=0.5)
        cost.addcmul_(gradient, gradient / curvature, value=-0.5)
        entry = cost.argmin(1)
        rows = torch.arange(len(entry))
        return entry, log_amplitude[rows, entry] - (gradient / curvature)[rows, entry].clamp(-1, 1)

    def _refined(
        self, mine: torch.Tensor, entry: torch.Tensor, log_amplitude: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One Gauss-Newton step off the entry, not beyond its neighbours.

        Returns:
            Log amplitude and coordinates, the Hessian there, and what the stepped model leaves, in the basis.
        """
        x = torch.cat([log_amplitude[:, None], self.coordinates[entry]], dim=1)
        amplitude = log_amplitude.exp()[:, None]
        model = amplitude * self.curves[entry]
        slopes = torch.cat([model[:, None], amplitude[..., None] * self.slopes[entry]], dim=1)
        weighted = self.weights * self.precision[:, None]
        hessian = slopes @ slopes.mT / self.noise**2 + weighted.T @ self.weights
        hessian.diagonal(dim1=1, dim2=2).mul_(1 + 1e-4).add_(1e-6)
        off = x @ self.weights.T + self.offsets - self.expected
        downhill = (slopes @ (mine - model)[..., None])[..., 0] / self.noise**2 - off @ weighted
        limit = torch.cat([torch.ones(1), self.steps])
        step = torch.linalg.solve(hessian, downhill).clamp(-limit, limit)
        step[:, 1:] = torch.minimum(torch.maximum(step[:, 1:], self.lowest - x[:, 1:]), self.highest - x[:, 1:])
        return x + step, hessian, mine - model - (step[:, None] @ slopes)[:, 0]


def _tensor(values: FloatArray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
