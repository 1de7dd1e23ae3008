"""How Gd changes where one thing differs from what the conversion assumes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.bloch import Reality
from benchmarks.gadolinium_scans import Actual, Setting, convert, convert_over_baseline, ratio, settings
from benchmarks.record import Record
from operators.gadolinium.parameters import CONSTANTS, Tissue
from operators.series import FloatArray

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


def plot_sensitivity(record: Record) -> None:
    """Change of Gd over its true value, at 1.5 T."""
    path = record.picture("gadolinium.png", "Change of Gd by what differs from what is assumed, over true Gd")
    if path is None:
        return
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
