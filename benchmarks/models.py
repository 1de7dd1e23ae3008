"""All flow models on the same curves of known flow: ``python -m benchmarks.models [--studies N] [--write]``.

Slices are drawn as in `benchmarks.flow`: curves of blood-tissue exchange, so that model alone is right about them, and
what the others miss is what they leave out. Intervals are asked whether they hold the truth as often as they say. Then
the models and what a user would pick instead fit the same single pixels, and the two-compartment model meets other
groups' curves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from benchmarks import single_pixels, two_compartments
from benchmarks.known_flow import NOISE, SECTORS, STEP, Input, Study, draw, inputs, mapped, ring_of_sectors
from benchmarks.record import Record, parser
from benchmarks.surroundings import real_series
from operators.aha_sectors.measurement import statistics
from operators.flow_mapping.registry import MODELS
from operators.series import BoolArray, FloatArray, FlowMap

FIRST_SEED = 300
HIGH = 3.0
"""Flow from here on is high [mL/min/g]."""
TITLES = {
    "btex": "blood-tissue exchange",
    "two_compartment": "two-compartment exchange",
    "fermi": "Fermi, first pass",
    "deconvolution": "model-free",
}
LEVELS = np.array([0.5, 0.68, 0.8, 0.9, 0.95, 0.99])


@dataclass(frozen=True)
class Errors:
    """What one model made of all slices; errors of flow are relative."""

    true: FloatArray
    """MBF of the sectors [mL/min/g], shape (sector,)."""
    clean: FloatArray
    """Of the sectors' means, no noise, shape (sector,)."""
    noisy: FloatArray
    """The same with noise, shape (sector,)."""
    spread: FloatArray
    """SD of a sector's pixels over its flow, with noise, shape (sector,)."""
    pixels: FloatArray
    """Error of flow over the SD that is told, with noise, shape (pixel,)."""
    sectors: FloatArray
    """The same of the sectors' means, shape (sector,)."""


def main() -> None:
    """Print the tables."""
    options = parser("Flow models on curves of known flow, and beside other programs.")
    options.add_argument("--studies", type=int, default=8, help="slices an arterial input")
    options.add_argument("--pixels", type=int, default=50, help="that other programs fit too")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    arguments = options.parse_args()
    record = Record("models", "benchmarks.models", arguments.write)
    data = real_series()
    drawn = [
        (aif, draw(np.random.default_rng([arguments.first_seed, number, k]), aif))
        for number, aif in enumerate(inputs(data).values())
        for k in range(arguments.studies)
    ]
    errors = {name: judge(drawn, name, arguments.first_seed) for name in MODELS}
    record.say(
        f"{len(drawn)} slices of six sectors of about a hundred pixels, drawn as above; curves of blood-tissue "
        f"exchange; noise {NOISE} mmol/L a pixel:\n"
    )
    record.table(BIAS, [bias(TITLES[name], one) for name, one in errors.items()])
    record.say("How often the truth lies within 1 and 1.96 SD of what is found (nominal: 68 % and 95 %):\n")
    record.table(COVERAGE, [coverage(TITLES[name], one) for name, one in errors.items()])
    path = record.picture("models.png", "Error by true MBF, and how often intervals hold the truth")
    if path is not None:
        plot(errors, path)
    single_pixels.tell(record, arguments.pixels, drawn, TITLES, np.random.default_rng([arguments.first_seed, 99]))
    if data is not None:
        aif = next(iter(drawn))[0]
        plasma = single_pixels.upsampled(aif, 0.0) / (1 - aif.hematocrit)
        two_compartments.tell(record, data, plasma, STEP, np.random.default_rng([arguments.first_seed, 98]))
    record.close()


BIAS = [
    "model",
    "no noise: median error",
    f"from {HIGH:.0f} mL/min/g on",
    "median of its size",
    "noise: sector bias",
    "limits of agreement",
    "SD of pixels",
]
COVERAGE = [
    "model",
    "pixels, 1 SD",
    "1.96 SD",
    "sector means, 1 SD",
    "1.96 SD",
    "the same less the median error, 1 SD",
    "1.96 SD",
]


def judge(drawn: list[tuple[Input, Study]], model: str, seed: int) -> Errors:
    """Map all slices without and with noise; the same noise for all models."""
    ring, sector = ring_of_sectors()
    parts: list[list[FloatArray]] = [[] for _ in range(5)]
    for number, (aif, study) in enumerate(drawn):
        images = np.zeros((len(aif.times), *ring.shape), np.float32)
        images[:, ring] = study.curves[sector[ring]].T
        noise = np.asarray(np.random.default_rng([seed, 1000 + number]).normal(0, NOISE, images.shape), np.float32)
        clean = mapped(images, aif, ring, model)
        noisy = mapped(images + noise, aif, ring, model)
        flow, sd = noisy.flow[0], noisy.parameters["flow_sd_ml_min_g"][0]
        regions = [ring & (sector == k) for k in range(SECTORS)]
        means, uncertain = regional(noisy, regions)
        parts[0].append(regional(clean, regions)[0] / study.flow - 1)
        parts[1].append(means / study.flow - 1)
        parts[2].append(np.array([spread_of(flow[region]) for region in regions]) / study.flow)
        parts[3].append((flow - study.flow[sector])[ring] / sd[ring])
        parts[4].append((means - study.flow) / uncertain)
    clean_, noisy_, spread, pixels, sectors = (np.concatenate(part) for part in parts)
    true = np.concatenate([study.flow for _, study in drawn])
    return Errors(true, clean_, noisy_, spread, pixels[np.isfinite(pixels)], sectors)


def regional(flow: FlowMap, regions: list[BoolArray]) -> tuple[FloatArray, FloatArray]:
    """Means of regions (row, col) of the only slice and their uncertainties, as reports tell them; NaN: none."""
    told = [statistics(flow, region[None]) for region in regions]
    means = [np.nan if one is None else one.mean for one in told]
    uncertain = [np.nan if one is None or one.uncertainty is None else one.uncertainty for one in told]
    return np.array(means), np.array(uncertain)


def spread_of(values: FloatArray) -> float:
    """SD of the values there are; NaN: none."""
    known = values[np.isfinite(values)]
    return float(known.std()) if len(known) else float("nan")


def bias(title: str, errors: Errors) -> list[str]:
    """Cells of a row; sectors where nothing was found are counted."""
    found = np.isfinite(errors.noisy)
    lost = f" ({(~found).sum()} of {len(found)} sectors without value)" if not found.all() else ""
    mean, spread = np.nanmean(errors.noisy), 1.96 * np.nanstd(errors.noisy)
    return [
        title + lost,
        f"{np.nanmedian(errors.clean):+.1%}",
        f"{np.nanmedian(errors.clean[errors.true >= HIGH]):+.1%}",
        f"{np.nanmedian(np.abs(errors.clean)):.1%}",
        f"{mean:+.1%}",
        f"{mean - spread:+.1%} to {mean + spread:+.1%}",
        f"{np.nanmedian(errors.spread):.0%}",
    ]


def coverage(title: str, errors: Errors) -> list[str]:
    """Cells of a row."""
    sectors = errors.sectors[np.isfinite(errors.sectors)]
    # In units of the SD told, each about its model's own median error.
    known = np.isfinite(errors.noisy) & np.isfinite(errors.sectors)
    sd = (errors.noisy / errors.sectors)[known]
    centred = (errors.noisy[known] - np.median(errors.noisy[known])) / sd
    return [title, *(f"{held(one, k):.0%}" for one in (errors.pixels, sectors, centred) for k in (1.0, 1.96))]


def held(errors: FloatArray, sds: float) -> float:
    """Part of errors, in units of their SD, that is no larger."""
    return float(np.mean(np.abs(errors) <= sds))


def plot(errors: dict[str, Errors], path: Path) -> None:
    """Error of sectors' means by true flow without noise; part of intervals that hold the truth by their level."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, one in errors.items():
        left.plot(one.true, 100 * one.clean, ".", markersize=3, label=TITLES[name])
        sds = norm.ppf(0.5 + LEVELS / 2)
        (line,) = right.plot(100 * LEVELS, [100 * held(one.pixels, k) for k in sds], label=f"{TITLES[name]}: pixels")
        sectors = one.sectors[np.isfinite(one.sectors)]
        right.plot(100 * LEVELS, [100 * held(sectors, k) for k in sds], ":", color=line.get_color())
    left.axhline(0, color="0.6", linewidth=0.8)
    left.set(title="sector means, no noise", xlabel="true MBF [mL/min/g]", ylabel="error [%]", ylim=(-60, 100))
    right.plot([50, 100], [50, 100], color="0.6", linewidth=0.8)
    right.set(title="dotted: sector means", xlabel="nominal [%]", ylabel="intervals that hold the truth [%]")
    left.legend(fontsize=7)
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
