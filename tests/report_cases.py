"""Results that a report must be able to show."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from builders import make_scan_result, make_study_result

from operators.series import QualityFlag, State, StudyResult

FLAGS = (
    QualityFlag("no_pd", "warning", "There are no proton-density frames."),
    QualityFlag("motion_large", "info", "The heart moved a lot.", 1),
)


def absolute() -> StudyResult:
    """Stress and rest, one sector empty."""
    stress = make_scan_result(State.STRESS, empty_sectors=(5,), flags=FLAGS)
    result = make_study_result(stress, make_scan_result(State.REST, mbf=1.0))
    return dataclasses.replace(result, flags=(QualityFlag("study_flag", "info", "Rest came first."),))


def relative() -> StudyResult:
    """One slice without a usable arterial input."""
    return make_study_result(make_scan_result(State.UNKNOWN, absolute=False, n_slices=1, flags=FLAGS))


def withheld() -> StudyResult:
    """Nothing measured at all, and why."""
    scan = make_scan_result(
        flags=(QualityFlag("aif_peak", "withheld", "The AIF is not a blood curve."),), empty_sectors=tuple(range(1, 17))
    )
    flow = dataclasses.replace(scan.flow, flow=np.full_like(scan.flow.flow, math.nan))
    aif = dataclasses.replace(scan.arterial_input, source="none", times=np.empty(0), values=np.empty(0))
    sectors = dataclasses.replace(scan.sectors, whole=None)
    return make_study_result(dataclasses.replace(scan, flow=flow, arterial_input=aif, sectors=sectors))


def many_flags() -> StudyResult:
    """More to say than a page usually holds."""
    flags = tuple(QualityFlag(f"flag_{k}", "warning", f"Number {k} goes on" + " and on" * 30 + ".") for k in range(30))
    stress = make_scan_result(State.STRESS, flags=flags)
    return make_study_result(stress, make_scan_result(State.REST, mbf=1.0, flags=flags[:5]))


MAKERS = {"absolute": absolute, "relative": relative, "withheld": withheld}
"""The kinds of result there are."""
