"""The flow models by name. A model makes a table of its curves for an arterial input."""

from __future__ import annotations

from collections.abc import Callable

from operators.flow_mapping import btex, fermi
from operators.flow_mapping.table import Table
from operators.series import FloatArray

MODELS: dict[str, Callable[[FloatArray, float, float], Table]] = {
    "btex": btex.make_table,
    "fermi": fermi.make_table,
}
