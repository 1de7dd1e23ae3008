"""Fermi deconvolution (Jerosch-Herold et al., Med Phys 1998).

    Q(t) = MBF * AIF(t) convolved with R(t),   R(t) = [1 + exp(-k t0)] / [1 + exp(k (t - t0))],  R(0) = 1

It supposes no physiology, and can't follow the slow return from the interstitium: on whole curves it reads 40 % low at
high flow. So only the first pass is fitted, until the input has fallen to a quarter of its peak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from operators.flow_mapping.blood import without
from operators.flow_mapping.delay import delayed
from operators.flow_mapping.table import FLOW_NEAR, FLOW_PRIOR, Fit, Fitter, Parameter, Table
from operators.series import FloatArray

PLATEAU = np.linspace(0.0, 16.0, 33)
"""t0 [s]."""
RATE = np.log(np.geomspace(0.03, 3.0, 24))
"""Logarithm of k [1/s]."""
FALLEN = 0.25
"""The first pass is over when the input has fallen to this part of its peak."""


class Fermi:
    """A flow model, see `operators.flow_mapping.registry.Model`.

    Args:
        aif: whole-blood Gd above its baseline [mmol/L], on a regular grid, shape (time,).
        step: of that grid [s].
        hematocrit: not used: the deconvolution stays in whole blood.
    """

    def __init__(self, aif: FloatArray, step: float, hematocrit: float) -> None:  # noqa: ARG002  # all models' signature
        self.table, self.step = make_table(aif, step), step
        peak = int(np.argmax(aif))
        fallen = np.flatnonzero(aif[peak:] < FALLEN * aif[peak])
        self.end = (peak + int(fallen[0]) if len(fallen) else len(aif)) * step

    def at(self, delay: float, times: FloatArray, blood: FloatArray | None = None) -> FirstPass:
        """See `operators.flow_mapping.registry.Model`."""
        late = delayed(self.table, self.step, times, delay)
        curves = late.curves if blood is None else without(late.curves, blood)
        samples = int(np.searchsorted(times, self.end + delay)) + 1
        return FirstPass(Fitter(replace(late, curves=curves[..., :samples])), samples)


@dataclass(frozen=True)
class FirstPass:
    """Fits the beginning of curves."""

    fitter: Fitter
    samples: int
    """That are fitted, of each curve."""

    def fit(self, curves: FloatArray, noise: float, starts: int = 1, around: Fit | None = None) -> Fit:
        """As `Fitter.fit`; the residual is of what was fitted, shape (curve, sample)."""
        return self.fitter.fit(curves[:, : self.samples], noise, starts, around)


def make_table(aif: FloatArray, step: float) -> Table:
    """Curves of all plateaus and rates at an MBF of 1 mL/min/g.

    Args:
        aif: whole-blood Gd above its baseline [mmol/L], shape (time,).
        step: between samples [s].
    """
    axes = PLATEAU, RATE
    plateau, log_rate = (values.ravel()[:, None] for values in np.meshgrid(*axes, indexing="ij"))
    rate, times = np.exp(log_rate), np.arange(len(aif)) * step
    residue = (1 + np.exp(-rate * plateau)) / (1 + np.exp(np.minimum(rate * (times - plateau), 50)))
    # Trapezoids: half weight for the residue's first sample.
    residue[:, 0] *= 0.5
    padded = 2 * len(aif)
    curves = np.fft.irfft(np.fft.rfft(residue, padded) * np.fft.rfft(aif, padded), padded, axis=1)[:, : len(aif)]
    parameters = (
        Parameter("flow", (1, 0, 0), prior=FLOW_PRIOR, near=FLOW_NEAR),
        Parameter("plateau_s", (0, 1, 0), logarithmic=False),
        Parameter("rate_per_s", (0, 0, 1)),
    )
    return Table((curves * step / 60).reshape(*map(len, axes), -1), axes, parameters)
