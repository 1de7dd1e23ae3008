"""Fermi deconvolution (Jerosch-Herold et al., Med Phys 1998).

    Q(t) = MBF * AIF(t) convolved with R(t),   R(t) = [1 + exp(-k t0)] / [1 + exp(k (t - t0))],  R(0) = 1

It supposes no physiology and underestimates high flow.
"""

from __future__ import annotations

import numpy as np

from operators.flow_mapping.table import Table
from operators.series import FloatArray

_PLATEAU = np.concatenate([[0.0], np.geomspace(0.25, 20.0, 39)])
"""t0 [s]."""
_RATE = np.geomspace(0.03, 3.0, 40)
"""k [1/s]."""


def make_table(aif: FloatArray, step: float, hematocrit: float) -> Table:  # noqa: ARG001  # all models' signature
    """Curves of all plateaus and rates at an MBF of 1 mL/min/g.

    Args:
        aif: whole-blood Gd above its baseline [mmol/L], shape (time,).
        step: between samples [s].
        hematocrit: not used: the deconvolution stays in whole blood.
    """
    plateau, rate = (g.ravel()[:, None] for g in np.meshgrid(_PLATEAU, _RATE, indexing="ij"))
    times = np.arange(len(aif)) * step
    residue = (1 + np.exp(-rate * plateau)) / (1 + np.exp(np.minimum(rate * (times - plateau), 50)))
    padded = 2 * len(aif)
    # Trapezoids: half weight for the residue's and the input's first samples.
    residue[:, 0] *= 0.5
    curves = np.fft.irfft(np.fft.rfft(residue, padded) * np.fft.rfft(aif, padded), padded, axis=1)[:, : len(aif)]
    parameters = {"plateau_s": plateau[:, 0], "rate_per_s": rate[:, 0]}
    return Table(curves * step / 60, np.ones(len(curves)), parameters, (), scales=False)
