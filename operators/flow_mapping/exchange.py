"""What models of blood-tissue exchange have in common: their parameters, what is known of them before, their table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from operators.flow_mapping.table import FLOW_NEAR, FLOW_PRIOR, Parameter, Table
from operators.series import FloatArray

AXES = tuple(np.log(np.geomspace(*ends)) for ends in ((0.5, 250.0, 24), (2.0, 160.0, 10), (1.0, 30.0, 8)))
"""Logarithms of F/Vp and PS/Vp [1/min] and of Vi/Vp that a heart may have."""
STRIDE = 2
"""See `Table.stride`: these curves change smoothly from entry to entry."""
NEAR = 0.25
"""SD of the logarithms of PS, Vp and Vi about those of a pixel's surroundings."""

Solver = Callable[[FloatArray, float, FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]
"""Curves (curve, time) for a plasma input (time,), its step [s], and F, PS, Vp and Vi, shape (curve,) each."""


def make_table(
    solve: Solver, aif: FloatArray, step: float, hematocrit: float, axes: tuple[FloatArray, ...] = AXES
) -> Table:
    """Curves of all combinations at Vp = 1; multiplying F, PS, Vp and Vi by k multiplies Q by k, so scale is free.

    The log-normal priors are what is known of a human heart before looking: they keep single pixels from wandering.

    Args:
        solve: the model's equations.
        aif: whole-blood Gd above its baseline [mmol/L], shape (time,).
        step: between samples [s].
        hematocrit: fraction.
        axes: as `AXES`; other organs need others.
    """
    flow, ps, visf = (np.exp(values).ravel() for values in np.meshgrid(*axes, indexing="ij"))
    curves = solve(aif / (1 - hematocrit), step, flow, ps, np.ones_like(flow), visf)
    parameters = (
        Parameter("flow", (1, 1, 0, 0), offset=-np.log(1 - hematocrit), prior=FLOW_PRIOR, near=FLOW_NEAR),
        Parameter("ps_ml_min_g", (1, 0, 1, 0), prior=(np.log(1.0), 0.35), near=NEAR),
        Parameter("vp_ml_g", (1, 0, 0, 0), prior=(np.log(0.045), 0.30), near=NEAR),
        Parameter("visf_ml_g", (1, 0, 0, 1), prior=(np.log(0.22), 0.35), near=NEAR),
    )
    return Table(curves.reshape(*map(len, axes), -1), axes, parameters, STRIDE)
