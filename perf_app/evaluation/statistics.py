"""Agreement of paired measurements, and how sure a mean is when slices of one patient are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from operators.series import FloatArray

CONFIDENCE = 0.95
ROUNDING = 1e-9
"""Values whose relative difference is smaller are equal."""
RESAMPLES = 2000
FEWEST_PAIRS = 3
"""Fewer pairs have no spread worth naming."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of n pairs; differences are found minus true, in the measurement's unit. NaN: not to be had from so few."""

    n: int
    bias: float
    """Mean difference."""
    sd: float
    """Of the differences, n - 1 in the denominator."""
    lower: float
    """Lower limit of agreement, bias - 1.96 SD (Bland and Altman 1986)."""
    upper: float
    bias_low: float
    """Lower end of the bias's 95 % confidence interval (Student's t)."""
    bias_high: float
    p_difference: float
    """Paired t-test, two-sided: small where the means differ."""
    p_equivalence: float
    """Two one-sided paired t-tests: small where the bias lies within the margin."""
    margin: float
    correlation: float
    """Pearson's."""


def agreement(truth: FloatArray, found: FloatArray, margin: float) -> Agreement:
    """Bland-Altman analysis, paired t-test, equivalence test (TOST) and correlation of pairs, shape (n,).

    Args:
        truth: true values; pairs with a NaN are left out.
        found: the values found.
        margin: a bias this large is of no consequence, in the values' unit.
    """
    known = np.isfinite(truth) & np.isfinite(found)
    truth, found = truth[known].astype(np.float64), found[known].astype(np.float64)
    n, difference = len(truth), found - truth
    nan = float("nan")
    bias = float(difference.mean()) if n else nan
    if n < FEWEST_PAIRS:
        return Agreement(n, bias, nan, nan, nan, nan, nan, nan, nan, margin, nan)
    sd = float(difference.std(ddof=1))
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * sd
    low = high = bias
    p_difference = p_equivalence = correlation = nan
    if sd > 0:
        low, high = (float(v) for v in stats.t.interval(CONFIDENCE, n - 1, bias, sd / np.sqrt(n)))
        p_difference = float(stats.ttest_rel(found, truth).pvalue)
        p_equivalence = float(ttost_paired(found, truth, -margin, margin)[0])
    if np.ptp(truth) > 0 and np.ptp(found) > 0:
        correlation = float(stats.pearsonr(truth, found).statistic)
    return Agreement(n, bias, sd, bias - half, bias + half, low, high, p_difference, p_equivalence, margin, correlation)


def mean_interval(values: FloatArray, clusters: npt.NDArray[Any], seed: int = 0) -> tuple[float, float]:
    """95 % confidence interval of a mean by resampling whole clusters (percentile bootstrap).

    Slices of one patient succeed or fail together; resampled one by one they would make the mean look too sure.

    Args:
        values: shape (n,), NaN left out.
        clusters: what each belongs to, such as its patient, any type, shape (n,).
        seed: of the resampling.

    Returns:
        Lower and upper end; NaN where there is one cluster only.
    """
    known = np.isfinite(values)
    groups = np.unique(clusters[known], return_inverse=True)[1]
    sizes = np.bincount(groups).astype(np.float64)
    if len(sizes) < 2:
        return float("nan"), float("nan")
    sums = np.bincount(groups, weights=values[known].astype(np.float64))
    drawn = np.random.default_rng(seed).integers(len(sizes), size=(RESAMPLES, len(sizes)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def groups_differ(samples: list[FloatArray]) -> float:
    """P value of independent groups having one mean: Welch's t-test of two, ANOVA of more.

    NaN of one group, and where no group's values differ by more than rounding: no test can tell such groups apart.
    """
    samples = [sample[np.isfinite(sample)] for sample in samples]
    samples = [sample for sample in samples if len(sample) > 1]
    if len(samples) < 2 or not any(np.ptp(sample) > ROUNDING * np.abs(sample).max() for sample in samples):
        return float("nan")
    if len(samples) == 2:
        return float(stats.ttest_ind(samples[0], samples[1], equal_var=False).pvalue)
    return float(stats.f_oneway(*samples).pvalue)
