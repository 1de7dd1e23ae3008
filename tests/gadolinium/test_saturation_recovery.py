"""Laws of the signal model and its inversion."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.gadolinium.parameters import CONSTANTS, Tissue
from operators.gadolinium.saturation_recovery import (
    Readout,
    bssfp,
    flash,
    make_table,
    proton_density,
    saturation_recovery,
)
from operators.series import FloatArray


def readout(kind: Literal["flash", "bssfp"], field: float, tissue: Tissue = "myocardium") -> Readout:
    constants = CONSTANTS[field]
    return Readout(
        kind, 0.00243, np.deg2rad(14 if kind == "flash" else 50), np.deg2rad(5), 0.001, 0.09, 18,
        constants.t1[tissue], constants.t2[tissue], constants.r1, constants.r2,
    )  # fmt: skip


def aif_readout(field: float) -> Readout:
    constants = CONSTANTS[field]
    return Readout(
        "flash", 0.00212, np.deg2rad(8), np.deg2rad(5), 0.0, 0.0236, 9,
        constants.t1["blood"], constants.t2["blood"], constants.r1, constants.r2,
    )  # fmt: skip


def bloch_flash(rate: float, start: float, flip: float, repetition_time: float, echo: int) -> float:
    """Pulse by pulse, transverse magnetisation destroyed before each."""
    along = start
    for _ in range(echo):
        along = 1 - (1 - along * np.cos(flip)) * np.exp(-repetition_time * rate)
    return float(along * np.sin(flip))


@settings(deadline=None, max_examples=50)
@given(st.floats(0.3, 60), st.floats(0, 1), st.floats(2, 60), st.floats(1e-3, 8e-3), st.integers(0, 90))
def test_flash_is_its_own_recursion(rate: float, start: float, degrees: float, spacing: float, echo: int) -> None:
    flip = np.deg2rad(degrees)
    closed = flash(np.array(rate), np.array(start), flip, spacing, echo)
    assert float(closed) == pytest.approx(bloch_flash(rate, start, flip, spacing, echo), rel=1e-9)


def test_long_bssfp_train_reaches_the_textbook_steady_state() -> None:
    """Mss = sin a (1 - E1) / (1 - (E1 - E2) cos a - E1 E2), decayed to the echo at TR/2."""
    rate, rate2, flip, spacing = 1 / 1.1, 1 / 0.045, np.deg2rad(50), 0.00243
    e1, e2 = np.exp(-spacing * rate), np.exp(-spacing * rate2)
    steady = np.sin(flip) * (1 - e1) / (1 - (e1 - e2) * np.cos(flip) - e1 * e2) * np.sqrt(e2)
    train = bssfp(np.array(rate), np.array(rate2), np.array(0.0), flip, spacing, 4000)
    assert float(train) == pytest.approx(float(steady), rel=1e-6)


@pytest.mark.parametrize("field", [1.5, 3.0])
@pytest.mark.parametrize("kind", ["flash", "bssfp"])
@pytest.mark.parametrize("over_baseline", [False, True])
def test_round_trip(kind: Literal["flash", "bssfp"], field: float, over_baseline: bool) -> None:
    model = readout(kind, field)
    table = make_table(model, over_baseline=over_baseline)
    assert np.all(np.diff(table.ratio) > 0)
    truth = np.linspace(0, min(8, float(table.concentration[-1])), 333)
    assert truth[-1] > 4
    reference = saturation_recovery(np.zeros(1), model)[0] if over_baseline else proton_density(model)
    found = table.convert(saturation_recovery(truth, model) / reference)
    np.testing.assert_allclose(found, truth, rtol=0.02, atol=0.002)


@pytest.mark.parametrize("field", [1.5, 3.0])
def test_round_trip_of_the_arterial_images(field: float) -> None:
    model = aif_readout(field)
    truth = np.linspace(0, 8, 333)
    found = make_table(model).convert(saturation_recovery(truth, model) / proton_density(model))
    np.testing.assert_allclose(found, truth, rtol=0.02, atol=0.002)


def test_table_keeps_noise_about_zero_unbiased() -> None:
    model = readout("flash", 1.5)
    clean = saturation_recovery(np.zeros(20000), model) / proton_density(model)
    noise = np.random.default_rng(0).normal(0, 0.03 * clean[0], clean.shape)
    found = make_table(model).convert(clean + noise)
    assert found.min() < 0
    assert abs(found.mean()) < 0.1 * found.std()


def test_no_gadolinium_reads_zero_whatever_the_native_t1() -> None:
    tissues: tuple[Tissue, ...] = ("blood", "myocardium")
    for tissue in tissues:
        model = readout("flash", 3.0, tissue)
        ratio = saturation_recovery(np.zeros(1), model) / proton_density(model)
        assert make_table(model).convert(ratio)[0] == pytest.approx(0, abs=1e-6)


def test_beyond_the_table_is_held_and_told() -> None:
    table = make_table(readout("flash", 1.5))
    too_much: FloatArray = np.array([2 * table.ratio[-1]])
    assert table.convert(too_much)[0] == table.concentration[-1]
    assert table.beyond(too_much).all()
