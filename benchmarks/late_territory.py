"""A territory that blood reaches later: ``python -m benchmarks.late_territory [--patients N] [--later S] [--write]``.

Digital (simulated) patients with a perfusion defect whose whole territory is reached later than the rest of the wall,
as behind a narrowed artery or through collaterals, through the whole chain as `benchmarks.chain` takes them; and the
same patients without that.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.chain import Pair, agreement, process_patient
from benchmarks.record import Record, parser
from operators.aha_sectors.model import SEGMENTS_OF_TERRITORY
from operators.series import BoolArray, State
from perf_app.phantom.patient import DigitalPatient, draw_patient

FIRST_SEED = 651


def main() -> None:
    """Print the table."""
    options = parser("Flow where blood reaches one territory later than the others.")
    options.add_argument("--patients", type=int, default=5, help="how many")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    options.add_argument("--later", type=float, default=0.4, help="by how much [s]")
    arguments = options.parse_args()
    record = Record("late", "benchmarks.late_territory", arguments.write)
    patients = [
        draw_patient(seed, ischemia=True)
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.patients)
    ]
    rows = []
    for later in (0.0, arguments.later):
        pairs = [pair for patient in patients for pair in process_patient(delayed(patient, later))]
        for state in (State.STRESS, State.REST):
            some = [pair for pair in pairs if pair.state is state]
            true, found = np.stack([pair.sectors() for pair in some], axis=1)
            late = np.stack([territory(pair) for pair in some])
            error = found / true - 1
            off = np.array([pair.found.flow.delay[0] - pair.patient.delay for pair in some])
            cells = (agreement(part[np.isfinite(part)])[:2] for part in (error[late], error[~late]))
            rows.append([f"{later:g} s", state, *(cell for two in cells for cell in two), f"{off.mean():+.2f} s"])
    record.say(f"{len(patients)} patients, stress and rest:\n")
    heads = ["that territory later by", "scan", "its sectors: bias", "limits of agreement", "the others: bias",
             "limits of agreement", "delay found, less the others'"]  # fmt: skip
    record.table(heads, rows)
    record.close()


def delayed(patient: DigitalPatient, later: float) -> DigitalPatient:
    """With blood that reaches the defect's territory later [s]."""
    assert patient.defect is not None
    return replace(patient, defect=replace(patient.defect, delay=later))


def territory(pair: Pair) -> BoolArray:
    """Whether each of the 16 sectors belongs to the defect's territory."""
    assert pair.patient.defect is not None
    return np.isin(np.arange(1, 17), SEGMENTS_OF_TERRITORY[pair.patient.defect.territory])


if __name__ == "__main__":
    main()
