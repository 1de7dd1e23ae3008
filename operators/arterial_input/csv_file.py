"""An arterial input that comes as a file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.series import ArterialInput

COLUMNS = ("time_s", "gd_mmol_per_l")
FEWEST = 10
HIGHEST = 30.0
"""Blood never gets this concentrated [mmol/L]; such numbers are in another unit."""


def read_csv(path: Path) -> ArterialInput:
    """Whole-blood Gd by time since the perfusion series' first saturation-recovery frame.

    The file has a line of names with `time_s` and `gd_mmol_per_l` among them, then a line per sample, time rising.

    Raises:
        SettingError: the file can't be read or doesn't hold such a curve.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _error(path, "can't be read as CSV") from error
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise _error(path, f"has no columns {' and '.join(COLUMNS)}")
    samples = np.array([_numbers(path, line, row) for line, row in enumerate(rows, start=2)])
    times, values = samples.T
    if len(samples) < FEWEST:
        raise _error(path, f"has {len(samples)} samples, needs at least {FEWEST}")
    if np.any(np.diff(times) <= 0):
        raise _error(path, f"goes back in time at line {3 + int(np.argmax(np.diff(times) <= 0))}")
    if not 0 < values.max() < HIGHEST:
        raise _error(path, f"peaks at {values.max():g}, which is no blood concentration in mmol/L")
    first_pass = find_first_pass(values, times)
    if not first_pass.bolus:
        raise _error(path, "shows no bolus")
    return ArterialInput("file", times, values, "mmol/L", first_pass.onset)


def _numbers(path: Path, line: int, row: dict[str, str | None]) -> tuple[float, float]:
    try:
        numbers = (float(row[COLUMNS[0]] or ""), float(row[COLUMNS[1]] or ""))
    except ValueError as error:
        raise _error(path, f"has something else than numbers in line {line}") from error
    if not np.isfinite(numbers).all():
        raise _error(path, f"has something else than finite numbers in line {line}")
    return numbers


def _error(path: Path, what: str) -> SettingError:
    return SettingError(
        f"The arterial input file {what}",
        where=path.name,
        hint="Give a CSV file with the columns time_s,gd_mmol_per_l and time zero at the first perfusion frame.",
    )
