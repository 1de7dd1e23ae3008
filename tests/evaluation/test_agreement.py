"""Agreement of pairs, against sums by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perf_app.evaluation.statistics import agreement, groups_differ, mean_interval


def above(t: float) -> float:
    """P(T > t) of Student's distribution with 3 degrees of freedom, in closed form."""
    x = t / math.sqrt(3)
    return 0.5 - (x / (1 + x * x) + math.atan(x)) / math.pi


def test_four_pairs() -> None:
    """Differences 0.1, 0.1, -0.1, 0.3: mean 0.1, sum of squared deviations 0.08."""
    truth, found = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.1, 2.1, 2.9, 4.3])
    values = agreement(truth, found, 0.5)
    sd = math.sqrt(0.08 / 3)
    assert values.n == 4
    assert [values.bias, values.sd] == pytest.approx([0.1, sd])
    assert [values.lower, values.upper] == pytest.approx([0.1 - 1.96 * sd, 0.1 + 1.96 * sd], 1e-4)
    error = sd / 2
    assert [values.bias_low, values.bias_high] == pytest.approx([0.1 - 3.18245 * error, 0.1 + 3.18245 * error], 1e-4)
    assert values.p_difference == pytest.approx(2 * above(0.1 / error))
    assert values.p_equivalence == pytest.approx(max(above(0.6 / error), above(0.4 / error)))
    # Deviations -1.5 -0.5 0.5 1.5 and -1.5 -0.5 0.3 1.7: products sum to 5.2, squares to 5 and 5.48.
    assert values.correlation == pytest.approx(5.2 / math.sqrt(5 * 5.48))


def test_a_bias_beyond_the_margin_is_never_equivalent() -> None:
    truth = np.linspace(1, 3, 40)
    wiggle = 0.01 * np.sin(np.arange(40))
    assert agreement(truth, truth + wiggle + 0.2, 0.05).p_equivalence > 0.99
    near = agreement(truth, truth + wiggle, 0.05)
    assert near.p_equivalence < 1e-6
    assert near.p_difference > 0.05


def test_pairs_without_a_value_are_left_out() -> None:
    truth, found = np.array([1.0, 2.0, np.nan, 4.0, 3.0]), np.array([1.1, 2.2, 3.0, np.nan, 3.1])
    assert agreement(truth, found, 0.05).n == 3


def test_too_few_pairs_have_a_bias_only() -> None:
    values = agreement(np.array([1.0]), np.array([1.5]), 0.05)
    assert (values.n, values.bias) == (1, 0.5)
    assert math.isnan(values.sd)
    assert math.isnan(values.p_equivalence)


def test_alike_slices_of_one_patient_count_once() -> None:
    """Ten copies of each patient's slice tell no more than one."""
    means = np.array([0.7, 0.8, 0.9, 0.95, 0.85])
    once = mean_interval(means, np.arange(5))
    ten = mean_interval(np.repeat(means, 10), np.repeat(np.arange(5), 10))
    assert ten == pytest.approx(once)
    alone = mean_interval(np.repeat(means, 10), np.arange(50))
    assert alone[1] - alone[0] < 0.5 * (once[1] - once[0])
    assert once[0] < means.mean() < once[1]


def test_one_patient_has_no_interval() -> None:
    assert all(math.isnan(end) for end in mean_interval(np.array([0.8, 0.9]), np.array(["a", "a"])))


def test_groups() -> None:
    """Welch by hand: 1 2 3 and 4 5 6 differ by 3 with a standard error of sqrt(2/3), 4 degrees of freedom."""
    t = 3 / math.sqrt(2 / 3)
    x = t / math.sqrt(4 + t * t)
    assert groups_differ([np.array([1.0, 2, 3]), np.array([4.0, 5, 6])]) == pytest.approx(1 - x * (1 + (1 - x * x) / 2))
    assert math.isnan(groups_differ([np.array([1.0, 2, 3])]))
    rounded = np.array([1.875, 1.875 * (1 + 1e-15), 1.875])
    assert math.isnan(groups_differ([rounded, np.full(4, 1.875 * (1 - 1e-15))])), "equal but for rounding"
    assert groups_differ([np.array([1.0, 2, 3]), np.array([1.0, 2, 3]), np.array([3.0, 2, 1])]) == pytest.approx(1)
