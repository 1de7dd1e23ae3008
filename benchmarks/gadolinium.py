"""Signal to Gd: ``python -m benchmarks.gadolinium [--seeds N] [--write]``.

Signal is simulated pulse by pulse with the Bloch equations (``benchmarks/bloch.py``), which know nothing of the
conversion, and converted as in the chain: the round trip with everything as assumed; the same with one thing after the
other not as assumed; the arterial input's peak with and without correction for T2*; OSIPI's table of spoiled gradient
echoes; and signal that can't be.
"""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.gadolinium_scans import arterial_scan, convert, ratio, settings
from benchmarks.gadolinium_sensitivity import plot_sensitivity, print_sensitivity
from benchmarks.impossible_signal import print_bad_input
from benchmarks.record import Record, parser
from benchmarks.surroundings import real_series
from operators.arterial_input.aif_images import measure_blood
from operators.gadolinium.parameters import CONSTANTS
from operators.gadolinium.saturation_recovery import Readout, make_table
from operators.protocol import Protocol
from operators.series import (
    FloatArray,
    PerfusionScan,
)
from perf_app.phantom.relaxation import FIELDS

FIRST_SEED = 100
BAR = 0.02
"""Of the round trip from 0.25 to 8 mmol/L."""


def main() -> None:
    """Print the tables."""
    options = parser(__doc__ or "")
    options.add_argument("--seeds", type=int, default=30, help="arterial inputs for the T2* correction")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    record = Record("gadolinium", "benchmarks.gadolinium", arguments.write)
    print_round_trip(record)
    print_sensitivity(record)
    plot_sensitivity(record)
    print_t2_star(record, arguments.seeds)
    data = real_series()
    if data is not None:
        print_osipi(record, data)
    print_bad_input(record)
    record.close()


def print_round_trip(record: Record) -> None:
    """All as assumed."""
    truth = np.arange(0, 8.01, 0.05)
    rows, worst = [], 0.0
    for strength in CONSTANTS:
        for setting in settings(strength):
            found = convert(setting, ratio(setting, truth))
            above = truth >= 0.25
            relative = 100 * np.abs(found[above] / truth[above] - 1)
            worst = max(worst, float(relative.max()))
            rows.append(
                [
                    f"{setting.name}, {strength:g} T",
                    *(f"{np.interp(c, truth, found):.4f}" for c in (0.0, 0.5, 2.0, 4.0, 8.0)),
                    f"{relative.max():.4f}",
                    f"{np.abs(found - truth)[~above].max():.5f}",
                ]
            )
    record.say("Round trip without noise, everything as assumed (bar: 2 % over 0 to 8 mmol/L):\n")
    names = ["images", "0", "0.5", "2", "4", "8 mmol/L", "worst from 0.25 on [%]", "worst below [mmol/L]"]
    record.table(names, rows)
    record.say(f"Worst: {worst:.4f} %: {'within' if worst <= 100 * BAR else 'beyond'} the bar.\n")


def print_t2_star(record: Record, seeds: int) -> None:
    """Peak of the arterial input with both echoes, and with the first alone."""
    rows = []
    for strength in CONSTANTS:
        for noise in (0.0, 0.04, 0.08):
            for decay in (1.0, 2.0):
                errors: list[tuple[float, ...]] = []
                for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                    scan, peak = arterial_scan(seed, strength, noise, decay)
                    if scan.aif is None:
                        raise ValueError("made without AIF images")
                    alone = replace(scan, aif=replace(scan.aif, second_echo=None))
                    errors.append(tuple(100 * (peak_of(one) / peak - 1) for one in (scan, alone)))
                both, first = np.array(errors).T
                low, middle, high = np.percentile(both, (10, 50, 90))
                rows.append(
                    [
                        f"{strength:g} T",
                        f"{decay * FIELDS[strength].decay_blood:g}",
                        f"{noise:g}",
                        f"{np.median(first):+.1f}",
                        f"{middle:+.1f}",
                        f"{low:+.1f} to {high:+.1f}",
                        f"{np.median(np.abs(both)):.1f}",
                        f"{max(both, key=abs):+.1f}",
                    ]
                )
    record.say(
        f"Peak of the arterial input against the truth in percent, {seeds} inputs of 3 to 7 mmol/L each; r2* in "
        "L/(mmol s), noise as SD of Gd in a pixel before the bolus [mmol/L] (bar: within 3 %):\n"
    )
    names = ["field", "r2*", "noise", "one echo: median", "two echoes: median", "10 to 90 %", "median size", "worst"]
    record.table(names, rows)


def peak_of(scan: PerfusionScan) -> float:
    """As the chain finds it [mmol/L]."""
    found = measure_blood(scan, Protocol())
    if found is None or found.peak is None:
        raise ValueError("no blood pool found in the digital AIF images")
    return found.peak


def print_osipi(record: Record, data: Path) -> None:
    """Spoiled gradient echoes in the steady state: the table of the chain, with very many lines before the centre."""
    rows = []
    for label, found, truth in osipi(data / "osipi" / "SI2Conc_data.csv"):
        error = np.abs(found - truth)
        allowed = 1e-5 + 1e-5 * np.abs(truth)
        met = "yes" if (error <= allowed).all() else "no"
        rows.append([label, str(len(truth)), f"{truth.min():.2f} to {truth.max():.2f}", f"{error.max():.1e}", met])
    record.say("OSIPI's concentrations of spoiled gradient echoes, read with the chain's table (bar: 1e-5 + 1e-5 C):\n")
    record.table(["curve", "samples", "Gd [mmol/L]", "largest error [mmol/L]", "within the bar"], rows)


def osipi(path: Path) -> list[tuple[str, FloatArray, FloatArray]]:
    """Name, found and reference Gd [mmol/L] of each curve; their first sample counts neither as baseline nor at all."""
    curves = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            signal, truth = (np.array(row[name].split(), float) for name in ("s", "conc"))
            lines, spacing, flip = 100_000, float(row["TR"]), math.radians(float(row["FA"]))
            readout = Readout(
                "flash", spacing, flip, flip, 0.0, lines * spacing + 1, lines, float(row["T1base"]), 0.05,
                float(row["r1"]), 0.0,
            )  # fmt: skip
            baseline = signal[1 : int(row["numbaselinepts"])].mean()
            found = make_table(readout, over_baseline=True).convert(signal / baseline)
            curves.append((row["label"], found[1:], truth[1:]))
    return curves


if __name__ == "__main__":
    main()
