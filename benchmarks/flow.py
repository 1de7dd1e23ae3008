"""Flow from tissue curves of known flow: ``python -m benchmarks.flow [--studies N] [--write]``.

Curves come from a finite-volume solution of the blood-tissue-exchange equations, which shares nothing with the fit. A
study here is one slice: a ring of six sectors of about a hundred pixels, a parameter set each, and one delay. The
arterial inputs are simulated ones of three widths and, where the real series are, the measured ones beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import torch
from scipy.interpolate import PchipInterpolator
from scipy.stats import pearsonr, spearmanr

from benchmarks.record import Record, parser
from benchmarks.surroundings import real_series
from operators.arterial_input.onset import find_first_pass
from operators.flow_mapping import btex
from operators.flow_mapping.delay import STARTS
from operators.flow_mapping.mapping import map_flow
from operators.flow_mapping.table import Fitter
from operators.resampling.regular_grid import STEP as GRID
from operators.resampling.regular_grid import regular
from operators.series import ArterialInput, BoolArray, FloatArray, FlowMap, ResampledSeries
from perf_app.phantom.bolus import Bolus, blood_curves, time_grid
from perf_app.phantom.capillary import Exchange, solve

FIRST_SEED = 100
HEMATOCRIT = 0.42
STEP = 0.5
FINE = 0.05
"""Of the simulation [s]."""
NOISE = 0.02
"""SD of a sample of a pixel [mmol/L], as measured in patients."""
RANGES = {"flow": (0.5, 5.0), "ps": (0.35, 2.0), "vp": (0.03, 0.08), "visf": (0.15, 0.30)}
DELAY = (0.0, 3.0)
SECTORS = 6
BOLUSES = {
    "simulated, narrow": Bolus(arrival=6.0, rise=1.4, steepness=3.5, lung_transit=3.4, peak=4.0),
    "simulated, middle": Bolus(arrival=6.0, rise=2.0, steepness=3.0, lung_transit=4.5, peak=4.5),
    "simulated, wide": Bolus(arrival=6.0, rise=2.8, steepness=2.5, lung_transit=6.4, peak=4.8),
}


@dataclass(frozen=True)
class Input:
    """An arterial input, whole blood [mmol/L]."""

    fine: FloatArray
    """Every `FINE` seconds, zero before the bolus, shape (time,)."""
    hematocrit: float = HEMATOCRIT

    @property
    def times(self) -> FloatArray:
        """Of the samples that a scan takes [s]."""
        return np.asarray(np.arange(len(self.samples)) * STEP)

    @property
    def samples(self) -> FloatArray:
        """What a scan measures."""
        return self.fine[:: round(STEP / FINE)]


@dataclass(frozen=True)
class Study:
    """One slice of known flow."""

    flow: FloatArray
    """MBF [mL/min/g], shape (sector,)."""
    curves: FloatArray
    """[mmol/L], shape (sector, time)."""
    delay: float
    """[s]"""


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
    if data is not None:
        compare(record, data)
    record.close()


NAMES = [
    "arterial input",
    "no noise: median error",
    "median of its size",
    "noise: sector bias",
    "limits of agreement",
    "SD of pixels",
    "delay error, mean ± SD",
]


def numbers(clean: Found, noisy: Found) -> list[str]:
    """Cells of a row."""
    spread = 1.96 * noisy.error.std()
    bias = noisy.error.mean()
    return [
        f"{np.median(clean.error):+.1%}",
        f"{np.median(np.abs(clean.error)):.1%}",
        f"{bias:+.1%}",
        f"{bias - spread:+.1%} to {bias + spread:+.1%}",
        f"{np.median(noisy.spread / noisy.true):.0%}",
        f"{noisy.late.mean():+.2f} ± {noisy.late.std():.2f} s",
    ]


def inputs(data: Path | None) -> dict[str, Input]:
    """Arterial inputs by name."""
    times = time_grid(0.0, 45.0, FINE)
    found = {name: Input(blood_curves(bolus, times)[1].numpy()) for name, bolus in BOLUSES.items()}
    if data is not None:
        rest, stress = (np.load(data / name) for name in REAL)
        found["real, stress"] = measured(stress["aif"], float(stress["hct"]))
        found["real, rest"] = measured(rest["aif"], float(rest["hematocrit"]))
    return found


REAL = ("qperf/rest_gd.npz", "btex_dro/btex_dro_stressaif.npz")


def measured(samples: FloatArray, hematocrit: float) -> Input:
    """A measured input, smooth between its samples (PCHIP), above its baseline and zero before its onset."""
    coarse = np.arange(len(samples)) * STEP
    first = find_first_pass(samples, coarse)
    start = int(first.onset / STEP)
    above = np.maximum(samples - first.baseline, 0.0)
    above[: start + 1] = 0.0
    return Input(PchipInterpolator(coarse, above)(np.arange(0, coarse[-1] + FINE / 2, FINE)), hematocrit)


def draw(random: np.random.Generator, aif: Input) -> Study:
    """One slice; its sectors differ in all but the delay."""
    level = random.uniform(*RANGES["flow"])
    flow = np.clip(level * random.uniform(0.7, 1.3, SECTORS), *RANGES["flow"])
    ps, vp, visf = (torch.from_numpy(random.uniform(*RANGES[name], SECTORS)) for name in ("ps", "vp", "visf"))
    delay = random.uniform(*DELAY)
    exchange = Exchange(torch.from_numpy(flow * (1 - aif.hematocrit)), ps, vp, visf)
    content = solve(torch.from_numpy(aif.fine / (1 - aif.hematocrit)), FINE, exchange, n_cells=30).content.numpy()
    grid = np.arange(content.shape[1]) * FINE
    curves = np.stack([np.interp(aif.times - delay, grid, one, left=0.0) for one in content])
    return Study(flow, curves, delay)


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


def mapped(images: FloatArray, aif: Input, wall: BoolArray, model: str) -> FlowMap:
    """The flow map of one slice, shape (time, row, col)."""
    onset = find_first_pass(aif.samples, aif.times).onset
    arterial_input = ArterialInput("file", aif.times, aif.samples, "mmol/L", onset)
    times = np.arange(0.0, aif.times[-1] + GRID, GRID)
    series = ResampledSeries(times, regular(arterial_input, times), aif.times[None], images[None], "mmol/L")
    return map_flow([(series, arterial_input, wall[None])], aif.hematocrit, model)[0]


def compare(record: Record, data: Path) -> None:
    """Another group's curves of known flow, and the real slice with a published map."""
    known = np.load(data / REAL[1])
    aif = Input(np.repeat(known["aif"], round(STEP / FINE)), float(known["hct"]))
    true = known["params"][..., 0]
    found = mapped(np.moveaxis(known["tissue"], -1, 0), aif, np.ones(true.shape, bool), "btex")
    theirs = np.load(data / "btex_dro" / "qperf_exe_mbf_stressaif.npy")
    rows = [
        [name, f"{np.median(one / true - 1):+.1%}", f"{np.median(np.abs(one / true - 1)):.1%}", delay]
        for name, one, delay in (("this", found.flow[0], f"{found.delay[0]:.2f} s"), ("published program", theirs, ""))
    ]
    record.say("Noise-free curves of known flow made elsewhere (360, a real stress input):\n")
    record.table(["program", "median error", "median of its size", "delay found"], rows)

    tell_published(record, np.load(data / REAL[0]))


def tell_published(record: Record, real: Mapping[str, FloatArray]) -> None:
    """The real slice with a published map: by the chain's rules, and with curves as that map's program takes them."""
    ring, published = real["ring_mask"] > 0, real["mbf_reference"][real["ring_mask"] > 0]
    hematocrit, foot = float(real["hematocrit"]), int(real["foot"])
    flow = mapped(real["gd"], Input(np.repeat(real["aif"], round(STEP / FINE)), hematocrit), ring, "btex")
    rows = [published_row("from the onset found", flow.flow[0][ring], published, flow.delay[0])]
    for name, start in (("cut at the stored foot", foot), ("cut a frame before it", foot - 1)):
        aif = np.maximum(real["aif"][start:] - real["aif"][start], 0)
        curves = (real["gd"][start:] - real["gd"][start])[:, ring].T
        fit = Fitter(btex.make_table(aif, STEP, hematocrit)).fit(curves, NOISE, STARTS)
        what = f"{name}, the values there subtracted from input and tissue, no delay"
        rows.append(published_row(what, fit.parameters["flow"], published, 0.0))
    record.say(f"A real slice at rest whose published map has a mean of {published.mean():.2f} in the drawn ring:\n")
    record.table(["curves", "mean in the ring", "to the published", "r", "rank r", "delay"], rows)


def published_row(name: str, ours: FloatArray, published: FloatArray, delay: float) -> list[str]:
    """Flow of the ring's pixels beside the published."""
    both = np.isfinite(ours)
    mean, r = ours[both].mean(), pearsonr(ours[both], published[both]).statistic
    rank = spearmanr(ours[both], published[both]).statistic
    return [name, f"{mean:.2f}", f"{mean / published.mean() - 1:+.0%}", f"{r:.2f}", f"{rank:.2f}", f"{delay:.2f} s"]


def ring_of_sectors() -> tuple[BoolArray, npt.NDArray[np.intp]]:
    """A ring and the number of its sector for each pixel, shape (row, col)."""
    row, col = np.mgrid[-20:21, -20:21]
    radius, angle = np.hypot(row, col), np.arctan2(row, col)
    sector = np.floor((angle + np.pi) / (2 * np.pi) * SECTORS)
    return (radius > 12.5) & (radius < 19), np.asarray(sector, np.intp) % SECTORS


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
