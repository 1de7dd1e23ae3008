"""What the report says in words and numbers, once for the page of paper and the page of the browser."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping

import numpy as np

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.series import FloatArray, FlowUnit, ScanResult, Statistics, StudyResult

RESEARCH_USE_ONLY = "Research use only"
NO_DIAGNOSIS = "not a medical device, not for diagnosis"
TRAINING = "Segmentation network trained on simulated (digital) patients"
NO_VALUE = "–"


def known(value: Statistics | None) -> Statistics | None:
    """The statistics, or None where nothing was measured."""
    return value if value is not None and math.isfinite(value.mean) else None


def means(values: Mapping[int, Statistics | None]) -> dict[int, float | None]:
    """Mean by segment."""
    return {number: None if (value := known(values[number])) is None else value.mean for number in SEGMENT_NAMES}


def number(value: float | None, unit: FlowUnit | None = None) -> str:
    """A flow or a reserve (no unit) as it is printed; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    return f"{value:.3f}" if unit == "relative upslope" else f"{value:.2f}"


def mean(value: Statistics | None, unit: FlowUnit) -> str:
    """Mean, or a dash."""
    return NO_VALUE if (value := known(value)) is None else number(value.mean, unit)


def has_reserve(result: StudyResult) -> bool:
    """Whether there are absolute stress and rest values to compare, if only in some segments."""
    return any(value is not None for value in (result.reserve_global, *result.reserve_by_sector.values()))


def mean_and_sd(value: Statistics | None, unit: FlowUnit) -> str:
    """Mean ± standard deviation, or a dash."""
    return NO_VALUE if value is None else f"{number(value.mean, unit)} ± {number(value.sd, unit)}"


def uncertainty(value: Statistics | None, unit: FlowUnit) -> str:
    """SD of the mean's error after a sign, or a dash where it isn't known."""
    return NO_VALUE if value is None or value.uncertainty is None else f"± {number(value.uncertainty, unit)}"


def interval(value: Statistics | None, unit: FlowUnit) -> str:
    """Within which the true mean lies with a probability of 95 %, or a dash where that isn't known."""
    if value is None or value.uncertainty is None:
        return NO_VALUE
    low, high = (value.mean + sign * 1.96 * value.uncertainty for sign in (-1, 1))
    return f"{number(max(low, 0.0), unit)} to {number(high, unit)}"


def quantity(unit: FlowUnit) -> str:
    """What was measured, in a word."""
    return "MBF" if unit == "mL/min/g" else "upslope"


def quantity_with_unit(unit: FlowUnit) -> str:
    """What was measured, with its unit if it has one."""
    return "MBF [mL/min/g]" if unit == "mL/min/g" else "relative upslope"


def titles(result: StudyResult) -> tuple[str, ...]:
    """Name of each scan: its state, numbered where one state occurs twice."""
    states = [scan.scan.state.value for scan in result.scans]
    names = ["state unknown" if state == "unknown" else state for state in states]
    return tuple(
        f"{name} {names[: index + 1].count(name)}" if names.count(name) > 1 else name
        for index, name in enumerate(names)
    )


def scan_facts(scan: ScanResult) -> tuple[str, ...]:
    """How the scan was acquired and processed, in a few short phrases."""
    perfusion = scan.scan.perfusion
    aif = {
        "aif_series": "AIF from its own series",
        "file": "AIF from a file",
        "perfusion_series": "AIF from the perfusion images",
        "none": "no AIF",
    }[scan.arterial_input.source]
    facts = [
        textwrap.shorten(scan.scan.manufacturer, 40, placeholder="…"),
        None if scan.scan.field_strength_t is None else f"{scan.scan.field_strength_t:.3g} T",
        None if scan.scan.heart_rate_bpm is None else f"{scan.scan.heart_rate_bpm:.0f} beats/min",
        f"{perfusion.n_slices} {'slice' if perfusion.n_slices == 1 else 'slices'} × {perfusion.n_frames} images",
        aif,
        f"flow model {scan.flow.model}" if scan.flow.unit == "mL/min/g" else "relative index only",
    ]
    return tuple(fact for fact in facts if fact)


def confidence(scan: ScanResult, slice_index: int) -> str:
    """How well a slice's contours are expected to fit, or nothing where that isn't known."""
    expected = math.nan if scan.segmentation.confidence is None else scan.segmentation.confidence[slice_index]
    return f"expected Dice {expected:.2f}" if math.isfinite(expected) else ""


def all_assumptions(scan: ScanResult) -> dict[str, float | str]:
    """Of the conversion to concentration, tissue's and arterial, then of the flow fit."""
    return {**scan.gadolinium.assumptions, **scan.arterial_input.assumptions, **scan.flow.assumptions}


def assumptions(scan: ScanResult) -> str:
    """What the conversion to concentration and the flow fit took for granted, in words, by where it came from."""
    values = all_assumptions(scan)
    origins = {name.removesuffix("_from"): str(value) for name, value in values.items() if name.endswith("_from")}
    by_origin: dict[str, list[str]] = {"": []}
    for name, value in values.items():
        if name.endswith("_from"):
            continue
        bases = [base for base in origins if name == base or name.startswith(f"{base}_")]
        origin = f"{origins[max(bases, key=len)]}: " if bases else ""
        shown = f"{value:g}" if isinstance(value, float) else value
        by_origin.setdefault(origin, []).append(f"{name.replace('_', ' ')} {shown}")
    return "; ".join(origin + ", ".join(names) for origin, names in by_origin.items() if names)


def motion_rms(scan: ScanResult) -> tuple[float | None, float | None]:
    """RMS displacement of the heart before and after correction, over the slices [mm]; None: not known of any."""
    return _root_mean_square(scan.motion.rms_mm_before), _root_mean_square(scan.motion.rms_mm_after)


def _root_mean_square(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if known.size else None


def motion_millimetres(scan: ScanResult) -> tuple[str, str]:
    """`motion_rms` as it is printed, a dash where it isn't known."""
    before, after = (NO_VALUE if value is None else f"{value:.1f} mm" for value in motion_rms(scan))
    return before, after


def study_date(result: StudyResult) -> str:
    """Date of the examination, ISO; empty where the images carry none."""
    value = str(result.scans[0].scan.perfusion.headers[0][0].get("StudyDate", "") or "")
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if len(value) == 8 and value.isdigit() else ""


def software(result: StudyResult) -> str:
    """Which program, bundle and weights made this."""
    segmentation = result.scans[0].segmentation
    return (
        f"perf_app {result.software_version} · segmentation bundle {segmentation.bundle_version} · "
        f"model sha256 {segmentation.model_sha256[:12]}"
    )
