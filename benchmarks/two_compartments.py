"""The two-compartment model against other groups' curves; `benchmarks.models` prints the tables.

OSIPI's curves have an arterial input of plasma, so the hematocrit here is 0, and their flow is the plasma's in
mL/100mL/min: a hundredth of it in mL/mL/min. Their flows lie below the heart's, so the table has axes of its own, and
no priors. The curves of van Herten et al. (Med Image Anal 2022) are made again by their rule, which is in arbitrary
units and takes sums for integrals: at 1.2 s between samples that is another model, so the fitted one follows the rule.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.signal import lsim

from benchmarks.record import Record
from operators.flow_mapping import two_compartment
from operators.flow_mapping.delay import delayed
from operators.flow_mapping.sampling import sample
from operators.flow_mapping.table import Fit, Fitter, Table
from operators.resampling.regular_grid import STEP as GRID
from operators.series import FloatArray

NAMES = ("flow", "ps_ml_min_g", "vp_ml_g", "visf_ml_g")
"""Of what is fitted."""
TOLERANCES = {"flow": (0.05, 0.1), "ps_ml_min_g": (0.005, 0.1), "vp_ml_g": (0.025, 0.0), "visf_ml_g": (0.05, 0.0)}
"""OSIPI's, absolute and relative."""
OSIPI_AXES = (
    np.log(np.geomspace(0.25, 40.0, 34)),
    np.log(np.geomspace(0.25, 15.0, 18)),
    np.log(np.geomspace(0.5, 20.0, 14)),
)
WIDE_AXES = (
    np.log(np.geomspace(0.3, 250.0, 26)),
    np.log(np.geomspace(0.3, 160.0, 18)),
    np.log(np.geomspace(0.3, 35.0, 14)),
)
"""Of the tables for van Herten's curves: they go beyond what the usual one expects of a heart."""
OSIPI_NOISE = 0.001
EVERYWHERE = 500
"""Starts: without priors the minimum lies in a long valley."""
REFERENCE_STEP = 1.2
"""Of van Herten's curves [s]."""
REFERENCE_SNR = 17.5
"""In dB, of the curves' mean to the noise's variance, in their arbitrary units."""
REFERENCE_VALUES = ((0.5, 1.0, 1.5, 2.0), (0.5, 1.5, 2.5), (0.02, 0.05, 0.1, 0.2), (0.1, 0.2, 0.5))
"""Of plasma flow, PS, Vp and Vi."""


@dataclass(frozen=True)
class Known:
    """Curves of known parameters."""

    aif: FloatArray
    """Of plasma, shape (time,)."""
    step: float
    """[s]"""
    curves: FloatArray
    """Shape (curve, time)."""
    parameters: dict[str, FloatArray]
    """The true ones by name, shape (curve,) each."""

    def within(self, found: dict[str, FloatArray], name: str) -> FloatArray:
        """Error in units of OSIPI's tolerance, shape (curve,)."""
        true = self.parameters[name]
        absolute, relative = TOLERANCES[name]
        return np.asarray(np.abs(found[name] - true) / (absolute + relative * true))


def without_priors(table: Table) -> Table:
    """A table that knows nothing before it looks."""
    return replace(table, parameters=tuple(replace(one, prior=None, near=None) for one in table.parameters))


def osipi(data: Path, delay: int) -> Known:
    """OSIPI's two-compartment curves that come 0 or 5 s late."""
    csv.field_size_limit(1_000_000)
    with (data / "osipi" / f"2cxm_sd_0.001_delay_{delay}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times, aif = (np.array(rows[0][name].split(), float) for name in ("t", "cp_aif"))
    scales = dict(zip(NAMES, (("fp", 0.01), ("ps", 1.0), ("vp", 1.0), ("ve", 1.0)), strict=True))
    true = {name: np.array([scale * float(row[key]) for row in rows]) for name, (key, scale) in scales.items()}
    curves = np.stack([np.array(row["C_t"].split(), float) for row in rows])
    return Known(aif, float(times[1] - times[0]), curves, true)


def fit_osipi(known: Known, delays: FloatArray) -> tuple[dict[str, FloatArray], FloatArray]:
    """Parameters of each curve at the one of the delays [s] that describes it best, and that delay."""
    times = np.arange(len(known.aif)) * known.step
    fits: list[Fit] = []
    for delay in delays:
        late = np.interp(times - delay, times, known.aif, left=0.0)
        table = two_compartment.make_table(late, known.step, 0.0, OSIPI_AXES)
        fits.append(Fitter(without_priors(table)).fit(known.curves, OSIPI_NOISE, EVERYWHERE))
    best = np.argmin([fit.cost for fit in fits], axis=0)
    each = np.arange(len(best))
    return {name: np.array([fit.parameters[name] for fit in fits])[best, each] for name in NAMES}, delays[best]


def solved(aif: FloatArray, step: float, flow: float, ps: float, vp: float, visf: float) -> FloatArray:
    """The compartments' equations by a state-space solver, for an input linear between its samples, shape (time,)."""
    f, p = flow / 60, ps / 60
    system = [[-(f + p) / vp, p / vp], [p / visf, -p / visf]], [[f / vp], [0.0]], [[vp, visf]], [[0.0]]
    return np.asarray(lsim(system, aif, np.arange(len(aif)) * step)[1])


def patients(data: Path, aif: FloatArray, step: float) -> Known:
    """Curves of the 128 segments of van Herten's eight patients for a plasma input on a fine grid."""
    files = dict(zip(NAMES, ("flows", "perms", "vps", "ves"), strict=True))
    true = {name: np.load(data / "myo_pinn" / f"{file}.npy").ravel().astype(float) for name, file in files.items()}
    curves = np.stack([solved(aif, step, *values) for values in zip(*true.values(), strict=True)])
    return Known(aif, step, curves, true)


def by_sums(
    aif: FloatArray, step: float, flow: FloatArray, ps: FloatArray, vp: FloatArray, visf: FloatArray
) -> FloatArray:
    """Tissue curves with the convolution's integral taken as a plain sum, shape (curve, time)."""
    rates, times = (flow + ps) / vp + ps / visf, np.arange(len(aif)) * step / 60
    spread = np.sqrt(rates**2 - 4 * flow / vp * ps / visf)
    fast, slow = (rates + spread) / 2, (rates - spread) / 2
    share = (flow / vp - slow) / spread
    residue = share[:, None] * np.exp(-fast[:, None] * times) + (1 - share[:, None]) * np.exp(-slow[:, None] * times)
    padded = 2 * len(aif)
    summed = np.fft.irfft(np.fft.rfft(residue, padded) * np.fft.rfft(aif, padded), padded, axis=1)[:, : len(aif)]
    return np.asarray(step / 60 * flow[:, None] * summed)


def reference_object(random: np.random.Generator) -> tuple[Known, FloatArray, float]:
    """Van Herten's reference object made again, ten curves a set of parameters; its input's peak is 1.

    Returns:
        The noise-free curves, the noisy ones, and the SD of the noise.
    """
    times = np.arange(100) * REFERENCE_STEP / 60
    aif = 1e5 / 3 * times**2 * np.exp(-times / 0.1)
    grids = np.meshgrid(*REFERENCE_VALUES, np.arange(10), indexing="ij")[:4]
    true = dict(zip(NAMES, (values.ravel() for values in grids), strict=True))
    curves = by_sums(aif, REFERENCE_STEP, *true.values())
    noise = float(np.sqrt(curves.mean() / 10 ** (REFERENCE_SNR / 10)) / aif.max())
    known = Known(aif / aif.max(), REFERENCE_STEP, curves / aif.max(), true)
    return known, known.curves + random.normal(0, noise, curves.shape), noise


def fit_reference_object(known: Known, curves: FloatArray, noise: float) -> dict[str, FloatArray]:
    """Parameters of the reference object's curves, by a table that follows its rule and knows nothing before."""
    wide = two_compartment.make_table(known.aif, known.step, 0.0, WIDE_AXES)
    ratios = (np.exp(values).ravel() for values in np.meshgrid(*wide.axes, indexing="ij"))
    flow, ps, visf = ratios
    ruled = by_sums(known.aif, known.step, flow, ps, np.ones_like(flow), visf)
    table = replace(without_priors(wide), curves=ruled.reshape(wide.curves.shape))
    return Fitter(table).fit(curves, noise, EVERYWHERE // 10).parameters


def published_fits(data: Path) -> tuple[dict[str, FloatArray], Known]:
    """Van Herten's own least-squares fits to their reference object, and its parameters."""
    files = [data / "myo_pinn" / f"analytical_SNR_17,5_PS_{k}.npy" for k in range(3)]
    # Shape (PS, flow, Vi and Vp, parameter): tens of rows by flow, tens of columns by Vp within Vi.
    fits = np.stack([np.load(file)[:, :, 0] for file in files]).astype(float)
    flows, exchanges, plasmas, interstitia = (np.array(values) for values in REFERENCE_VALUES)
    true = {
        "flow": np.repeat(flows, 10)[None, :, None],
        "ps_ml_min_g": exchanges[:, None, None],
        "vp_ml_g": np.tile(np.repeat(plasmas, 10), 3)[None, None],
        "visf_ml_g": np.repeat(interstitia, 40)[None, None],
    }
    shape = fits.shape[:-1]
    flat = {name: np.broadcast_to(values, shape).ravel() for name, values in true.items()}
    order = {"flow": 0, "vp_ml_g": 1, "visf_ml_g": 2, "ps_ml_min_g": 3}
    return {name: fits[..., order[name]].ravel() for name in NAMES}, Known(np.array([]), REFERENCE_STEP, fits, flat)


def tell(record: Record, data: Path, aif: FloatArray, step: float, random: np.random.Generator) -> None:
    """Print the tables.

    Args:
        record: of the benchmark.
        data: folder of the real series and references.
        aif: of plasma in a heart, every `GRID` seconds, shape (time,).
        step: between the samples of the patients' curves [s].
        random: draws the noise.
    """
    rows = []
    for late in (0, 5):
        known = osipi(data, late)
        found, delays = fit_osipi(known, np.array([0.0]) if late == 0 else np.arange(0.0, 8.1, 0.5))
        told = f"{np.abs(delays - late).max():.1f} s" if late else "given"
        rows.append([f"OSIPI, {late} s late (24)", *worst(known, found), told])
    fine, times = patients(data, aif, GRID), np.arange(0.0, len(aif) * GRID, step)
    sampled = replace(fine, curves=sample(fine.curves, GRID, times), step=step)
    table = delayed(two_compartment.make_table(aif, GRID, 0.0, WIDE_AXES), GRID, times, 0.0)
    found = Fitter(without_priors(table)).fit(sampled.curves, 1e-3, EVERYWHERE).parameters
    rows.append(["patients' segments (128)", *worst(sampled, found), "given"])
    record.say(
        "The two-compartment model without priors on other groups' curves: largest error over OSIPI's tolerance "
        "(flow 0.05 mL/mL/min + 10 %, PS 0.005 + 10 %, Vp 0.025, Vi 0.05; delay 1 s):\n"
    )
    record.table(["curves", "F", "PS", "Vp", "Vi", "delay: largest error"], rows)

    known, noisy, noise = reference_object(random)
    theirs, truth = published_fits(data)
    rows = [
        [name, *(medians(one, true.parameters, key) for key in NAMES)]
        for name, one, true in (
            ("this, no noise", fit_reference_object(known, known.curves, noise), known),
            ("this", fit_reference_object(known, noisy, noise), known),
            ("published least squares", theirs, truth),
        )
    ]
    record.say("The myocardial reference object at 17.5 dB: median error and median of its size:\n")
    record.table(["fit", "F", "PS", "Vp", "Vi"], rows)


def worst(known: Known, found: dict[str, FloatArray]) -> list[str]:
    """Cells: of each parameter, the largest error over its tolerance, and how many curves miss it."""
    errors = [known.within(found, name) for name in NAMES]
    return [f"{one.max():.2f}" + (f" ({(one > 1).sum()} miss)" if one.max() > 1 else "") for one in errors]


def medians(found: dict[str, FloatArray], true: dict[str, FloatArray], name: str) -> str:
    """A cell: median relative error and median of its size."""
    error = found[name] / true[name] - 1
    return f"{np.median(error):+.1%}, {np.median(np.abs(error)):.1%}"
