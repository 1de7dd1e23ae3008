"""Accuracy of the arterial input: ``python -m benchmarks.arterial_input [--patients N] [--hard N] [--write]``.

Real AIF images against their drawn LV blood pool, as they are and after motion correction as in the chain. Digital
patients, through DICOM files: pool, onset, peak, area and timing against the simulated truth. Then the same patients'
AIF images made misleading, one way at a time.

The timing error is the shift of the true curve (and a factor) that describes the found samples best from before the
onset to after the peak, so that it has no part in when the heart happened to beat.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.optimize import minimize_scalar

from benchmarks.aif_cases import FOOT, Case, make_cases
from benchmarks.misleading_aif import HARD
from benchmarks.record import Record, parser
from benchmarks.surroundings import real_series
from operators.arterial_input.blood_pool import EDGE_LINEAR, find_blood_pool, pool_curve
from operators.arterial_input.input_function import find_arterial_input
from operators.arterial_input.k_space_centre import lead
from operators.motion_correction.correction import correct_slice
from operators.protocol import Protocol
from operators.series import (
    ArterialInput,
    BoolArray,
    FloatArray,
    GadoliniumSeries,
    PerfusionScan,
    State,
)
from perf_app.evaluation.contours import overlap

FIRST_SEED = 200
"""Patients that were not looked at while the room was made."""
REAL_PIXEL_MM = 5.6
REAL_INTERVAL = 0.7
"""Made up: not published. The pool doesn't depend on it."""


def main() -> None:
    """Print the tables."""
    options = parser(__doc__ or "")
    options.add_argument("--patients", type=int, default=20, help="digital patients, stress and rest each")
    options.add_argument("--hard", type=int, default=10, help="scans that are made misleading")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    record = Record("arterial_input", "benchmarks.arterial_input", arguments.write)
    data = real_series()
    if data is not None:
        print_real(record, data)
    cases = [case for n in range(arguments.patients) for case in make_cases(FIRST_SEED + n)]
    found = [measure(case.scan) for case in cases]
    print_accuracy(record, cases, found)
    print_hard(record, cases[: 2 * arguments.hard : 2])
    plot(record, cases, found)
    record.close()


def print_real(record: Record, data: Path) -> None:
    """Pool on the real series; its curve against that of the brightest half of the drawn mask."""
    rows = []
    for number in (1, 2):
        series = np.load(data / "qperf" / f"aif_series_{number}.npz")
        images, truth = series["image"], series["mask"] == 1
        times = np.arange(len(images)) * REAL_INTERVAL
        still = correct_slice(images, times, (REAL_PIXEL_MM, REAL_PIXEL_MM)).pixels
        for how, taken in (("as it is", images), ("held still", still)):
            pool = find_blood_pool(taken, times, EDGE_LINEAR)
            if pool is None:
                raise ValueError("no blood pool in a real series")
            r = np.corrcoef(pool_curve(taken, pool), pool_curve(taken, truth))[0, 1]
            away = REAL_PIXEL_MM * distance(pool, truth)
            rows.append([str(number), how, f"{overlap(truth, pool)['dice']:.2f}", f"{away:.1f}", f"{r:.5f}"])
    record.say("Real AIF series (bars: Dice 0.8, centroid within 3 mm, r 0.999):\n")
    record.table(["series", "images", "Dice", "centroid off [mm]", "curve's r"], rows)


def measure(scan: PerfusionScan) -> ArterialInput:
    """As the chain does."""
    return find_arterial_input(scan, GadoliniumSeries(scan.perfusion), Protocol())


def print_accuracy(record: Record, cases: list[Case], found: list[ArterialInput]) -> None:
    """Median, 10th and 90th percentile and worst over all scans of what was found against the truth."""
    values: dict[str, list[float]] = {}
    for case, one in zip(cases, found, strict=True):
        for name, value in errors(case, one).items():
            values.setdefault(name, []).append(value)
    rows = []
    for name, these in values.items():
        low, middle, high = np.percentile(these, (10, 50, 90))
        worst = min(these) if "Dice" in name else max(these, key=abs)
        rows.append([name, *(f"{value:.2f}" for value in (middle, low, high, worst))])
    record.say(f"{len(cases)} scans of {len({case.seed for case in cases})} digital patients:\n")
    record.table(["", "median", "10 %", "90 %", "worst"], rows)
    flagged = [flag.code for one in found for flag in one.flags]
    record.say(f"Flags raised on them: {', '.join(sorted(set(flagged))) or 'none'} ({len(flagged)}).\n")


def errors(case: Case, found: ArterialInput) -> dict[str, float]:
    """What is listed, by name with its unit."""
    truth = case.left > 0.5
    pool = found.pool if found.pool is not None else np.zeros_like(truth)
    spacing = case.aif.first_echo.pixel_spacing[0]
    interval = float(np.median(np.diff(found.times)))
    rise = slice(0, int(np.argmax(case.curve)) + 1)
    onset = float(np.interp(FOOT * case.curve.max(), case.curve[rise], case.times[rise]))
    true = np.interp(found.times, case.times, case.curve)
    shift = timing(case, found.times, found.values)
    return {
        "pool's Dice": overlap(truth, pool)["dice"],
        "centroid off [mm]": spacing * distance(pool, truth),
        "onset error [frames]": ((found.onset or 0.0) - onset) / interval,
        "timing error [ms]": 1e3 * shift,
        "the same by time stamps alone [ms]": 1e3 * (shift + lead(case.scan, Protocol())),
        "peak error [%]": 100 * (found.values.max() / true.max() - 1),
        "area error [%]": 100 * (np.trapezoid(found.values, found.times) / np.trapezoid(true, found.times) - 1),
    }


def timing(case: Case, times: FloatArray, values: FloatArray) -> float:
    """How much later than the truth the found first pass comes [s]."""
    peak = int(np.argmax(case.curve))
    foot = np.interp(0.02 * case.curve[peak], case.curve[: peak + 1], case.times[: peak + 1])
    around = (times > foot - 2) & (times < case.times[peak] + 1)

    def misfit(shift: float) -> float:
        model = np.interp(times[around] - shift, case.times, case.curve)
        factor = model @ values[around] / (model @ model)
        return float(((values[around] - factor * model) ** 2).sum())

    return float(minimize_scalar(misfit, bounds=(-1.0, 1.0), method="bounded").x)


def distance(a: BoolArray, b: BoolArray) -> float:
    """Between centroids in pixels, NaN where a mask is empty."""
    if not (a.any() and b.any()):
        return float("nan")
    return float(np.linalg.norm(np.argwhere(a).mean(axis=0) - np.argwhere(b).mean(axis=0)))


def print_hard(record: Record, cases: list[Case]) -> None:
    """What becomes of misleading images: a pool and a curve as good as before, or a flag."""
    rows = []
    for name, spoil in HARD.items():
        overlaps, peaks, codes, told = [], [], set(), 0
        for case in cases:
            spoiled = spoil(case)
            found = measure(replace(spoiled.scan, state=State.STRESS))
            flags = {flag.code for flag in found.flags}
            codes |= flags
            told += bool(flags)
            if found.absolute and found.pool is not None:
                overlaps.append(overlap(spoiled.left > 0.5, found.pool)["dice"])
                peaks.append(100 * (found.values.max() / case.curve.max() - 1))
        shown = [f"{np.median(overlaps):.2f}, {min(overlaps):.2f}", f"{np.median(peaks):+.0f}"] if peaks else ["-", "-"]
        rows.append([name, *shown, f"{told} of {len(cases)}", ", ".join(sorted(codes)) or "-"])
    record.say("AIF images made misleading, one way at a time (stress scans):\n")
    names = ["images", "pool's Dice: median, worst", "peak error, median [%]", "told", "flags"]
    record.table(names, rows)


def plot(record: Record, cases: list[Case], found: list[ArterialInput]) -> None:
    """Four patients' curves, true and found."""
    path = record.picture("arterial_input.png", "Arterial input of four digital patients, true and found")
    if path is None:
        return
    figure, axes = plt.subplots(1, 4, figsize=(12, 2.6), sharey=True, layout="constrained")
    for axis, case, one in zip(axes, cases, found, strict=False):
        axis.plot(case.times, case.curve, color="0.6", label="true")
        axis.plot(one.times, one.values, ".", color="#b3261e", markersize=4, label="found")
        axis.set(xlim=(0, 40), title=f"patient {case.seed}, {case.scan.state}", xlabel="time [s]")
    axes[0].set_ylabel("Gd [mmol/L]")
    axes[0].legend()
    figure.savefig(path, dpi=90)
    plt.close(figure)


if __name__ == "__main__":
    main()
