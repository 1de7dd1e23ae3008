"""The flow models by name. A model is made for an arterial input, then asked for a fitter at a delay.

A model that is a table of curves is a line around its `make_table`; one that solves for its curves is a class of its
own with the method that `Model` names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from operators.flow_mapping import btex, two_compartment
from operators.flow_mapping.blood import without
from operators.flow_mapping.deconvolution import Deconvolution
from operators.flow_mapping.delay import delayed
from operators.flow_mapping.fermi import Fermi
from operators.flow_mapping.table import Fit, Fitter, Table
from operators.series import FloatArray


class CurveFitter(Protocol):
    """Fits curves of one delay."""

    def fit(self, curves: FloatArray, noise: float, starts: int = 1, around: Fit | None = None) -> Fit:
        """Posterior mode; arguments as of `Fitter.fit`."""


class Model(Protocol):
    """A flow model for one arterial input."""

    def at(self, delay: float, times: FloatArray, blood: FloatArray | None = None) -> CurveFitter:
        """Fitter of curves that come `delay` seconds later.

        Args:
            delay: [s].
            times: of the curves' samples, from the arterial input's first one on [s], shape (time,).
            blood: shape (time,): what looks like it was taken from the curves to be fitted.
        """


@dataclass(frozen=True)
class Tabulated:
    """A model that is a table of curves."""

    table: Table
    """On the arterial input's grid."""
    step: float
    """Of that grid [s]."""

    def at(self, delay: float, times: FloatArray, blood: FloatArray | None = None) -> CurveFitter:
        """See `Model`."""
        late = delayed(self.table, self.step, times, delay)
        return Fitter(late if blood is None else replace(late, curves=without(late.curves, blood)))


Maker = Callable[[FloatArray, float, float], Model]
"""Of a model, from the AIF above its baseline on a regular grid [mmol/L], that grid's step [s] and the hematocrit."""


def _tabulated(
    make_table: Callable[[FloatArray, float, float], Table], aif: FloatArray, step: float, hematocrit: float
) -> Model:
    return Tabulated(make_table(aif, step, hematocrit), step)


MODELS: dict[str, Maker] = {
    "btex": partial(_tabulated, btex.make_table),
    "two_compartment": partial(_tabulated, two_compartment.make_table),
    "fermi": Fermi,
    "deconvolution": Deconvolution,
}
