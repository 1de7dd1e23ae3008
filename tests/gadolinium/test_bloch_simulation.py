"""Signal simulated pulse by pulse, which knows no formula of the conversion, comes back as the Gd it was made from."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bloch import Pulses, Reality, center_signal
from benchmarks.gadolinium import osipi, peak_of
from benchmarks.gadolinium_scans import Actual, Setting, arterial_scan, convert, ratio, settings

ALL = [pytest.param(one, id=f"{one.name}, {strength:g} T") for strength in (1.5, 3.0) for one in settings(strength)]


@pytest.mark.parametrize("setting", ALL)
def test_round_trip(setting: Setting) -> None:
    truth = np.linspace(0, 8, 81)
    np.testing.assert_allclose(convert(setting, ratio(setting, truth)), truth, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("setting", ALL)
def test_an_actual_difference_shows(setting: Setting) -> None:
    truth = np.array([0.0, 2.0])
    base, found = convert(setting, ratio(setting, truth, Actual(r1=1.1)))
    assert found - base == pytest.approx(2.2, rel=0.03)


@pytest.mark.parametrize("setting", ALL)
def test_with_proton_density_native_t1_shifts_the_baseline_only(setting: Setting) -> None:
    truth = np.array([0.0, 0.5, 2.0])
    found = convert(setting, ratio(setting, truth, Actual(t1=1.1)))
    assert found[0] < -0.005
    np.testing.assert_allclose(found[1:] - found[0], truth[1:], rtol=0.005)


@pytest.mark.parametrize("kind", ["flash", "bssfp"])
def test_simulation_knows_its_limits(kind: str) -> None:
    """After full recovery one small pulse shows sin a of it; nothing comes of no pulse at all."""
    pulses = Pulses("flash", 0.002, 0.0, 0.1, 5.0, 1, 1)
    alone = center_signal(pulses, np.array([4.0]), np.array([20.0]), True, Reality())
    assert float(alone[0]) == pytest.approx(math.sin(0.1), rel=1e-6)
    silent = replace(pulses, kind="bssfp" if kind == "bssfp" else "flash", flip_angle=0.0, phase_encodes=9)
    assert float(center_signal(silent, np.array([1.0]), np.array([20.0]), True, Reality())[0]) == 0


@pytest.mark.parametrize("strength", [1.5, 3.0])
def test_second_echo_restores_the_peak(strength: float) -> None:
    scan, peak = arterial_scan(7, strength, noise=0.02, decay=1.5)
    assert scan.aif is not None
    alone = replace(scan, aif=replace(scan.aif, second_echo=None))
    assert peak_of(scan) == pytest.approx(peak, rel=0.03)
    assert peak_of(alone) < 0.93 * peak


def test_osipi_table_of_spoiled_gradient_echoes(shared_data: Path) -> None:
    curves = osipi(shared_data / "osipi" / "SI2Conc_data.csv")
    assert len(curves) == 5
    for _, found, truth in curves:
        np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-5)
