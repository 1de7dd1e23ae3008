"""Fitting curves to a table of model curves whose amplitude is free.

Every entry's best amplitude is analytic, so a table over the curves' shapes alone replaces one over all parameters. The
best entry by least squares and prior, of those that are looked at, is then refined by Gauss-Newton steps between the
entries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from operators.device import compute_device
from operators.flow_mapping.interpolation import Interpolant
from operators.series import BoolArray, FloatArray

RANK = 10
"""A table's curves lie in so many dimensions to far below the noise."""
STEPS = 5
"""Of Gauss-Newton after the best entry is found."""
CHUNK = {"cpu": 512, "cuda": 16_384}
"""Pixels at a time: what stays in a processor's cache counts more than their number; a GPU wants many."""
FLOW_PRIOR = (float(np.log(1.5)), 1.0)
"""Of log MBF [mL/min/g], from infarct to hyperaemia: it decides only where a curve says next to nothing."""
WITHIN = 2.0
"""Surroundings are trusted up to so many SD of the priors: where nothing enhances they say nothing."""
FLOW_NEAR = 0.3
"""SD of log MBF about that of a pixel's surroundings: it decides where a pixel itself says little."""
_SMALLEST = 2e-3
"""Least amplitude to begin at: below it a curve is none."""


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
    near: float | None = None
    """SD of that sum about that of a curve's surroundings, where it changes little from place to place."""
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
    stride: int = 1
    """Every so many entries along each axis are looked at; where curves change smoothly, the others are within reach of
    the first step."""


@dataclass(frozen=True)
class Fit:
    """Of a set of curves."""

    parameters: dict[str, FloatArray]
    """By name, shape (curve,) each."""
    flow_sd: FloatArray
    """Posterior SD of the flow [mL/min/g], shape (curve,)."""
    residual: FloatArray
    """What the model leaves [mmol/L], shape (curve, time)."""
    cost: FloatArray
    """Minus the log of the evidence, but for a constant: the posterior integrated over all parameters, by Laplace's
    approximation at its mode; shape (curve,)."""
    sums: torch.Tensor
    """The parameters, or their logarithms where those are fitted, shape (curve, parameter)."""

    def of(self, which: BoolArray) -> Fit:
        """The fit of some of the curves, mask of shape (curve,)."""
        parameters = {name: values[which] for name, values in self.parameters.items()}
        kept = (self.flow_sd[which], self.residual[which], self.cost[which])
        return Fit(parameters, *kept, self.sums[torch.from_numpy(which).to(self.sums.device)])

    @property
    def rms(self) -> FloatArray:
        """Of what the model leaves [mmol/L], shape (curve,)."""
        return np.asarray(np.sqrt(np.mean(self.residual**2, axis=1)))


def noise_of(residual: FloatArray, n_parameters: int) -> float:
    """SD of independent samples that would tell as little as what a fit leaves [mmol/L].

    Fitting took away a degree of freedom for each parameter. Neighbouring samples of a series that was interpolated, or
    that the model doesn't quite describe, go together: for a first-order autoregressive series of correlation r the
    mean of many has the variance (1 + r)/(1 - r) of independent ones.

    Args:
        residual: shape (curve, time).
        n_parameters: of each curve.
    """
    square = float(np.mean(residual**2))
    if square == 0:
        return 0.0
    together = np.clip(float(np.mean(residual[:, 1:] * residual[:, :-1])) / square, 0.0, 0.9)
    samples = residual.shape[1]
    free = samples / max(1, samples - n_parameters)
    return float(np.sqrt(square * free * (1 + together) / (1 - together)))


class Fitter:
    """A table in its own basis, ready for many curves.

    Args:
        table: of the curves' own times.
    """

    def __init__(self, table: Table) -> None:
        self.parameters = table.parameters
        # By torch: numpy's threads would go on waiting, busily, beside those that fit slices.
        flat = torch.from_numpy(table.curves.reshape(-1, table.curves.shape[-1]))
        basis = torch.linalg.eigh(flat.T @ flat)[1][:, -RANK:].flip(1)
        grid = (flat @ basis).reshape(*table.curves.shape[:-1], -1).numpy()
        few = (slice(None, None, table.stride),) * len(table.axes)
        looked_at = grid[few]
        coordinates = np.stack(np.meshgrid(*table.axes, indexing="ij"), axis=-1)[few]

        self.basis = _tensor(basis.numpy())
        self.curves = _tensor(looked_at.reshape(-1, looked_at.shape[-1]))
        self.between = Interpolant(grid, table.axes, self.curves.device)
        self.norm = self.curves.square().sum(1)
        self.coordinates = _tensor(coordinates.reshape(len(self.curves), -1))
        self.lowest, self.highest = (_tensor(np.array([axis[end] for axis in table.axes])) for end in (0, -1))
        self.steps = _tensor(np.array([axis[1] - axis[0] for axis in table.axes]))
        self.weights = _tensor(np.array([p.weights for p in table.parameters]))
        self.offsets = _tensor(np.array([p.offset for p in table.parameters]))
        priors = [(0.0, np.inf) if p.prior is None else p.prior for p in table.parameters]
        self.expected = _tensor(np.array([mean for mean, _ in priors]))
        self.precision = _tensor(np.array([spread**-2 for _, spread in priors]))
        self.near = _tensor(np.array([np.nan if p.near is None else p.near for p in table.parameters])) ** -2
        self.base = self.coordinates @ self.weights[:, 1:].T + self.offsets

    def fit(self, curves: FloatArray, noise: float, starts: int = 1, around: Fit | None = None) -> Fit:
        """Posterior mode of the parameters.

        The refinement begins at the best entry, or at each of the best `starts` entries, and then goes on from the best
        end.

        Args:
            curves: above their baseline [mmol/L], shape (curve, time).
            noise: SD of a sample [mmol/L].
            starts: how many entries to begin at.
            around: a fit of each curve's surroundings, by which parameters with `near` are then expected.
        """
        trust = noise**-2
        expected, precision = self.expected.expand(len(curves), -1), self.precision
        if around is not None:
            far = WITHIN * self.precision.rsqrt()
            there = around.sums.clamp(self.expected - far, self.expected + far)
            local = self.near.isfinite()
            expected, precision = torch.where(local, there, expected), torch.where(local, self.near, precision)
        everything = _tensor(curves)
        chunk = CHUNK[everything.device.type]
        parts = [
            self._fit(everything[k : k + chunk], trust, starts, (expected[k : k + chunk], precision))
            for k in range(0, max(len(curves), 1), chunk)
        ]
        sums, flow_sd, model, cost = (torch.cat(part) for part in zip(*parts, strict=True))
        numbers = sums.cpu().numpy().astype(np.float64)
        parameters = {
            parameter.name: np.exp(numbers[:, k]) if parameter.logarithmic else numbers[:, k]
            for k, parameter in enumerate(self.parameters)
        }
        residual = (everything - model @ self.basis.T).cpu().numpy()
        flow_sds, costs = (values.cpu().numpy().astype(np.float64) for values in (flow_sd, cost))
        return Fit(parameters, flow_sds, residual, costs, sums)

    def _fit(
        self, curves: torch.Tensor, trust: float, starts: int, prior: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, ...]:
        expected, precision = prior
        mine = curves @ self.basis
        # Not a difference of squares: single precision would leave nothing of it that could be compared.
        outside = (curves - mine @ self.basis.T).square().sum(1)
        entries, log_amplitudes = self._best_entries(mine, trust, starts, *prior)
        x = torch.cat([log_amplitudes[..., None], self.coordinates[entries]], dim=-1).flatten(0, 1)
        each = expected.repeat_interleave(starts, 0), precision
        if starts > 1:
            ends, _, _, costs = self._refined(x, mine.repeat_interleave(starts, 0), trust, each)
            x = ends[costs.view(-1, starts).argmin(1) + starts * torch.arange(len(curves), device=curves.device)]
        x, hessian, left, _ = self._refined(x, mine, trust, prior)
        sums = x @ self.weights.T + self.offsets
        pull = (sums - expected).square() @ precision
        cost = (trust * (left.square().sum(1) + outside) + pull) / 2
        cost = cost + torch.linalg.slogdet(hessian).logabsdet / 2
        of_flow = self.weights[0].expand(len(x), -1)
        variance = (torch.linalg.solve(hessian, of_flow) * of_flow).sum(1).clamp_min(0)
        return sums, sums[:, 0].exp() * variance.sqrt(), mine - left, cost

    def _best_entries(
        self, mine: torch.Tensor, trust: float, number: int, expected: torch.Tensor, precision: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Entries of the highest posterior and the logarithms of their amplitudes, shape (curve, number) each.

        The prior's pull on the amplitude is taken to second order: one Newton step from the least-squares one.
        """
        product = mine @ self.curves.T
        amplitude = (product / self.norm).clamp_min_(_SMALLEST)
        cost = (amplitude * self.norm).sub_(product, alpha=2).mul_(amplitude).mul_(0.5 * trust)
        # Sum over priors of w (a l + o)^2 / 2 = (W l^2 + 2 B l + C) / 2, with l = log amplitude.
        on_amplitude = precision * self.weights[:, 0]
        w = on_amplitude @ self.weights[:, 0] + 1e-9
        b = self.base @ on_amplitude - (expected @ on_amplitude)[:, None]
        c = self.base.square() @ precision - 2 * (expected * precision) @ self.base.T
        log_amplitude = amplitude.log()
        curvature = amplitude.square_().mul_(self.norm * trust).add_(w)
        gradient = (w * log_amplitude).add_(b)
        cost.add_((gradient + b).mul_(log_amplitude).add_(c), alpha=0.5)
        cost.addcmul_(gradient, gradient / curvature, value=-0.5)
        entries = cost.argmin(1, keepdim=True) if number == 1 else cost.topk(number, dim=1, largest=False).indices
        pull = (gradient.gather(1, entries) / curvature.gather(1, entries)).clamp(-1, 1)
        return entries, log_amplitude.gather(1, entries) - pull

    def _refined(
        self, x: torch.Tensor, mine: torch.Tensor, trust: float, prior: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, ...]:
        """Gauss-Newton steps from log amplitudes and coordinates `x`.

        A step may lead astray: the best point on the way counts, not the last.

        Returns:
            Log amplitude and coordinates, the Hessian there, what the model leaves, in the basis, and the cost.
        """
        limit = torch.cat([torch.ones_like(self.steps[:1]), self.steps])
        best = x
        step, hessian, left, cost = self._step(x, mine, trust, *prior)
        for _ in range(STEPS):
            x = x + step.clamp(-limit, limit)
            x[:, 1:] = torch.minimum(torch.maximum(x[:, 1:], self.lowest), self.highest)
            step, new_hessian, new_left, new_cost = self._step(x, mine, trust, *prior)
            better = new_cost < cost
            cost = torch.where(better, new_cost, cost)
            best = torch.where(better[:, None], x, best)
            left = torch.where(better[:, None], new_left, left)
            hessian = torch.where(better[:, None, None], new_hessian, hessian)
        return best, hessian, left, cost

    def _step(
        self, x: torch.Tensor, mine: torch.Tensor, trust: float, expected: torch.Tensor, precision: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Gauss-Newton step from a point, the Hessian, what the model leaves and the cost there."""
        weighted = self.weights * precision[:, None]
        model, slopes = self._model(x)
        left = mine - model
        off = x @ self.weights.T + self.offsets - expected
        cost = (trust * left.square().sum(1) + off.square() @ precision) / 2
        hessian = trust * slopes @ slopes.mT + weighted.T @ self.weights
        hessian.diagonal(dim1=1, dim2=2).mul_(1 + 1e-3).add_(1e-6)
        downhill = trust * (slopes @ left[..., None])[..., 0] - off @ weighted
        return torch.linalg.solve(hessian, downhill), hessian, left, cost

    def _model(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Curves in the basis at log amplitudes and coordinates, and their derivatives by each."""
        read = x[:, :1, None].exp() * self.between.read(x[:, 1:])
        return read[:, 0], read


def _tensor(values: FloatArray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(compute_device())
