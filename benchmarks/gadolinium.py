"""Signal to Gd: ``python -m benchmarks.gadolinium [--seeds N] [--write]``.

Signal is simulated pulse by pulse with the Bloch equations (``benchmarks/bloch.py``), which know nothing of the
conversion, and converted as in the chain: the round trip with everything as assumed; the same with one thing after the
other not as assumed; the arterial input's peak with and without correction for T2*; OSIPI's table of spoiled gradient
echoes; and signal that can't be.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.bloch import Reality
from benchmarks.gadolinium_scans import Actual, Setting, arterial_scan, make_scan, ratio, settings, still
from benchmarks.record import Record, parser
from benchmarks.surroundings import real_series
from operators.arterial_input.aif_images import measure_blood
from operators.errors import PerfusionError
from operators.gadolinium.conversion import to_gadolinium
from operators.gadolinium.parameters import CONSTANTS, Tissue, resolve_aif, resolve_perfusion
from operators.gadolinium.saturation_recovery import Readout, make_table
from operators.protocol import Protocol
from operators.series import (
    FloatArray,
    PerfusionScan,
    Sequence,
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
    plot(record)
    print_t2_star(record, arguments.seeds)
    data = real_series()
    if data is not None:
        print_osipi(record, data)
    print_bad_input(record)
    record.close()


def convert(setting: Setting, values: FloatArray) -> FloatArray:
    """Gd as the chain finds it for signal over proton density, shape (value,)."""
    images = np.broadcast_to(values[:, None, None], (len(values), 8, 8))
    scan = make_scan(setting, images, np.ones((2, 8, 8)))
    if setting.tissue == "blood":
        return make_table(resolve_aif(scan, Protocol()).readout).convert(values)
    return np.asarray(to_gadolinium(scan, still(scan), Protocol()).series.pixels[0, :, 0, 0], np.float64)


def convert_over_baseline(setting: Setting, values: FloatArray) -> FloatArray:
    """As the chain does without proton density; the first value is the baseline."""
    scan = make_scan(setting, np.ones((2, 8, 8)), np.ones((2, 8, 8)))
    resolve = resolve_aif if setting.tissue == "blood" else resolve_perfusion
    return make_table(resolve(scan, Protocol()).readout, over_baseline=True).convert(values / values[0])


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


PROFILE = tuple(np.cos(np.linspace(-0.5, 0.5, 21) * np.pi * 0.9))
"""Of a slice-selective pulse, down to a sixth at the edges."""
DEVIATIONS: dict[str, Actual] = {
    "T1 without Gd 10 % longer": Actual(t1=1.1),
    "T1 without Gd 10 % shorter": Actual(t1=0.9),
    "flip angles (B1) 10 % higher": Actual(reality=Reality(b1=1.1)),
    "flip angles (B1) 10 % lower": Actual(reality=Reality(b1=0.9)),
    "flip angles (B1) 20 % lower": Actual(reality=Reality(b1=0.8)),
    "flip angle of proton density alone 10 % higher": Actual(density_flip=1.1),
    "saturation leaves 5 %": Actual(reality=Reality(unsaturated=0.05)),
    "saturation leaves -5 %": Actual(reality=Reality(unsaturated=-0.05)),
    "echo spacing 10 % longer, same saturation time": Actual(spacing=1.1),
    "echo spacing 10 % shorter, same saturation time": Actual(spacing=0.9),
    "saturation time 2 ms longer": Actual(late=0.002),
    "6 lines more, same saturation time": Actual(reference_lines=6),
    "relaxivity r1 10 % higher": Actual(r1=1.1),
    "T2 without Gd 20 % shorter": Actual(t2=0.8),
    "r2 twice as high": Actual(r2=2.0),
    "50 Hz off resonance": Actual(reality=Reality(off_resonance=50.0)),
    "100 Hz off resonance": Actual(reality=Reality(off_resonance=100.0)),
    "spoiled by gradient and phase cycling": Actual(reality=Reality(spoiling="rf")),
    "flip angle falls off across the slice": Actual(profile=PROFILE),
}
LEVELS: dict[Tissue, tuple[float, ...]] = {"myocardium": (0.5, 1.0, 2.0), "blood": (2.0, 4.0, 6.0)}


def read_enhancement(
    setting: Setting, levels: FloatArray, actual: Actual, over_baseline: bool = False
) -> tuple[FloatArray, float]:
    """What is read above the baseline at each level, as a fraction of it, minus 1; and the baseline [mmol/L]."""
    values = ratio(setting, np.array([0.0, *levels]), actual)
    found = convert_over_baseline(setting, values) if over_baseline else convert(setting, values)
    return (found[1:] - found[0]) / levels - 1, float(found[0])


def print_sensitivity(record: Record) -> None:
    """One thing not as assumed."""
    record.say(
        "Sensitivity: change in percent of Gd above its baseline, which is what flow is made of, and the baseline read "
        "where there is no Gd [mmol/L], if one thing differs from what is assumed. *MBF, about*: of FLASH tissue at "
        "1 mmol/L over AIF at 4 mmol/L, where both suffer alike.\n"
    )
    for strength in CONSTANTS:
        print_deviations(record, strength, DEVIATIONS)
    record.say("The same without proton-density images, over the baseline:\n")
    kept = ("T1 without Gd", "flip angles", "saturation", "echo spacing 10 % longer")
    print_deviations(
        record, 1.5, {n: a for n, a in DEVIATIONS.items() if n.startswith(kept) and "-5" not in n}, over_baseline=True
    )


def print_deviations(
    record: Record, strength: float, deviations: dict[str, Actual], over_baseline: bool = False
) -> None:
    """A table of one field strength [T]."""
    names = [f"{strength:g} T"]
    for setting in settings(strength):
        names += [f"{setting.name} {level:g}" for level in LEVELS[setting.tissue]]
        names += [] if over_baseline else ["at 0"]
    rows = []
    for name, actual in deviations.items():
        row, changes = [name], {}
        for setting in settings(strength):
            levels = np.array(LEVELS[setting.tissue])
            changes[setting.name], offset = read_enhancement(setting, levels, actual, over_baseline)
            row += [f"{100 * change:+.1f}" for change in changes[setting.name]]
            row += [] if over_baseline else [f"{offset:+.3f}"]
        both = (1 + changes["FLASH"][1]) / (1 + changes["AIF"][1]) - 1
        rows.append([*row, f"{100 * both:+.1f}"])
    record.table([*names, "MBF, about"], rows)


def plot(record: Record) -> None:
    """Change of Gd over its true value, at 1.5 T."""
    path = record.picture("gadolinium.png", "Change of Gd by what differs from what is assumed, over true Gd")
    if path is None:
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = {
        "T1 without Gd 10 % longer": "C0",
        "flip angles (B1) 10 % lower": "C1",
        "saturation leaves 5 %": "C2",
        "echo spacing 10 % longer, same saturation time": "C3",
        "saturation time 2 ms longer": "C4",
        "relaxivity r1 10 % higher": "C5",
        "spoiled by gradient and phase cycling": "C6",
    }
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.4), sharey=True, layout="constrained")
    for axis, setting in zip(axes, settings(1.5), strict=True):
        levels = np.linspace(0.1, 8.0 if setting.tissue == "blood" else 3.0, 40)
        for name, colour in shown.items():
            change, _ = read_enhancement(setting, levels, DEVIATIONS[name])
            axis.plot(levels, 100 * change, color=colour, label=name)
        axis.axhline(0, color="0.8", zorder=0)
        axis.set(title=f"{setting.name} images, {setting.tissue}, 1.5 T", xlabel="Gd [mmol/L]", ylim=(-8, 16))
    axes[0].set_ylabel("change of Gd above baseline [%]")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    figure.savefig(path, dpi=90)
    plt.close(figure)


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


def print_bad_input(record: Record) -> None:
    """What becomes of signal that can't be."""
    setting = settings(1.5)[0]
    curve = np.interp(np.arange(30), (0, 8, 14, 29), (0.0, 0.0, 5.0, 1.0))
    row, col = np.mgrid[:48, :48]
    cavity = np.hypot(row - 23.5, col - 23.5) < 8
    coil = 1000 * np.exp(-row / 60)
    blood, muscle = ratio(setting, curve), ratio(setting, 0.2 * curve)
    images = coil * np.where(cavity, blood[:, None, None], 0.8 * muscle[:, None, None])
    density = np.broadcast_to(coil * np.where(cavity, 1.0, 0.8), (2, 48, 48))
    good = make_scan(setting, images, density)
    rows = []
    for name, spoil in BAD.items():
        try:
            scan = spoil(good)
            flags = to_gadolinium(scan, still(scan), Protocol()).flags
            told = ", ".join(sorted({flag.code for flag in flags})) or "-"
        except PerfusionError as error:
            told = f"error: {error.message}"
        rows.append([name, told])
    record.say("Signal that can't be, and what is told:\n")
    record.table(["images", "flags"], rows)


def with_images(change: Callable[[FloatArray], FloatArray]) -> Callable[[PerfusionScan], PerfusionScan]:
    """A change of the main images (slice, time, row, col)."""
    return lambda scan: replace(scan, perfusion=replace(scan.perfusion, pixels=change(np.array(scan.perfusion.pixels))))


def with_density(change: Callable[[FloatArray], FloatArray]) -> Callable[[PerfusionScan], PerfusionScan]:
    """A change of the proton-density images."""

    def spoil(scan: PerfusionScan) -> PerfusionScan:
        if scan.proton_density is None:
            raise ValueError("no proton-density images to spoil")
        changed = replace(scan.proton_density, pixels=change(np.array(scan.proton_density.pixels)))
        return replace(scan, proton_density=changed)

    return spoil


def with_sequence(sequence: Sequence) -> Callable[[PerfusionScan], PerfusionScan]:
    """Another header of the main images."""
    return lambda scan: replace(scan, perfusion=replace(scan.perfusion, sequence=sequence))


def as_gadolinium(change: Callable[[FloatArray], FloatArray]) -> Callable[[PerfusionScan], PerfusionScan]:
    """The scanner's own Gd, changed."""

    def spoil(scan: PerfusionScan) -> PerfusionScan:
        made = to_gadolinium(scan, still(scan), Protocol()).series
        return replace(scan, perfusion=replace(made, pixels=change(np.array(made.pixels))))

    return spoil


def no_numbers(pixels: FloatArray) -> FloatArray:
    """A row of the picture without any."""
    pixels[:, :, 20] = np.nan
    return pixels


BAD: dict[str, Callable[[PerfusionScan], PerfusionScan]] = {
    "as they are": lambda scan: scan,
    "clipped at 70 % of the brightest": with_images(lambda pixels: np.minimum(pixels, 0.7 * pixels.max())),
    "three times as strong": with_images(lambda pixels: 3 * pixels),
    "a fifth as strong": with_images(lambda pixels: 0.2 * pixels),
    "proton density zero": with_density(np.zeros_like),
    "proton density without numbers": with_density(lambda pixels: np.full_like(pixels, np.nan)),
    "some proton density without numbers": with_density(no_numbers),
    "proton density clipped": with_density(lambda pixels: np.minimum(pixels, 0.7 * pixels.max())),
    "a bare header": with_sequence(Sequence()),
    "saturation time shorter than half the readout": with_sequence(Sequence(saturation_time=0.03)),
    "7 T": lambda scan: replace(scan, field_strength_t=7.0),
    "scanner's Gd as it is": as_gadolinium(lambda pixels: pixels),
    "scanner's Gd in umol/L": as_gadolinium(lambda pixels: 1000 * pixels),
    "scanner's Gd 1 mmol/L too low": as_gadolinium(lambda pixels: pixels - 1),
}


if __name__ == "__main__":
    main()
