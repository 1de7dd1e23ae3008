"""Fermi deconvolution (Jerosch-Herold et al., Med Phys 1998).

    Q(t) = MBF * AIF(t) convolved with R(t),   R(t) = [1 + exp(-k t0)] / [1 + exp(k (t - t0))],  R(0) = 1

It supposes no physiology and underestimates high flow.
"""

from __future__ import annotations

import numpy as np

from operators.flow_mapping.table import FLOW_NEAR, FLOW_PRIOR, Parameter, Table
from operators.series import FloatArray

PLATEAU = np.linspace(0.0, 16.0, 33)
"""t0 [s]."""
RATE = np.log(np.geomspace(0.03, 3.0, 24))
"""Logarithm of k [1/s]."""


def make_table(aif: FloatArray, step: float, hematocrit: float) -> Table:  # noqa: ARG001  # all models' signature
    """Curves of all plateaus and rates at an MBF of 1 mL/min/g.

    Args:
        aif: whole-blood Gd above its baseline [mmol/L], shape (time,).
        step: between samples [s].
        hematocrit: not used: the deconvolution stays in whole blood.
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
