"""Laws of onset, T2* correction and the CSV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_heart import gamma_variate

from operators.arterial_input.csv_file import read_csv
from operators.arterial_input.onset import find_first_pass
from operators.arterial_input.t2_star import Echoes, decay_rate, native_rate, restore
from operators.errors import SettingError
from operators.series import FloatArray

TIMES = np.arange(0, 60, 0.7)


@settings(deadline=None, max_examples=60)
@given(st.floats(5, 20), st.floats(2.5, 6), st.floats(2, 6), st.integers(0, 99))
def test_onset_and_peak(onset: float, rise: float, peak: float, seed: int) -> None:
    """The rise begins like t^3: it takes a while to leave the noise, never longer than a third of the rise."""
    curve = gamma_variate(TIMES, onset, rise, peak) + np.random.default_rng(seed).normal(0, 0.03, len(TIMES))
    found = find_first_pass(curve, TIMES)
    assert onset - 0.7 <= found.onset <= onset + rise / 3
    assert TIMES[found.peak] == pytest.approx(onset + rise, abs=1.5)
    assert not found.second_bolus
    assert not found.starts_late
    assert not found.truncated


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 50), st.floats(-3, 3), st.floats(-4, 4))
def test_onset_moves_with_time_and_not_with_scale(scale: float, offset: float, shift: float) -> None:
    curve = gamma_variate(TIMES, 9, 4, 4.5)
    plain = find_first_pass(curve, TIMES)
    changed = find_first_pass(scale * curve + offset, TIMES + shift)
    assert changed.onset == pytest.approx(plain.onset + shift, abs=1e-6)
    assert changed.peak == plain.peak


def test_first_of_two_boluses_counts() -> None:
    curve = gamma_variate(TIMES, 6, 3.5, 4.5) + gamma_variate(TIMES, 33, 3.5, 5.0)
    found = find_first_pass(curve, TIMES)
    assert found.second_bolus
    assert found.onset < 9
    assert TIMES[found.peak] < 15


def test_recirculation_is_no_second_bolus() -> None:
    curve = gamma_variate(TIMES, 6, 2.5, 4.5) + gamma_variate(TIMES, 20, 5, 1.2)
    assert not find_first_pass(curve, TIMES).second_bolus


def test_cut_series_are_told() -> None:
    curve = gamma_variate(TIMES, 6, 4, 4.5)
    assert find_first_pass(curve[: int(11.5 / 0.7)], TIMES[: int(11.5 / 0.7)]).truncated
    late = slice(int(9 / 0.7), None)
    assert find_first_pass(curve[late], TIMES[late]).starts_late


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_t2_star_correction_restores_the_peak(noise: float) -> None:
    """r2* of 12 L/(mmol s) takes 4 to 6 percent off the peak of the first echo."""
    concentration = gamma_variate(TIMES, 9, 4, 6)
    truth = 1 - np.exp(-0.0236 * (1 / 1.7 + 5.565 * concentration))
    rate = 30 + 12 * concentration
    random = np.random.default_rng(5)
    first, second = (truth * np.exp(-time * rate) + random.normal(0, noise, len(TIMES)) for time in (0.65e-3, 1.65e-3))
    restored = restore(Echoes(first, second, 0.65e-3, 1.65e-3))
    assert first.max() < 0.94 * truth.max()
    assert restored.max() == pytest.approx(truth.max(), rel=0.03)
    np.testing.assert_allclose(restored[15:], truth[15:], rtol=0.03, atol=5 * noise)


def test_equal_echoes_have_no_decay() -> None:
    curve = 1 + gamma_variate(TIMES, 9, 4, 4)
    echoes = Echoes(curve, curve, 0.001, 0.002)
    assert not decay_rate(echoes).any()
    np.testing.assert_array_equal(restore(echoes), curve)
    assert native_rate(echoes, curve - 1) == 0


@pytest.mark.parametrize("native", [5.0, 30.0])
def test_decay_without_gadolinium_is_told_though_the_baseline_has_no_signal(native: float) -> None:
    concentration = gamma_variate(TIMES, 9, 4, 5)
    random = np.random.default_rng(3)
    signal = 1 - np.exp(-0.0236 * (1 / 1.7 + 5.565 * concentration))
    rate = native + 12 * concentration
    first, second = (signal * np.exp(-time * rate) + random.normal(0, 0.001, len(TIMES)) for time in (0.65e-3, 1.65e-3))
    echoes = Echoes(first, second, 0.65e-3, 1.65e-3)
    for scale in (1.0, 1.3):
        assert native_rate(echoes, scale * concentration) == pytest.approx(native, abs=4)


def write(path: Path, times: FloatArray, values: FloatArray, head: str = "time_s,gd_mmol_per_l") -> Path:
    path.write_text("\n".join([head, *(f"{t:.4f},{v:.6f}" for t, v in zip(times, values, strict=True))]) + "\n")
    return path


def test_file_gives_back_its_curve(tmp_path: Path) -> None:
    curve = gamma_variate(TIMES, 9, 4, 4.5)
    found = read_csv(write(tmp_path / "aif.csv", TIMES, curve))
    assert found.source == "file"
    assert found.absolute
    np.testing.assert_allclose(found.values, curve, atol=1e-6)
    assert found.onset == pytest.approx(find_first_pass(curve, TIMES).onset, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no columns"),
        ("time,gd\n1,2\n", "no columns"),
        ("time_s,gd_mmol_per_l\n0,1\n1,2\n", "2 samples"),
        ("time_s,gd_mmol_per_l\n0,1\n1,many\n", "line 3"),
        ("time_s,gd_mmol_per_l\n0,1\n1,nan\n", "finite numbers in line 3"),
        ("time_s,gd_mmol_per_l\n" + "".join(f"{t % 7},{t}\n" for t in range(12)), "back in time at line 9"),
        ("time_s,gd_mmol_per_l\n" + "".join(f"{t},{100 * t}\n" for t in range(12)), "no blood concentration"),
        ("time_s,gd_mmol_per_l\n" + "".join(f"{t},0\n" for t in range(12)), "no blood concentration"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "aif.csv"
    path.write_text(text)
    with pytest.raises(SettingError, match=what) as caught:
        read_csv(path)
    assert caught.value.where == "aif.csv"
    assert "time_s,gd_mmol_per_l" in caught.value.hint


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="can't be read"):
        read_csv(tmp_path / "none.csv")
