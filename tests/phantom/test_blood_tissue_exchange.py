"""Laws of the bolus and of blood-tissue exchange that digital patients are made with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from perf_app.phantom.bolus import Bolus, blood_curves, convolve, gamma_density, time_grid
from perf_app.phantom.capillary import Exchange, solve

STEP = 0.1
BOLUS = Bolus(arrival=3.0, rise=2.2, steepness=3.0, lung_transit=4.5, peak=4.4)
TIMES = time_grid(-2.0, 40.0, STEP)
INFLOW = blood_curves(BOLUS, TIMES)[1] / 0.58


def tissue(flow: float = 1.2, ps: float = 1.0, vp: float = 0.045, vi: float = 0.22) -> Exchange:
    return Exchange(*(torch.tensor([value]) for value in (flow, ps, vp, vi)))


def scaled(exchange: Exchange, factor: float) -> Exchange:
    parts = (
        exchange.plasma_flow,
        exchange.permeability,
        exchange.plasma_volume,
        exchange.interstitial_volume,
    )
    return Exchange(*(factor * part for part in parts))


def upslope(content: Tensor) -> float:
    return float(content.diff().max() / STEP)


def test_no_flow_brings_no_contrast() -> None:
    uptake = solve(INFLOW, STEP, tissue(flow=0.0))
    assert uptake.content.abs().max() == 0
    assert uptake.left.abs().max() == 0


@settings(max_examples=15, deadline=None)
@given(flow=st.floats(0.05, 3.0), ps=st.floats(0.0, 2.0), vp=st.floats(0.02, 0.1), vi=st.floats(0.1, 0.5))
def test_what_came_in_is_inside_or_has_left(flow: float, ps: float, vp: float, vi: float) -> None:
    uptake = solve(INFLOW, STEP, tissue(flow, ps, vp, vi))
    entered = flow / 60 * torch.cumulative_trapezoid(INFLOW, dx=STEP)
    torch.testing.assert_close(uptake.content[0, 1:] + uptake.left[0, 1:], entered, rtol=1e-5, atol=1e-9)
    assert uptake.content.min() > -1e-4 * uptake.content.max()


@pytest.mark.parametrize("flow", [0.3, 0.6, 1.2])
def test_doubling_flow_raises_the_upslope(flow: float) -> None:
    slow, fast = (solve(INFLOW, STEP, tissue(flow=f)).content for f in (flow, 2 * flow))
    assert 1.2 * upslope(slow) < upslope(fast) < 2.0 * upslope(slow)


def test_everything_times_k_is_content_times_k() -> None:
    one, three = (solve(INFLOW, STEP, scaled(tissue(), k)).content for k in (1.0, 3.0))
    torch.testing.assert_close(three, 3 * one, rtol=1e-6, atol=1e-9)


def test_equilibrium_fills_both_volumes() -> None:
    constant = torch.ones(3000, dtype=torch.float64)
    constant[0] = 0
    content = solve(constant, 0.5, tissue(vp=0.05, vi=0.2)).content
    assert float(content[0, -1]) == pytest.approx(0.25, rel=1e-4)


def test_without_exchange_plasma_only_delays_and_leaves() -> None:
    """Plug flow: content is the inflow gathered over one transit time."""
    flow, vp = 1.2, 0.05
    transit = vp / (flow / 60)
    gathered = torch.cumulative_trapezoid(INFLOW, dx=STEP, dim=0)
    gathered = torch.cat([gathered.new_zeros(1), gathered])
    before = np.interp(TIMES - transit, TIMES, gathered, left=0.0)
    expected = flow / 60 * (gathered.numpy() - before)
    content = solve(INFLOW, STEP, tissue(flow, 0.0, vp)).content[0].numpy()
    np.testing.assert_allclose(content, expected, atol=0.01 * expected.max())


def test_cells_are_fine_enough() -> None:
    exchange = tissue(flow=2.0)
    coarse, fine = (solve(INFLOW, STEP, exchange, n).content for n in (16, 40))
    torch.testing.assert_close(coarse, fine, rtol=0, atol=2e-3 * float(fine.max()))


def test_agrees_with_a_published_reference_object(shared_data: Path) -> None:
    """Plug-flow curves of known parameters; slow transit through wide capillaries is where two solvers differ most."""
    with np.load(shared_data / "btex_dro" / "btex_dro_stressaif.npz") as file:
        parameters, curves = torch.from_numpy(file["params"]).reshape(-1, 4), file["tissue"].reshape(-1, 59)
        aif, step, hct = file["aif"], float(file["dt"]), float(file["hct"])
    times = np.arange(59) * step
    fine = np.arange(0, times[-1] + 1e-9, 0.1)
    inflow = torch.from_numpy(np.interp(fine, times, aif) / (1 - hct))
    flow, ps, vp, vi = parameters.unbind(1)
    content = solve(inflow, 0.1, Exchange(flow * (1 - hct), ps, vp, vi)).content.numpy()
    found = np.stack([np.interp(times, fine, row) for row in content])
    errors = np.abs(found - curves).max(1) / curves.max(1)
    assert np.median(errors) < 0.01
    assert np.percentile(errors, 90) < 0.03


def test_bolus_passes_lungs_and_comes_back() -> None:
    right, left = blood_curves(BOLUS, TIMES)
    assert float(left.max()) == pytest.approx(BOLUS.peak)
    lead = float(TIMES[left.argmax()] - TIMES[right.argmax()])
    assert 3.0 < lead < 6.0
    assert right.max() > left.max()
    assert left[BOLUS.arrival > TIMES].max() < 1e-9
    after = left[int(left.argmax()) :]
    lowest = int(after[:150].argmin())
    assert float(after[lowest:].max()) > 1.2 * float(after[lowest])


def test_transit_keeps_the_amount() -> None:
    signal = torch.exp(-((TIMES - 8) ** 2))
    later = convolve(signal, gamma_density(TIMES - TIMES[0], 4.0, 6.0), STEP)
    assert float(later.sum()) == pytest.approx(float(signal.sum()), rel=1e-3)
    center = [float((TIMES * curve).sum() / curve.sum()) for curve in (signal, later)]
    assert center[1] - center[0] == pytest.approx(4.0, abs=0.05)
