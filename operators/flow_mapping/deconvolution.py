"""Model-free deconvolution: the tissue's impulse response as a smooth curve (Jerosch-Herold et al., Am J Physiol 2002).

    Q(t) = AIF(t) convolved with r(t),  r = sum of cubic B-splines;  minimise |Q - A c|^2 + w |D c|^2;  MBF = max r

D takes differences of neighbouring splines' coefficients. Knots are equally spaced in log(1 + t/3 s), so that the
response may fall fast at first and must be smooth later. The weight w is the one of least generalised cross-validation
(Golub, Heath and Wahba, Technometrics 1979), chosen for each curve.

It supposes no physiology, only that all of the response's rise is delay. Noise makes a maximum, and a smooth curve
overshoots a corner: it reads a few percent high, most where flow is low against noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import BSpline

from operators.flow_mapping.blood import without
from operators.flow_mapping.sampling import sample
from operators.flow_mapping.table import Fit
from operators.series import FloatArray

SPLINES = 40
BEND = 3.0
"""Knots are denser before this time [s] than after."""
RIDGE = 1e-6
"""Of the penalty's largest eigenvalue, on the coefficients themselves: without it a constant is free."""
WEIGHTS = np.geomspace(1e-8, 1e4, 49)
"""Of the roughness, tried relative to the largest singular value squared."""


class Deconvolution:
    """A flow model, see `operators.flow_mapping.registry.Model`.

    Args:
        aif: whole-blood Gd above its baseline [mmol/L], on a regular grid, shape (time,).
        step: of that grid [s].
        hematocrit: not used: the deconvolution stays in whole blood.
    """

    def __init__(self, aif: FloatArray, step: float, hematocrit: float) -> None:  # noqa: ARG002  # all models' signature
        self.step = step
        self.responses = _splines(np.arange(len(aif)) * step)
        halved = self.responses.copy()
        # Trapezoids: half weight for the response's first sample.
        halved[:, 0] *= 0.5
        padded = 2 * len(aif)
        spectra = np.fft.rfft(halved, padded) * np.fft.rfft(aif, padded)
        self.curves = np.fft.irfft(spectra, padded, axis=1)[:, : len(aif)] * step / 60

    def at(self, delay: float, times: FloatArray, blood: FloatArray | None = None) -> Solver:
        """See `operators.flow_mapping.registry.Model`."""
        curves = sample(self.curves, self.step, times - delay)
        return Solver(curves if blood is None else without(curves, blood), self.responses)


@dataclass(frozen=True)
class Solver:
    """Solves for the responses of curves."""

    curves: FloatArray
    """What each spline gives for the arterial input, shape (spline, time)."""
    responses: FloatArray
    """The splines themselves [mL/min/g], shape (spline, time of the input)."""

    def fit(self, curves: FloatArray, noise: float, starts: int = 1, around: Fit | None = None) -> Fit:  # noqa: ARG002
        """Responses of curves and the flow that they tell.

        Args:
            curves: above their baseline [mmol/L], shape (curve, time).
            noise: SD of a sample [mmol/L].
            starts: not used: there is one minimum.
            around: a fit of each curve's surroundings: how a response differs from theirs is then what must be smooth.
        """
        expected = np.zeros((len(curves), len(self.curves))) if around is None else around.sums.numpy()
        left = curves - expected @ self.curves
        back = np.linalg.inv(_penalty())
        u, s, vt = np.linalg.svd(self.curves.T @ back, full_matrices=False)
        mine = left @ u
        weights = WEIGHTS * s[0] ** 2
        weight = weights[_least(mine, (left**2).sum(1) - (mine**2).sum(1), s, weights, curves.shape[1])][:, None]
        onto = vt @ back.T
        coefficients = expected + (mine * s / (s**2 + weight)) @ onto
        response = coefficients @ self.responses
        top = response.argmax(axis=1)
        # Posterior variance where the penalty is taken for the precision of a prior.
        rows = onto @ self.responses[:, top]
        variance = noise**2 * (rows.T**2 / (s**2 + weight)).sum(axis=1)
        residual = curves - coefficients @ self.curves
        cost = (residual**2).sum(axis=1) / (2 * noise**2)
        flow = np.maximum(response[np.arange(len(curves)), top], 0.0)
        return Fit({"flow": flow}, np.sqrt(variance), residual, cost, torch.from_numpy(coefficients))


def _splines(times: FloatArray) -> FloatArray:
    """Cubic B-splines on knots equally spaced in log(1 + t / BEND), shape (spline, time)."""
    warped = np.log1p(times / BEND)
    inner = np.linspace(0.0, warped[-1], SPLINES - 2)
    knots = np.concatenate([np.full(3, inner[0]), inner, np.full(3, inner[-1])])
    return np.asarray(BSpline.design_matrix(warped, knots, 3).toarray().T)


def _penalty() -> FloatArray:
    """Upper triangular root of the penalty: differences, and a little of everything, (spline, spline)."""
    rough = np.diff(np.eye(SPLINES), axis=0)
    square = rough.T @ rough
    ridge = RIDGE * float(np.linalg.eigvalsh(square)[-1])
    return np.asarray(np.linalg.cholesky(square + ridge * np.eye(SPLINES)).T)


def _least(mine: FloatArray, outside: FloatArray, s: FloatArray, weights: FloatArray, samples: int) -> FloatArray:
    """Index of the weight of least generalised cross-validation for each curve, shape (curve,)."""
    left = weights[:, None] / (s**2 + weights[:, None])
    misfit = mine**2 @ (left**2).T + outside[:, None]
    free = samples - (1 - left).sum(axis=1)
    return np.asarray((misfit / free**2).argmin(axis=1))
