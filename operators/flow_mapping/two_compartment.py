"""Two-compartment exchange: plasma and interstitium, both well mixed.

    Vp dCp/dt = F (Cin - Cp) + PS (Ci - Cp),    Vi dCi/dt = PS (Cp - Ci),    Q = Vp Cp + Vi Ci

so Q = F * Cin convolved with a residue of two exponentials (Sourbron and Buckley, Phys Med Biol 2012):

    R(t) = A exp(-a t) + (1 - A) exp(-b t)

a > b are the roots of x^2 - [(F + PS)/Vp + PS/Vi] x + (F/Vp)(PS/Vi) = 0 and, as R falls by F/Vp at first,
A = (F/Vp - b)/(a - b). F is the plasma flow per gram, Cin the plasma concentration AIF/(1 - Hct), MBF = F/(1 - Hct).

A capillary's plasma isn't well mixed: on curves of blood-tissue exchange this model reads high.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from operators.flow_mapping import exchange
from operators.series import FloatArray


def tissue_curves(
    aif: FloatArray, step: float, flow: FloatArray, ps: FloatArray, vp: FloatArray, visf: FloatArray
) -> FloatArray:
    """Tissue concentration Q for an input, exact for one that is linear between its samples.

    Args:
        aif: plasma concentration Cin [mmol/L], shape (time,).
        step: between samples [s].
        flow: plasma flow F [mL/min/g], shape (curve,).
        ps: permeability surface product [mL/min/g], shape (curve,).
        vp: plasma volume [mL/g], shape (curve,).
        visf: interstitial volume [mL/g], shape (curve,).

    Returns:
        mmol per litre of tissue (density 1 g/mL) at the samples' times, shape (curve, time).
    """
    passage, leak, back = flow / vp / 60, ps / vp / 60, ps / visf / 60
    middle = (passage + leak + back) / 2
    spread = np.sqrt(np.maximum(middle**2 - passage * back, 0))
    fast = middle + spread
    slow = passage * back / fast
    share = (passage - slow) / np.maximum(fast - slow, 1e-12)
    total = share * _convolved(aif, step, fast) + (1 - share) * _convolved(aif, step, slow)
    return np.asarray((flow / 60 * total).T)


def _convolved(aif: FloatArray, step: float, rate: FloatArray) -> FloatArray:
    """Input convolved with exp(-rate t), shape (time, curve)."""
    decay = np.exp(-rate * step)
    # Integrals over a step of the exponential times one and times the way towards the step's end.
    whole = -np.expm1(-rate * step) / rate
    end = (1 - whole / step) / rate
    held = np.zeros((len(aif), len(rate)))
    for k in range(1, len(aif)):
        held[k] = decay * held[k - 1] + (whole - end) * aif[k - 1] + end * aif[k]
    return held


make_table = partial(exchange.make_table, tissue_curves)
"""See `operators.flow_mapping.exchange.make_table`, with this model's curves."""
