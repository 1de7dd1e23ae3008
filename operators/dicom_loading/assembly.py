"""From the planned series of one injection to its record: one clock, proton-density frames apart, equal slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from operators.dicom_loading import geometry
from operators.dicom_loading.acquisition import field_strength_t, heart_rate_bpm
from operators.dicom_loading.aif_series import aif_runs, build_aif
from operators.dicom_loading.dialects.registry import PLAIN, choose
from operators.dicom_loading.frames import DEFAULT_THICKNESS, SliceFrames, common_frames, load_frames, to_series
from operators.dicom_loading.headers import text
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.image_series import MIN_FRAMES, FileSeries
from operators.dicom_loading.injections import injection_flags
from operators.dicom_loading.plan import ScanPlan
from operators.dicom_loading.proton_density import part
from operators.dicom_loading.scanner_flow import build_flow
from operators.dicom_loading.timeline import Timeline, choose_timeline
from operators.errors import IncompleteSeriesError, UnsupportedSeriesError
from operators.series import ImageSeries, PerfusionScan, QualityFlag, Role

LARGEST_LOSS = 0.1
"""Part of a slice's frames that may be dropped to make the slices equal."""
SKIPPED = 1.7
"""Usual steps between frames; a longer one leaves out a beat."""
IMPLAUSIBLE_GD = 60.0
"""mmol/L; values above it mean that the scale was not understood."""


def assemble_scan(plan: ScanPlan) -> PerfusionScan:
    """Load one scan.

    Raises:
        IncompleteSeriesError: pixels or times are missing, or too few frames are left.
        UnsupportedSeriesError: the scale of Gd images isn't stated.
    """
    main, uid = plan.main, plan.main.uids[0]
    _, dialect = choose(main.first)
    groups, runs = _split(main), aif_runs(plan.aif)
    timeline, clock_flags = choose_timeline(groups, [run.images for run in runs], uid)
    slices = [load_frames(group, timeline.times(group), dialect) for group in groups]
    perfusion, density, density_flags = part(slices, dialect, uid, by_brightness=main.role is Role.PERFUSION)
    perfusion, trim_flags = _equalise(perfusion, uid)
    origin = min(float(frames.times[0]) for frames in perfusion)
    record = to_series(perfusion, origin, "mmol/L" if main.role is Role.GADOLINIUM else "a.u.", dialect)
    _check_scale(record, uid)
    if density:
        proton_density: ImageSeries | None = to_series(density, origin, "a.u.", dialect)
    else:
        proton_density = _separate_density(plan.proton_density, record, timeline, origin)
    aif, aif_flags = build_aif(runs, timeline, origin)
    if plan.aif and not runs:
        message = f"The AIF images have fewer than {MIN_FRAMES} frames an echo; they were left out."
        aif_flags = (QualityFlag("aif_unusable", "warning", message),)
    flow, flow_flags = build_flow(plan.flow, main, record)
    headers = record.headers[0]
    return PerfusionScan(
        state=main.state,
        state_from=main.state_from,
        perfusion=record,
        manufacturer=text(headers[0], "Manufacturer") or "unknown",
        field_strength_t=field_strength_t(headers[0]),
        heart_rate_bpm=heart_rate_bpm(headers, record.times[0], main.role),
        proton_density=proton_density,
        aif=aif,
        scanner_flow=flow,
        flags=(
            *plan.flags,
            *clock_flags,
            *density_flags,
            *trim_flags,
            *aif_flags,
            *flow_flags,
            *_source_flags(main),
            *injection_flags(record, aif),
            *(() if trim_flags else _skipped(record)),
        ),
    )


def _split(series: FileSeries) -> list[list[ImageFile]]:
    return [[series.images[i] for i in group] for group in geometry.group_slices(series.headers)]


def _equalise(slices: list[SliceFrames], uid: str) -> tuple[list[SliceFrames], tuple[QualityFlag, ...]]:
    """Give all slices the same heart beats.

    Raises:
        IncompleteSeriesError: too much would be lost, or too few frames are left.
    """
    counts = [len(frames) for frames in slices]
    equal = slices if len(set(counts)) == 1 else common_frames(slices)
    kept = len(equal[0])
    listed = ", ".join(map(str, counts))
    if kept < MIN_FRAMES or kept < (1 - LARGEST_LOSS) * max(counts):
        raise IncompleteSeriesError(
            f"The slices have {listed} saturation-recovery frames, {kept} of them in common: too few of a first pass.",
            where=uid,
            hint=f"Export the complete first pass, at least {MIN_FRAMES} frames of every slice.",
        )
    if kept == max(counts):
        return equal, ()
    dropped = ", ".join(str(count - kept) for count in counts)
    message = f"The slices have {listed} frames; {dropped} were dropped so that each shows the same {kept} heart beats."
    return equal, (QualityFlag("frames_dropped", "warning", message),)


def _check_scale(record: ImageSeries, uid: str) -> None:
    if record.unit == "mmol/L" and float(np.percentile(record.pixels, 99.9)) > IMPLAUSIBLE_GD:
        raise UnsupportedSeriesError(
            "The Gd images hold values that are no mmol/L: their scale isn't stated.",
            where=uid,
            hint="A rescale slope or a scale such as x1000 in the image comment is needed.",
        )


def _separate_density(
    series: Sequence[FileSeries], record: ImageSeries, timeline: Timeline, origin: float
) -> ImageSeries | None:
    """Proton-density images from a series of their own that fits slice by slice; None if none does."""
    for candidate in series:
        groups = _split(candidate)
        fits = len({len(group) for group in groups}) == 1 and len(groups) == record.n_slices
        if not fits or candidate.dialect is None or not all(map(timeline.holds, groups)):
            continue
        slices = [load_frames(group, timeline.times(group), candidate.dialect) for group in groups]
        density = to_series(slices, origin, "a.u.", candidate.dialect)
        same_place = np.allclose(density.affines, record.affines, atol=geometry.SAME_SLICE_MM)
        if same_place and density.pixels.shape[2:] == record.pixels.shape[2:]:
            return density
    return None


def _skipped(record: ImageSeries) -> tuple[QualityFlag, ...]:
    """A flag where frames leave a beat out."""
    steps = np.diff(record.times, axis=1)
    longer = int((steps > SKIPPED * np.median(steps)).any(axis=0).sum())
    if not longer:
        return ()
    message = (
        f"Of {record.n_frames - 1} steps between frames, {longer} took longer than {SKIPPED:g} usual ones: frames are "
        "missing, or the heart skipped beats."
    )
    return (QualityFlag("frames_skipped", "info", message),)


def _source_flags(main: FileSeries) -> tuple[QualityFlag, ...]:
    flags = []
    if main.dialect_name == PLAIN:
        message = "The maker's way of writing images isn't known; only standard attributes were used."
        flags.append(QualityFlag("vendor_unknown", "info", message))
    if (angle := geometry.tilt(main.headers)) > geometry.UNUSUAL_DEG:
        message = (
            f"The slices stand {angle:.0f} degrees off the usual short axis; check that they are short-axis views."
        )
        flags.append(QualityFlag("orientation_unusual", "warning", message))
    if geometry.slice_thickness(main.first) is None:
        message = f"The header has no slice thickness; {DEFAULT_THICKNESS:.0f} mm was assumed."
        flags.append(QualityFlag("thickness_assumed", "info", message))
    return tuple(flags)
