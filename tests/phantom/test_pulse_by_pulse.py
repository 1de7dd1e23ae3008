"""The simulated sequence's signal, in closed form and pulse by pulse."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from operators.gadolinium import saturation_recovery as closed
from perf_app.phantom.sequence import AIF, PERFUSION, Readout, decay, proton_density, saturation_recovery

sequences = pytest.mark.parametrize("readout", [PERFUSION, AIF], ids=["perfusion", "AIF"])


@sequences
@given(rate=st.floats(0.3, 60.0))
def test_closed_form_agrees_with_following_every_pulse(readout: Readout, rate: float) -> None:
    start = np.array(1 - math.exp(-readout.delay * rate))
    expected = closed.flash(np.array(rate), start, readout.flip_angle, readout.repetition_time, readout.center_line)
    assert float(saturation_recovery(torch.tensor(rate, dtype=torch.float64), readout)) == pytest.approx(
        float(expected), rel=1e-9
    )


@sequences
def test_closed_form_agrees_for_proton_density(readout: Readout) -> None:
    rate = np.array(1 / 1.1)
    expected = closed.flash(rate, np.array(1.0), readout.pd_flip_angle, readout.repetition_time, readout.center_line)
    assert float(proton_density(torch.from_numpy(rate), readout)) == pytest.approx(float(expected), rel=1e-9)


@sequences
def test_more_relaxation_more_signal_until_it_saturates(readout: Readout) -> None:
    signal = saturation_recovery(torch.linspace(0.5, 40, 200).double(), readout)
    assert (signal.diff() > 0).all()
    assert float(signal.max()) < math.sin(readout.flip_angle)
    steps = signal.diff()
    assert steps[0] > 2 * steps[-1]


@sequences
def test_timing_is_possible(readout: Readout) -> None:
    assert readout.delay > 0
    assert readout.phase_encodes % readout.acceleration == 0
    assert max(readout.echo_times) < readout.repetition_time


def test_second_echo_tells_the_decay() -> None:
    rate = torch.tensor(120.0)
    first, second = (decay(rate, time) for time in AIF.echo_times)
    found = torch.log(first / second) / (AIF.echo_times[1] - AIF.echo_times[0])
    assert float(found) == pytest.approx(120.0, rel=1e-4)
