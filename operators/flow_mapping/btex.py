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

import numpy as np

from operators.flow_mapping.table import FLOW_NEAR, FLOW_PRIOR, Parameter, Table
from operators.series import FloatArray

LENGTH = 0.1
"""Of a capillary [cm]."""
DISPERSION = 1e-5
"""Axial dispersion of plasma Dp [cm^2/s]."""

FLOW_PER_VP = np.log(np.geomspace(0.5, 250.0, 24))
"""Logarithm of F/Vp [1/min]."""
PS_PER_VP = np.log(np.geomspace(2.0, 160.0, 10))
"""Logarithm of PS/Vp [1/min]."""
VISF_PER_VP = np.log(np.geomspace(1.0, 30.0, 8))
"""Logarithm of Vi/Vp."""
NEAR = 0.25
"""SD of the logarithms of PS, Vp and Vi about those of a pixel's surroundings."""


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


def make_table(aif: FloatArray, step: float, hematocrit: float) -> Table:
    """Curves of all combinations at Vp = 1; multiplying F, PS, Vp and Vi by k multiplies Q by k, so scale is free.

    The log-normal priors are what is known of a human heart before looking: they keep single pixels from wandering.

    Args:
        aif: whole-blood Gd above its baseline [mmol/L], shape (time,).
        step: between samples [s].
        hematocrit: fraction.
    """
    axes = FLOW_PER_VP, PS_PER_VP, VISF_PER_VP
    flow, ps, visf = (np.exp(values).ravel() for values in np.meshgrid(*axes, indexing="ij"))
    curves = tissue_curves(aif / (1 - hematocrit), step, flow, ps, np.ones_like(flow), visf)
    parameters = (
        Parameter("flow", (1, 1, 0, 0), offset=-np.log(1 - hematocrit), prior=FLOW_PRIOR, near=FLOW_NEAR),
        Parameter("ps_ml_min_g", (1, 0, 1, 0), prior=(np.log(1.0), 0.35), near=NEAR),
        Parameter("vp_ml_g", (1, 0, 0, 0), prior=(np.log(0.045), 0.30), near=NEAR),
        Parameter("visf_ml_g", (1, 0, 0, 1), prior=(np.log(0.22), 0.35), near=NEAR),
    )
    return Table(curves.reshape(*map(len, axes), -1), axes, parameters)
