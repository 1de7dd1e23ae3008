"""Laws of every flow model of the registry, and of the two-compartment one against other groups' curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.signal import lsim

from benchmarks.two_compartments import NAMES, TOLERANCES, Known, fit_osipi, osipi
from operators.flow_mapping import btex, two_compartment
from operators.flow_mapping.delay import STARTS
from operators.flow_mapping.registry import MODELS
from operators.flow_mapping.table import Fitter
from operators.series import FloatArray

STEP = 0.5
TIMES = np.arange(80) * STEP
FINE = 4
FINE_TIMES = np.arange(79 * FINE + 1) * STEP / FINE
HEMATOCRIT = 0.42
NOISE = 0.02


def bolus(times: FloatArray) -> FloatArray:
    after = np.clip(times - 3, 0, None)
    again = np.clip(times - 17, 0, None)
    first = after**3 * np.exp(-after / 1.6)
    return np.asarray(4.2 * (first / 14.9 + 0.12 * (1 - np.exp(-again / 6))))


def tissue(model: str, mbf: FloatArray) -> FloatArray:
    """Curves of a model's own equations, shape (curve, time)."""
    plasma = bolus(FINE_TIMES) / (1 - HEMATOCRIT)
    ones = np.ones_like(mbf)
    solve = two_compartment.tissue_curves if model == "two_compartment" else btex.tissue_curves
    fine = solve(plasma, STEP / FINE, mbf * (1 - HEMATOCRIT), 1.0 * ones, 0.045 * ones, 0.22 * ones)
    return np.asarray(fine[:, ::FINE])


@pytest.mark.parametrize(
    ("flow", "ps", "vp", "visf"), [(0.5, 0.5, 0.04, 0.2), (2.0, 1.0, 0.06, 0.3), (3.0, 0.01, 0.1, 0.1)]
)
def test_the_two_exponentials_solve_the_compartments(flow: float, ps: float, vp: float, visf: float) -> None:
    f, p = flow / 60, ps / 60
    matrix = [[-(f + p) / vp, p / vp], [p / visf, -p / visf]]
    numeric = lsim((matrix, [[f / vp], [0]], [[vp, visf]], [[0]]), bolus(TIMES), TIMES)[1]
    closed = two_compartment.tissue_curves(bolus(TIMES), STEP, *(np.array([one]) for one in (flow, ps, vp, visf)))
    np.testing.assert_allclose(closed[0], numeric, atol=1e-9)


def test_multiplying_all_four_parameters_multiplies_the_curve() -> None:
    values = [np.array([one, 2.5 * one]) for one in (1.2, 0.8, 0.05, 0.25)]
    one, scaled = two_compartment.tissue_curves(bolus(TIMES), STEP, *values)
    np.testing.assert_allclose(scaled, 2.5 * one, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("btex", 0.97, 1.03),
        ("two_compartment", 0.95, 1.05),
        ("fermi", 0.85, 1.15),
        ("deconvolution", 0.9, 1.15),
    ],
)
def test_each_model_finds_flow_within_its_known_bias(name: str, lowest: float, highest: float) -> None:
    mbf = np.array([0.7, 1.5, 3.0])
    late = np.stack([np.interp(TIMES - 0.6, TIMES, one, left=0.0) for one in tissue(name, mbf)])
    fit = MODELS[name](bolus(FINE_TIMES), STEP / FINE, HEMATOCRIT).at(0.6, TIMES).fit(late, 0.002, 8)
    assert ((fit.parameters["flow"] > lowest * mbf) & (fit.parameters["flow"] < highest * mbf)).all()


@pytest.mark.parametrize("model", [btex, two_compartment])
def test_a_look_at_some_entries_finds_the_flow_that_a_look_at_all_finds(model: ModuleType) -> None:
    table = model.make_table(bolus(FINE_TIMES), STEP / FINE, HEMATOCRIT)
    table = replace(table, curves=table.curves[..., ::FINE])
    name = model.__name__.rpartition(".")[2]
    curves = tissue(name, np.geomspace(0.3, 5.0, 200)) + np.random.default_rng(4).normal(0, NOISE / 3, (200, 80))
    some, every = (Fitter(replace(table, stride=n)).fit(curves, NOISE / 3, STARTS) for n in (table.stride, 1))
    assert table.stride > 1
    np.testing.assert_allclose(some.parameters["flow"], every.parameters["flow"], rtol=0.05)
    np.testing.assert_allclose(np.median(some.parameters["flow"] / every.parameters["flow"]), 1, atol=0.001)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_scaling_input_and_tissue_together_leaves_flow_alone(name: str) -> None:
    curves = tissue(name, np.array([0.8, 2.0]))
    one, two = (
        MODELS[name](k * bolus(FINE_TIMES), STEP / FINE, HEMATOCRIT).at(0.0, TIMES).fit(k * curves, k * NOISE, 8)
        for k in (1.0, 2.0)
    )
    np.testing.assert_allclose(one.parameters["flow"], two.parameters["flow"], rtol=0.02)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_intervals_hold_the_truth_about_as_often_as_they_say(name: str) -> None:
    """About the model's own noise-free answer: its bias is another matter."""
    generator = np.random.default_rng(11)
    model = MODELS[name](bolus(FINE_TIMES), STEP / FINE, HEMATOCRIT).at(0.0, TIMES)
    curve = tissue(name, np.array([1.5]))
    sure = model.fit(curve, NOISE, 8).parameters["flow"]
    fit = model.fit(curve + generator.normal(0, NOISE, (500, len(TIMES))), NOISE, 8)
    inside = np.abs(fit.parameters["flow"] - sure) < fit.flow_sd
    assert 0.5 < inside.mean() < 0.99
    assert np.mean(np.abs(fit.parameters["flow"] - sure) < 1.96 * fit.flow_sd) > 0.88


@pytest.mark.parametrize("name", sorted(MODELS))
def test_no_enhancement_is_no_flow(name: str) -> None:
    generator = np.random.default_rng(1)
    curves = generator.normal(0, 0.001, (20, len(TIMES)))
    fit = MODELS[name](bolus(FINE_TIMES), STEP / FINE, HEMATOCRIT).at(0.0, TIMES).fit(curves, 0.002)
    assert fit.parameters["flow"].max() < 0.15


def test_a_smoother_response_is_chosen_for_a_noisier_curve() -> None:
    generator = np.random.default_rng(2)
    model = MODELS["deconvolution"](bolus(FINE_TIMES), STEP / FINE, HEMATOCRIT).at(0.0, TIMES)
    curve = tissue("btex", np.array([2.0]))
    roughness = [
        np.median(np.abs(np.diff(model.fit(curve + generator.normal(0, sd, (60, len(TIMES))), sd).sums, n=2)).sum(1))
        / np.sqrt(sd)
        for sd in (0.001, 0.05)
    ]
    assert roughness[1] < roughness[0]


@pytest.mark.parametrize("delay", [0, 5])
def test_osipi_s_curves_within_its_tolerances(shared_data: Path, delay: int) -> None:
    known = osipi(shared_data, delay)
    found, _ = fit_osipi(known, np.array([float(delay)]))
    for name in NAMES:
        assert known.within(found, name).max() < 1, name


def test_a_tolerance_is_absolute_and_relative() -> None:
    true = {name: np.array([2.0]) for name in NAMES}
    known = Known(np.array([]), STEP, np.array([]), true)
    at_the_edge = {name: np.array([2.0 + absolute + 2 * relative]) for name, (absolute, relative) in TOLERANCES.items()}
    for name in NAMES:
        np.testing.assert_allclose(known.within(at_the_edge, name), 1.0)
