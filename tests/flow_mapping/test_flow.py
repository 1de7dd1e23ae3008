"""Laws of the flow models, against truth made another way."""

from __future__ import annotations

import re

import numpy as np
import pytest

from operators.arterial_input.onset import find_first_pass
from operators.errors import SettingError
from operators.flow_mapping.btex import make_table, tissue_curves
from operators.flow_mapping.delay import CLOSE, WEDGES, Delay, Telling, between, costs
from operators.flow_mapping.mapping import map_flow
from operators.flow_mapping.registry import MODELS
from operators.flow_mapping.slice_map import map_slice, parts_by_delay
from operators.resampling.regular_grid import STEP as GRID
from operators.resampling.regular_grid import regular
from operators.series import ArterialInput, FloatArray, FlowMap, IntArray, Label, QualityFlag, ResampledSeries

STEP = 0.5
TIMES = np.arange(100) * STEP
HEMATOCRIT = 0.42
SIDE = 9
MIDDLE = SIDE // 2


def bolus() -> FloatArray:
    after = np.clip(TIMES - 6, 0, None)
    first = after**3 * np.exp(-after / 1.6)
    again = np.clip(TIMES - 20, 0, None)
    return np.asarray(4.2 * (first / first.max() + 0.12 * (1 - np.exp(-again / 6))))


def mapped(tissue: FloatArray, aif: FloatArray, model: str = "btex") -> FlowMap:
    """Of curves (curve, time), each filling a slice's wall."""
    return images_mapped(np.broadcast_to(tissue[:, :, None, None], (*tissue.shape, SIDE, SIDE)), aif, model)


def images_mapped(images: FloatArray, aif: FloatArray, model: str = "btex", times: FloatArray = TIMES) -> FlowMap:
    """Of slices (slice, time, row, col) that are all wall, at times (time,) of their own."""
    return map_flow([scan(images, aif, times)], HEMATOCRIT, model)[0]


def scan(
    images: FloatArray, aif: FloatArray, times: FloatArray = TIMES, flags: tuple[QualityFlag, ...] = ()
) -> tuple[ResampledSeries, ArterialInput, IntArray]:
    """Slices as above as the room takes them."""
    arterial_input = ArterialInput("file", TIMES, aif, "mmol/L", find_first_pass(aif, TIMES).onset, flags=flags)
    fine = np.arange(0, TIMES[-1], GRID)
    own = np.broadcast_to(times, images.shape[:2])
    series = ResampledSeries(fine, regular(arterial_input, fine), own, images, "mmol/L")
    return series, arterial_input, np.full((len(images), *images.shape[2:]), Label.MYOCARDIUM)


def capillary(
    aif: FloatArray, mbf: float, ps: float, vp: float, visf: float, at: FloatArray = TIMES, cells: int = 60
) -> FloatArray:
    """The same equations by an upwind finite-volume scheme, plug flow."""
    fine = 0.01
    times = np.arange(0, TIMES[-1] + fine, fine)
    inflow = np.interp(times, TIMES, aif) / (1 - HEMATOCRIT)
    flow, exchange = mbf * (1 - HEMATOCRIT) / 60, ps / 60
    plasma, interstitium = np.zeros(cells), np.zeros(cells)
    held = np.zeros(len(times))
    for k, concentration in enumerate(inflow):
        held[k] = vp * plasma.mean() + visf * interstitium.mean()
        upstream = np.concatenate([[concentration], plasma[:-1]])
        leak = exchange * (plasma - interstitium)
        plasma = plasma + fine * (flow * cells * (upstream - plasma) - leak) / vp
        interstitium = interstitium + fine * leak / visf
    return np.asarray(np.interp(at, times, held))


@pytest.mark.parametrize(("mbf", "ps"), [(0.8, 0.8), (2.0, 1.2)])
def test_the_closed_form_solves_the_equations(mbf: float, ps: float) -> None:
    numeric = capillary(bolus(), mbf, ps, 0.045, 0.22)
    parameters = [np.array([value]) for value in (mbf * (1 - HEMATOCRIT), ps, 0.045, 0.22)]
    closed = tissue_curves(bolus() / (1 - HEMATOCRIT), STEP, *parameters)[0]
    assert np.abs(closed - numeric).max() < 0.02 * numeric.max()


def test_known_flow_is_recovered() -> None:
    truth = np.array([0.6, 1.0, 2.0, 3.0])
    curves = np.stack([capillary(bolus(), mbf, 1.0, 0.045, 0.22) for mbf in truth])
    found = mapped(curves, bolus())
    assert found.unit == "mL/min/g"
    np.testing.assert_allclose(found.flow[:, MIDDLE, MIDDLE], truth, rtol=0.05)


def test_scaling_input_and_tissue_together_leaves_fermi_flow_alone() -> None:
    curves = capillary(bolus(), 1.5, 1.0, 0.045, 0.22)[None]
    one, two = mapped(curves, bolus(), "fermi"), mapped(2 * curves, 2 * bolus(), "fermi")
    np.testing.assert_allclose(one.flow, two.flow, rtol=0.02)


def test_no_enhancement_is_no_flow() -> None:
    generator = np.random.default_rng(1)
    found = mapped(0.001 * generator.standard_normal((5, len(TIMES))), bolus())
    assert np.nanmax(found.flow) < 0.1


def test_pixels_without_signal_have_no_value() -> None:
    assert np.isnan(mapped(np.zeros((2, len(TIMES))), bolus()).flow).all()


def test_signal_gives_relative_values_and_no_absolute_unit() -> None:
    tissue = np.stack([0.1 * bolus(), 0.2 * bolus()])
    series = ResampledSeries(TIMES, bolus(), TIMES[None], tissue.T[None, :, None, :], "a.u.")
    blood = ArterialInput("perfusion_series", TIMES, bolus(), "a.u.", 6.0)
    (found,) = map_flow([(series, blood, np.full((1, 1, 2), Label.MYOCARDIUM))], HEMATOCRIT)
    assert found.unit == "relative upslope"
    np.testing.assert_allclose(found.flow[0, 0], [0.1, 0.2], rtol=1e-3)
    assert found.why_relative is not None
    assert "mL" not in found.why_relative


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(SettingError, match="no flow model"):
        mapped(np.zeros((1, len(TIMES))), bolus(), "tofts")


def test_blood_at_the_wall_s_border_does_not_pass_for_flow() -> None:
    curve = capillary(bolus(), 0.8, 1.0, 0.045, 0.22)
    images = np.broadcast_to(curve[:, None, None], (len(TIMES), SIDE, SIDE)).copy()
    images[:, 0] += 0.08 * bolus()[:, None]
    found = images_mapped(images[None], bolus())
    np.testing.assert_allclose(found.flow[0, 0, 1:-1], 0.8, rtol=0.15)


def test_blood_that_was_drawn_as_wall_has_no_flow() -> None:
    """But muscle of a flow of its own does: six times its surroundings', or none."""
    curves = {mbf: capillary(bolus(), mbf, 1.0, 0.045, 0.22) for mbf in (0.1, 0.8, 4.8)}
    images = np.broadcast_to(curves[0.8][:, None, None], (len(TIMES), SIDE, SIDE)).copy()
    images[:, 0, 0] = 0.4 * bolus() + 0.6 * curves[0.8]
    images[:, 0, 1] = bolus()
    images[:, -1, 0], images[:, -1, -1] = curves[0.1], curves[4.8]
    found = images_mapped(images[None], bolus())
    assert np.isnan(found.flow[0, 0, :2]).all()
    assert np.isfinite(found.flow[0]).sum() == SIDE**2 - 2
    assert [(flag.code, flag.severity) for flag in found.flags] == [("flow_pixels_blood", "info")]
    assert "2 look like blood" in found.flags[0].message


def test_much_blood_in_the_wall_is_a_warning() -> None:
    images = np.broadcast_to(capillary(bolus(), 0.8, 1.0, 0.045, 0.22)[:, None, None], (len(TIMES), SIDE, SIDE)).copy()
    images[:, : SIDE // 3] = bolus()[:, None, None]
    found = images_mapped(images[None], bolus())
    assert [(flag.code, flag.severity) for flag in found.flags] == [("flow_pixels_blood", "warning")]


@pytest.mark.parametrize(("mbf", "delay"), [(1.5, 0.7), (3.5, 1.37)])
def test_the_delay_is_found(mbf: float, delay: float) -> None:
    late = capillary(bolus(), mbf, 1.0, 0.045, 0.22, at=TIMES - delay)
    found = mapped(late[None], bolus())
    np.testing.assert_allclose(found.delay, delay, atol=0.07)
    np.testing.assert_allclose(found.flow[0, MIDDLE, MIDDLE], mbf, rtol=0.1)


def turn() -> FloatArray:
    """Angle of each pixel about the slice's middle [rad], shape (row, col)."""
    row, col = np.mgrid[:SIDE, :SIDE] - MIDDLE
    return np.asarray(np.arctan2(row, col))


def test_a_late_part_of_the_wall_leaves_the_rest_alone() -> None:
    """A quarter of it, by collaterals perhaps: both are told their flow, and that they differ."""
    usual, later = (capillary(bolus(), 3.0, 1.0, 0.045, 0.22, at=TIMES - delay) for delay in (0.6, 1.0))
    late = (turn() > 0) & (turn() < np.pi / 2)
    images = np.where(late, later[:, None, None], usual[:, None, None])
    found = images_mapped((images + np.random.default_rng(0).normal(0, 0.004, images.shape))[None], bolus())
    flow, delay = found.flow[0], found.parameters["delay_s"][0]
    inside = (turn() > 0.3) & (turn() < np.pi / 2 - 0.3)
    outside = (turn() < -0.3) | (turn() > np.pi / 2 + 0.3)
    np.testing.assert_allclose(found.delay, 0.6, atol=0.1)
    assert np.median(delay[inside]) - np.median(delay[outside]) == pytest.approx(0.4, abs=0.1)
    np.testing.assert_allclose([np.median(flow[part]) for part in (inside, outside)], 3.0, rtol=0.15)
    assert [(flag.code, flag.severity) for flag in found.flags] == [("delay_differs", "info")]
    assert re.search(r"0\.[34] s later", found.flags[0].message)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_takes_a_delay_that_changes_around_the_wall(model: str) -> None:
    """Also where none of the pixels of one delay can be used."""
    aif = np.interp(np.arange(0, TIMES[-1], GRID), TIMES, bolus())
    images = np.broadcast_to(capillary(bolus(), 1.5, 1.0, 0.045, 0.22)[:, None, None], (len(TIMES), SIDE, SIDE))
    wall, usable = np.ones((SIDE, SIDE), bool), np.ones((SIDE, SIDE), bool)
    usable[:MIDDLE] = False
    delay = Delay(np.linspace(0.0, 0.5, WEDGES), np.full(WEDGES, 0.03))
    parts = parts_by_delay(MODELS[model](aif, GRID, HEMATOCRIT), delay, wall, ~wall, TIMES, bolus())
    found = map_slice(images.astype(np.float32), wall, usable, parts)
    assert len(parts) > WEDGES / 2
    assert (np.isfinite(found["flow"]) == usable).all()
    assert (np.isfinite(found["delay_s"]) == usable).all()


def test_a_wall_reached_at_one_time_has_one_delay() -> None:
    """Whatever flows its parts have; noise makes no difference of it."""
    slow, fast = (capillary(bolus(), mbf, 1.0, 0.045, 0.22, at=TIMES - 0.6) for mbf in (1.0, 3.0))
    images = np.where(turn() > 0, slow[:, None, None], fast[:, None, None])
    for seed in range(3):
        noise = np.random.default_rng(seed).normal(0, 0.01, images.shape)
        found = images_mapped((images + noise)[None], bolus())
        assert np.ptp(found.parameters["delay_s"][0]) < 0.08
        assert not found.flags


def test_the_delay_s_posterior_has_no_steps() -> None:
    """Its minimum is a parabola's to a fraction of one: steps between a table's entries would pass for a delay."""
    aif = np.interp(np.arange(0, TIMES[-1], GRID), TIMES, bolus())
    curves = np.stack([capillary(bolus(), mbf, 1.2, 0.05, 0.2, at=TIMES - 0.6) for mbf in (2.5, 4.5)])
    table = make_table(aif, GRID, HEMATOCRIT)
    telling = Telling(curves.astype(np.float32), np.arange(len(curves)), TIMES, table, GRID)
    delays = np.arange(0.5, 0.7, 0.01)
    cost = np.array([costs([telling], [0.002], one).sum() for one in delays])
    smooth = np.polynomial.Polynomial.fit(delays, cost, 5)(delays)
    assert np.abs(cost - smooth).max() < 0.3


def test_between_the_delays_tried_the_cost_falls_below_none_of_them() -> None:
    """Where it begins to rise by hundreds, too: a dip there passes for a late wedge."""
    delays = 0.5 + CLOSE[CLOSE >= -0.5]
    cost = 60 * (delays - 0.5)[:, None] ** 2 + 4e3 * np.clip(delays[:, None] - np.array([0.8, 0.9, 1.0]), 0, None)
    dense, found = between(delays, cost)
    true = 60 * (dense - 0.5) ** 2
    assert (found > cost.min(axis=0) - 0.1).all()
    np.testing.assert_allclose(found[dense < 0.75], np.broadcast_to(true[:, None], found.shape)[dense < 0.75], atol=0.1)


def test_a_doubtful_arterial_input_leaves_the_other_scan_s_delay_alone() -> None:
    curve = np.interp(TIMES - 0.7, TIMES, capillary(bolus(), 1.5, 1.0, 0.045, 0.22))
    images = np.broadcast_to(curve[None, :, None, None], (1, len(TIMES), SIDE, SIDE))
    aorta = np.interp(TIMES - 1.5, TIMES, 0.2 * bolus())
    doubt = QualityFlag("aif_peak_out_of_range", "warning", "It peaks at 0.8 mmol/L.")
    found, _ = map_flow([scan(images, bolus()), scan(images, aorta, flags=(doubt,))], HEMATOCRIT)
    alone = images_mapped(images, bolus())
    np.testing.assert_allclose(found.flow, alone.flow)
    assert found.assumptions["delay_from"] != alone.assumptions["delay_from"]


def test_irregular_beats_change_no_flow() -> None:
    """Frames at uneven times, one beat missed, tell the same as frames every half second."""
    beats = np.cumsum(np.random.default_rng(3).uniform(0.55, 0.9, 60))
    beats = np.delete(beats[beats < TIMES[-1]], 14)
    curve = capillary(bolus(), 2.0, 1.0, 0.045, 0.22, at=beats - 0.7)
    images = curve[None, :, None, None] * np.ones((1, 1, SIDE, SIDE))
    found = images_mapped(images, bolus(), times=beats)
    np.testing.assert_allclose(found.delay, 0.7, atol=0.1)
    np.testing.assert_allclose(found.flow[0, MIDDLE, MIDDLE], 2.0, rtol=0.1)


@pytest.mark.parametrize("model", ["btex", "fermi", "deconvolution"])
def test_residual_is_what_the_model_leaves(model: str) -> None:
    aif, offset = bolus(), 0.1
    curve = capillary(aif, 2.0, 1.2, 0.08, 0.2)
    noise = 0.003 * np.random.default_rng(3).standard_normal((1, len(TIMES), SIDE, SIDE))
    images = curve[None, :, None, None] + noise + offset
    flow = images_mapped(images, aif, model)
    assert flow.residual is not None
    assert flow.residual.shape == images.shape
    fitted = np.isfinite(flow.residual)
    assert (fitted == fitted.any(axis=(2, 3), keepdims=True)).all()
    assert not fitted[:, TIMES < 2].any()
    assert fitted[:, (TIMES > 6) & (TIMES < 14)].all()
    inner = np.where(fitted, flow.residual, 0)[0, :, MIDDLE, MIDDLE]
    model_curve = images[0, :, MIDDLE, MIDDLE] - inner
    assert np.abs(model_curve - curve - offset)[fitted[0, :, MIDDLE, MIDDLE]].max() < 0.02


def test_relative_map_has_no_residual() -> None:
    empty = ArterialInput("none", np.empty(0), np.empty(0), "a.u.", None)
    tissue = np.zeros((1, len(TIMES), SIDE, SIDE))
    series = ResampledSeries(TIMES, np.empty(0), np.broadcast_to(TIMES, (1, len(TIMES))), tissue, "mmol/L")
    (flow,) = map_flow([(series, empty, np.full((1, SIDE, SIDE), Label.MYOCARDIUM))], HEMATOCRIT)
    assert flow.residual is None
