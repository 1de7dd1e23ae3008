"""Flow from tissue curves of known flow: ``python -m benchmarks.flow [--studies N] [--write]``.

The curves are those of `benchmarks.known_flow`. Where the real series are, another group's curves of known flow and a
real slice with a published map follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import pearsonr, spearmanr

from benchmarks.known_flow import (
    NOISE,
    REAL,
    SECTORS,
    STEP,
    Input,
    Study,
    draw,
    inputs,
    mapped,
    measured,
    ring_of_sectors,
)
from benchmarks.record import Record, parser
from benchmarks.surroundings import published_slices, real_series
from operators.flow_mapping import btex
from operators.flow_mapping.delay import STARTS
from operators.flow_mapping.table import Fitter
from operators.series import FloatArray

FIRST_SEED = 100
RESTING = 1.5
"""Flow below which curves of known flow are like a slice at rest [mL/min/g]: a late start does less to more flow."""
LATER = (0.1, 0.25, 0.5)
"""By which blood reaches one sector later than the others [s]."""


@dataclass(frozen=True)
class Found:
    """What the fit says, studies one after the other."""

    true: FloatArray
    """MBF [mL/min/g], shape (sector,)."""
    mean: FloatArray
    """Of each sector's pixels, shape (sector,)."""
    spread: FloatArray
    """SD of each sector's pixels, shape (sector,)."""
    late: FloatArray
    """Delay found less the true one [s], shape (study,)."""

    @property
    def error(self) -> FloatArray:
        """Relative error of the sectors' means."""
        return np.asarray(self.mean / self.true - 1)


def main() -> None:
    """Print the tables."""
    options = parser("Accuracy of flow on curves of known flow.")
    options.add_argument("--studies", type=int, default=30, help="slices an arterial input")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    options.add_argument("--model", default="btex")
    arguments = options.parse_args()
    record = Record("flow", "benchmarks.flow", arguments.write)
    data = real_series()
    rows, scatter = [], []
    for number, (name, aif) in enumerate(inputs(data).items()):
        random = np.random.default_rng([arguments.first_seed, number])
        studies = [draw(random, aif) for _ in range(arguments.studies)]
        clean = find(studies, aif, arguments.model)
        noisy = find(studies, aif, arguments.model, random)
        rows.append([name, *numbers(clean, noisy)])
        scatter.append((name, clean, noisy))
    record.say(
        f"{arguments.studies} slices of six sectors for each input, MBF 0.5 to 5 mL/min/g, PS 0.35 to 2, Vp 0.03 to "
        f"0.08, Visf 0.15 to 0.30, delay 0 to 3 s. Noise of {NOISE} mmol/L a pixel; about a hundred pixels a sector.\n"
    )
    record.table(NAMES, rows)
    path = record.picture("flow.png", "Error of MBF by true MBF")
    if path is not None:
        plot(scatter, path)
    tell_later(record, arguments.studies, arguments.first_seed, arguments.model, inputs(data))
    if data is not None:
        compare(record, data, arguments.studies)
    record.close()


NAMES = [
    "arterial input",
    "no noise: median error",
    "median of its size",
    "noise: sector bias",
    "limits of agreement",
    "SD of pixels",
    "delay error, mean ± SD",
    "no value: sectors without, with noise",
]


def numbers(clean: Found, noisy: Found) -> list[str]:
    """Cells of a row."""
    spread = 1.96 * np.nanstd(noisy.error)
    bias = np.nanmean(noisy.error)
    missing = [int(np.isnan(found.error).sum()) for found in (clean, noisy)]
    return [
        f"{np.nanmedian(clean.error):+.1%}",
        f"{np.nanmedian(np.abs(clean.error)):.1%}",
        f"{bias:+.1%}",
        f"{bias - spread:+.1%} to {bias + spread:+.1%}",
        f"{np.nanmedian(noisy.spread / noisy.true):.0%}",
        f"{noisy.late.mean():+.2f} ± {noisy.late.std():.2f} s",
        " / ".join(map(str, missing)),
    ]


def find(studies: list[Study], aif: Input, model: str, random: np.random.Generator | None = None) -> Found:
    """What the chain's flow mapping finds, with noise if `random` is given."""
    ring, sector = ring_of_sectors()
    maps = []
    for study in studies:
        images = np.zeros((len(aif.times), *ring.shape), np.float32)
        images[:, ring] = study.curves[sector[ring]].T
        if random is not None:
            images += np.asarray(random.normal(0, NOISE, images.shape), np.float32)
        maps.append(mapped(images, aif, ring, model))
    parts = [[one.flow[0][ring & (sector == k)] for k in range(SECTORS)] for one in maps]
    return Found(
        true=np.concatenate([study.flow for study in studies]),
        mean=np.array([np.nanmean(part) for one in parts for part in one]),
        spread=np.array([np.nanstd(part) for one in parts for part in one]),
        late=np.array([one.delay[0] - study.delay for one, study in zip(maps, studies, strict=True)]),
    )


def tell_later(record: Record, n_studies: int, seed: int, model: str, by_name: Mapping[str, Input]) -> None:
    """One sector of the wall is reached later than the others."""
    rows = []
    for name, aif in by_name.items():
        for later in LATER:
            random = np.random.default_rng([seed, round(100 * later)])
            found = find([draw(random, aif, later) for _ in range(n_studies)], aif, model, random)
            error = found.error.reshape(n_studies, SECTORS)
            spread = [spread_of(part) for part in (error[:, 0], error[:, 1:])]
            rows.append([name, f"{later:g} s", *spread, f"{found.late.mean():+.2f} s"])
    record.say(
        "The same slices with noise, but blood reaches one of the six sectors later than the others: errors of flow, "
        "median and 80 % of the sectors.\n"
    )
    heads = ["arterial input", "later by", "that sector", "the others", "delay found, less the others'"]
    record.table(heads, rows)


def spread_of(error: FloatArray) -> str:
    """Median and 80 % of relative errors, and how many sectors have no value."""
    known = error[np.isfinite(error)]
    low, middle, high = np.quantile(known, [0.1, 0.5, 0.9])
    missing = f", {error.size - known.size} without value" if known.size < error.size else ""
    return f"{middle:+.0%} ({low:+.0%} to {high:+.0%}){missing}"


def compare(record: Record, data: Path, n_studies: int) -> None:
    """Another group's curves of known flow, and the real slice with a published map."""
    known = np.load(data / REAL[1])
    aif = Input.of_samples(known["aif"], float(known["hct"]))
    true = known["params"][..., 0]
    found = mapped(np.moveaxis(known["tissue"], -1, 0), aif, np.ones(true.shape, bool), "btex")
    theirs = np.load(data / "btex_dro" / "qperf_exe_mbf_stressaif.npy")
    rows = [
        [name, f"{np.median(one / true - 1):+.1%}", f"{np.median(np.abs(one / true - 1)):.1%}", delay]
        for name, one, delay in (("this", found.flow[0], f"{found.delay[0]:.2f} s"), ("published program", theirs, ""))
    ]
    record.say("Noise-free curves of known flow made elsewhere (360, a real stress input):\n")
    record.table(["program", "median error", "median of its size", "delay found"], rows)

    for name, file in published_slices(data):
        tell_published(record, name, np.load(file), n_studies)


def tell_published(record: Record, state: str, real: Mapping[str, FloatArray], n_studies: int) -> None:
    """A real slice with a published map: by the chain's rules, and with curves as that map's program takes them.

    Each way also reads curves of known flow, of this input and the delay that was found.
    """
    ring, published = real["ring_mask"] > 0, real["mbf_reference"][real["ring_mask"] > 0]
    samples, hematocrit, foot = real["aif"], float(real["hematocrit"]), int(real["foot"])
    flow = mapped(real["gd"], Input.of_samples(samples, hematocrit), ring, "btex")
    delay, random = float(flow.delay[0]), np.random.default_rng([FIRST_SEED, foot])
    aif = measured(samples, hematocrit)
    studies = [draw(random, aif, delay=delay) for _ in range(n_studies)]
    known, true = np.concatenate([one.curves for one in studies]), np.concatenate([one.flow for one in studies])
    resting = published.mean() < RESTING
    alike = (true < RESTING) == resting

    def bias(of_known: FloatArray) -> float:
        return float(np.nanmedian((of_known / true)[alike])) - 1

    def row(name: str, ours: FloatArray, of_known: FloatArray, delay: float) -> list[str]:
        return [*published_row(name, ours, published, delay), f"{bias(of_known):+.0%}"]

    rows = [row("from the onset found", flow.flow[0][ring], find(studies, aif, "btex").mean, delay)]
    high = []
    for name, start in (("cut at the stored foot", foot), ("cut a frame before it", foot - 1)):
        ours, of_known = (cut(samples, curves, start, hematocrit) for curves in (real["gd"][:, ring].T, known))
        what = f"{name}, the values there subtracted from input and tissue, no delay"
        rows.append(row(what, ours, of_known, 0.0))
        high.append(bias(of_known))
    record.say(f"A real slice at {state} whose published map has a mean of {published.mean():.2f} in the drawn ring:\n")
    heads = ["curves", "mean in the ring", "to the published", "r", "rank r", "delay"]
    record.table([*heads, f"reads known flow {'below' if resting else 'from'} {RESTING:g} mL/min/g by"], rows)
    less, found = published.mean() / (1 + high[0]), np.nanmean(flow.flow[0][ring])
    record.say(
        f"Less the {high[0]:.0%} that the stored foot brings to known flow, the published mean is {less:.2f}; beside "
        f"it the mean from the onset found is {found / less - 1:+.0%}.\n"
    )


def cut(samples: FloatArray, curves: FloatArray, start: int, hematocrit: float) -> FloatArray:
    """Flow of curves (curve, time) as the published map's program takes them: from `start` on, less what is there."""
    aif = np.maximum(samples[start:] - samples[start], 0)
    table = btex.make_table(aif, STEP, hematocrit)
    return Fitter(table).fit(curves[:, start:] - curves[:, [start]], NOISE, STARTS).parameters["flow"]


def published_row(name: str, ours: FloatArray, published: FloatArray, delay: float) -> list[str]:
    """Flow of the ring's pixels beside the published."""
    both = np.isfinite(ours)
    mean, r = ours[both].mean(), pearsonr(ours[both], published[both]).statistic
    rank = spearmanr(ours[both], published[both]).statistic
    return [name, f"{mean:.2f}", f"{mean / published.mean() - 1:+.0%}", f"{r:.2f}", f"{rank:.2f}", f"{delay:.2f} s"]


def plot(scatter: list[tuple[str, Found, Found]], path: Path) -> None:
    """Relative error of each sector's mean by its true flow, without and with noise."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    for name, *both in scatter:
        for axis, found in zip(axes, both, strict=True):
            axis.plot(found.true, 100 * found.error, ".", markersize=3, label=name)
    for axis, title in zip(axes, ("no noise", f"sector means, noise {NOISE} mmol/L"), strict=True):
        axis.axhline(0, color="0.6", linewidth=0.8)
        axis.set(title=title, xlabel="true MBF [mL/min/g]", ylim=(-25, 25))
    axes[0].set_ylabel("error [%]")
    axes[0].legend(fontsize=7)
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
