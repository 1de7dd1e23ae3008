"""What a user would pick to fit a pixel's curve: scipy's least squares on the same equations, and dcmri.

Both are given the true delay, by a shifted input, and start from the values that the chain expects of a heart; neither
has priors.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from operators.flow_mapping import btex
from operators.series import FloatArray

START = {"mbf": 1.5, "ps": 1.0, "vp": 0.045, "visf": 0.22}
"""[mL/min/g], [mL/min/g], [mL/g], [mL/g]."""
BOUNDS = {"mbf": (0.05, 10.0), "ps": (0.02, 10.0), "vp": (0.005, 0.3), "visf": (0.02, 1.0)}
FINER = 4
"""The input is made on so many times finer a grid."""


def by_scipy(aif: FloatArray, step: float, hematocrit: float, curves: FloatArray) -> FloatArray:
    """MBF [mL/min/g] of curves by `scipy.optimize.least_squares` on the blood-tissue-exchange model.

    Args:
        aif: whole blood at the tissue's delay [mmol/L], on the finer grid, shape (time,).
        step: between the curves' samples [s].
        hematocrit: fraction.
        curves: [mmol/L], shape (curve, time).
    """
    plasma = aif / (1 - hematocrit)

    def residual(logs: FloatArray, curve: FloatArray) -> FloatArray:
        mbf, ps, vp, visf = np.exp(logs)[:, None]
        model = btex.tissue_curves(plasma, step / FINER, mbf * (1 - hematocrit), ps, vp, visf)
        return np.asarray(model[0, ::FINER] - curve)

    start = np.log(list(START.values()))
    bounds = tuple(np.log(np.array(list(BOUNDS.values())).T))
    return np.array([np.exp(least_squares(residual, start, bounds=bounds, args=(one,)).x[0]) for one in curves])


def by_dcmri(aif: FloatArray, step: float, hematocrit: float, curves: FloatArray) -> FloatArray:
    """MBF [mL/min/g] of curves by dcmri's two-compartment exchange tissue; arguments as of `by_scipy`.

    It is trained on signal, of a spoiled gradient echo here, which it turns back into Gd by the same formula.

    Raises:
        ModuleNotFoundError: dcmri is not installed.
    """
    # Part of the extra `bench`, and without types.
    dcmri: Any = import_module("dcmri")
    times = np.arange(curves.shape[1]) * step
    found = []
    for curve in curves:
        tissue = dcmri.Tissue(
            "2CX",
            "FF",
            "SS",
            ca=aif / 1000,
            t=np.arange(len(aif)) * step / FINER,
            H=hematocrit,
            Fb=START["mbf"] / 60,
            PS=START["ps"] / 60,
            vb=START["vp"] / (1 - hematocrit),
            vi=START["visf"],
        )
        signal = dcmri.signal_ss(1.0, tissue.R10 + tissue.r1 * curve / 1000, tissue.TR, tissue.FA)
        tissue.train(times, signal, init_s0=False)
        found.append(60 * tissue.Fb)
    return np.array(found)
