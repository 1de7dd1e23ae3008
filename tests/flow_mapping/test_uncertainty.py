"""Laws of how sure a flow is, and of pixels that can have none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from operators.aha_sectors.measurement import statistics
from operators.arterial_input.onset import find_first_pass
from operators.flow_mapping.btex import tissue_curves
from operators.flow_mapping.delay import Delay
from operators.flow_mapping.mapping import map_flow
from operators.flow_mapping.registry import MODELS
from operators.flow_mapping.slice_map import map_slice, parts_by_delay
from operators.series import ArterialInput, BoolArray, FloatArray, FlowMap, Label, ResampledSeries

STEP = 0.5
TIMES = np.arange(80) * STEP
FINE = 4
FINE_TIMES = np.arange(79 * FINE + 1) * STEP / FINE
HEMATOCRIT = 0.42
NOISE = 0.02
LATE = 0.5
ROWS, COLUMNS = np.mgrid[-12:13, -12:13]
WALL = (np.hypot(ROWS, COLUMNS) > 6) & (np.hypot(ROWS, COLUMNS) < 11.5)
RIGHT = WALL & (COLUMNS > 0)


def bolus(times: FloatArray) -> FloatArray:
    after = np.clip(times - 6, 0, None)
    again = np.clip(times - 20, 0, None)
    first = after**3 * np.exp(-after / 1.6)
    return np.asarray(4.2 * (first / 14.9 + 0.12 * (1 - np.exp(-again / 6))))


def tissue(mbf: float, ps: float = 1.0, vp: float = 0.045, visf: float = 0.22) -> FloatArray:
    """A curve that comes `LATE` after the input."""
    parameters = [np.array([one]) for one in (mbf * (1 - HEMATOCRIT), ps, vp, visf)]
    return tissue_curves(bolus(FINE_TIMES - LATE) / (1 - HEMATOCRIT), STEP / FINE, *parameters)[0, ::FINE]


def ring(curve: FloatArray, noise: float = NOISE, seed: int = 0) -> FloatArray:
    """Images (time, row, col) of a wall of one curve."""
    images = np.where(WALL, curve[:, None, None], 0.3 * bolus(TIMES)[:, None, None])
    return np.asarray(images + np.random.default_rng(seed).normal(0, noise, images.shape), np.float32)


def mapped(images: FloatArray, model: str = "btex", wall: BoolArray = WALL, cavity: BoolArray | None = None) -> FlowMap:
    series = ResampledSeries(FINE_TIMES, bolus(FINE_TIMES), TIMES[None], images[None], "mmol/L")
    aif = ArterialInput("file", TIMES, bolus(TIMES), "mmol/L", find_first_pass(bolus(TIMES), TIMES).onset)
    labels = np.where(wall, Label.MYOCARDIUM, 0)
    if cavity is not None:
        labels[cavity] = Label.LV_CAVITY
    return map_flow([(series, aif, labels[None])], HEMATOCRIT, model)[0]


def maps_at(delay: Delay, images: FloatArray) -> dict[str, FloatArray]:
    """BTEX maps of a slice where the delay is thought to be such."""
    aif = bolus(FINE_TIMES)
    model = MODELS["btex"](aif, STEP / FINE, HEMATOCRIT)
    parts = parts_by_delay(model, delay, WALL, ~WALL, TIMES, aif[::FINE])
    return map_slice(images, WALL, np.ones(WALL.shape, bool), parts)


def test_sector_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(5)
    off = []
    for seed in range(12):
        mbf, ps = generator.uniform(0.6, 3.5), generator.lognormal(0.0, 0.3)
        vp, visf = generator.lognormal(np.log(0.045), 0.25), generator.lognormal(np.log(0.22), 0.25)
        found = statistics(mapped(ring(tissue(mbf, ps, vp, visf), seed=seed)), RIGHT[None])
        assert found is not None
        assert found.uncertainty is not None
        off.append(np.log(found.mean / mbf) * found.mean / found.uncertainty)
    size = np.abs(off)
    assert (size < 1).mean() >= 0.5
    assert (size < 1.96).mean() >= 0.8
    # And not by saying nothing.
    assert np.sqrt(np.mean(np.square(off))) > 0.35


def test_pixel_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = []
    for seed, mbf in enumerate((0.8, 1.6, 2.8)):
        found = mapped(ring(tissue(mbf), seed=20 + seed))
        flow, sd = found.flow[0][WALL], found.parameters["flow_sd_ml_min_g"][0][WALL]
        inside.append(np.abs(np.log(flow / mbf)) * flow / sd)
    size = np.concatenate(inside)
    assert 0.55 < (size < 1).mean() < 0.9
    assert (size < 1.96).mean() > 0.88


@pytest.mark.parametrize("model", sorted(MODELS))
def test_more_noise_is_less_sure_for_every_model(model: str) -> None:
    calm, loud = (mapped(ring(tissue(1.5), noise), model) for noise in (0.01, 0.04))
    for name in ("flow_sd_ml_min_g", "flow_sd_shared_ml_min_g"):
        assert np.nanmedian(loud.parameters[name][0][WALL]) > 1.2 * np.nanmedian(calm.parameters[name][0][WALL])


def test_a_delay_less_sure_makes_high_flow_less_sure() -> None:
    images = ring(tissue(3.0))
    sure, unsure = (maps_at(Delay.same(LATE, sd), images)["flow_sd_shared_ml_min_g"][WALL] for sd in (0.03, 0.15))
    assert np.nanmedian(unsure) > 2 * np.nanmedian(sure)


def test_blood_that_blurs_into_the_wall_leaves_the_delay_alone() -> None:
    images = ring(tissue(3.0), noise=0.002)
    cavity = np.hypot(ROWS, COLUMNS) <= 6
    images[:, WALL & ndimage.binary_dilation(cavity, iterations=1)] += 0.02 * bolus(TIMES)[:, None]
    found, fooled = (float(mapped(images, cavity=one).delay[0]) for one in (cavity, None))
    assert found == pytest.approx(LATE, abs=0.03)
    assert fooled < found - 0.03


def test_a_region_s_mean_keeps_what_its_pixels_share() -> None:
    found = mapped(ring(tissue(2.0)))
    half, whole = (statistics(found, where[None]) for where in (RIGHT, WALL))
    assert half is not None
    assert whole is not None
    assert half.uncertainty is not None
    assert whole.uncertainty is not None
    shared = found.parameters["flow_sd_shared_ml_min_g"][0]
    assert half.uncertainty >= shared[RIGHT].mean()
    assert whole.uncertainty >= shared[WALL].mean()
    assert whole.uncertainty < found.parameters["flow_sd_ml_min_g"][0][WALL].mean()


def test_no_uncertainty_is_made_up_where_none_is_known() -> None:
    flow = FlowMap(np.ones((1, 5, 5)), "relative upslope", "upslope", np.zeros(1))
    found = statistics(flow, np.ones((1, 5, 5), bool))
    assert found is not None
    assert found.uncertainty is None


@pytest.mark.parametrize("model", ["btex", "deconvolution"])
@pytest.mark.parametrize("what", ["no number", "constant", "negative"])
def test_a_bad_pixel_has_no_flow_and_a_flag_and_leaves_the_others_alone(what: str, model: str) -> None:
    images = ring(tissue(1.5))
    whole = mapped(images, model)
    # Alone a pixel's curve tells the model-free flow poorly: noise takes one above what myocardium can have.
    assert [flag.code for flag in whole.flags] == {"btex": [], "deconvolution": ["flow_pixels_blood"]}[model]
    bad = images.copy()
    bad[:, 12, 21] = {"no number": np.nan * TIMES, "constant": 0.1 + 0 * TIMES, "negative": -images[:, 12, 21]}[what]
    found = mapped(bad, model)
    assert np.isnan(found.flow[0, 12, 21])
    assert all(np.isnan(values[0, 12, 21]) for values in found.parameters.values())
    others = WALL.copy()
    others[12, 21] = False
    change = np.abs(found.flow[0][others] / whole.flow[0][others] - 1)
    assert np.nanmedian(change) < 0.1
    assert np.nanmax(change) < 0.3
    assert found.flags[0].code == "flow_pixels_missing"
    assert "1 " in found.flags[0].message
    assert found.flags[1:] == whole.flags
