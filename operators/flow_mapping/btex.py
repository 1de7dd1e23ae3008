"""Blood-tissue exchange in a capillary (Kety-Renkin-Crone-Bassingthwaighte), in closed form.

Plasma flows along a capillary of length L, disperses a little, and exchanges with a stirred-by-neglect interstitium:

    dCp/dt = -(F L/Vp) dCp/dx + Dp d2Cp/dx2 + (PS/Vp)(Ci - Cp),    dCi/dt = (PS/Vi)(Cp - Ci)

With no diffusion in the interstitium the equations are linear and local, so their Laplace transform along the capillary
is an exponential:

    Cout/Cin = H(s) = exp{L [u - sqrt(u^2 + 4 Dp g)] / (2 Dp)},  u = F L/Vp,  g = s + (PS/Vp) s/(s + PS/Vi)

and what the tissue holds is Q(s) = F Cin(s) [1 - H(s)]/s. F is the plasma flow per gram, Cin the plasma concentration
AIF/(1 - Hct), and the blood flow MBF = F/(1 - Hct). (Bassingthwaighte et al., Ann Biomed Eng 1989; values as in Xue et
al., Magn Reson Med 2020.)
"""

from __future__ import annotations

from functools import partial

import numpy as np

from operators.flow_mapping import exchange
from operators.series import FloatArray

LENGTH = 0.1
"""Of a capillary [cm]."""
DISPERSION = 1e-5
"""Axial dispersion of plasma Dp [cm^2/s]."""


def tissue_curves(
    aif: FloatArray, step: float, flow: FloatArray, ps: FloatArray, vp: FloatArray, visf: FloatArray
) -> FloatArray:
    """Tissue concentration Q for an input, by damped numerical inversion of the Laplace transform.

    Args:
        aif: plasma concentration Cin [mmol/L], linear between samples, zero before the first, shape (time,).
        step: between samples [s].
        flow: plasma flow F [mL/min/g], shape (curve,).
        ps: permeability surface product [mL/min/g], shape (curve,).
        vp: plasma volume [mL/g], shape (curve,).
        visf: interstitial volume [mL/g], shape (curve,).

    Returns:
        mmol per litre of tissue (density 1 g/mL) at the samples' times, shape (curve, time).
    """
    samples = len(aif)
    padded = 2 * samples
    damping = 6.0 / (samples * step)
    times = np.arange(padded) * step
    s = damping + 2j * np.pi * np.fft.rfftfreq(padded, step)
    damped = np.zeros(padded)
    damped[:samples] = aif * np.exp(-damping * times[:samples])
    # The transform of straight lines between samples, not of the samples alone.
    half = s * step / 2
    straight = (np.sinh(half) / half) ** 2
    spectrum = np.fft.rfft(damped) * straight
    per_second = flow[:, None] / 60
    exchange = ps[:, None] / 60
    g = s + (exchange / vp[:, None]) * s / (s + exchange / visf[:, None])
    u = per_second * LENGTH / vp[:, None]
    outflow = np.exp(LENGTH * (u - np.sqrt(u**2 + 4 * DISPERSION * g)) / (2 * DISPERSION))
    curves = np.fft.irfft(spectrum * per_second * (1 - outflow) / s, padded, axis=1)
    return np.asarray((curves * np.exp(damping * times))[:, :samples])


make_table = partial(exchange.make_table, tissue_curves)
"""See `operators.flow_mapping.exchange.make_table`, with this model's curves."""
