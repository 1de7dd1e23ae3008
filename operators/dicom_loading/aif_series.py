"""AIF images: one slice at low resolution, one or two echoes, proton-density frames among them or apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from operators.dicom_loading import clock, geometry
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.frames import SliceFrames, load_frames, to_series
from operators.dicom_loading.headers import number
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.image_series import MIN_FRAMES, FileSeries
from operators.dicom_loading.proton_density import part
from operators.dicom_loading.timeline import Timeline
from operators.series import AifSeries, QualityFlag

Echo = tuple[float, float]
"""Echo time [ms] and echo number."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The images of one echo in one series."""

    echo: Echo
    images: tuple[ImageFile, ...]
    uid: str
    dialect: Dialect


def aif_runs(series: Sequence[FileSeries]) -> tuple[Run, ...]:
    """One run an echo, first echo first; of series that show the same echo the first that is long enough.

    Each is the slice with the most images; the AIF has one slice.
    """
    runs: dict[Echo, Run] = {}
    for member in series:
        if member.dialect is None:
            continue
        images = [member.images[i] for i in max(geometry.group_slices(member.headers), key=len)]
        for echo in sorted({_echo(image) for image in images}):
            chosen = tuple(image for image in images if _echo(image) == echo)
            if len(chosen) >= MIN_FRAMES:
                runs.setdefault(echo, Run(echo, chosen, member.uids[0], member.dialect))
    return tuple(runs[echo] for echo in sorted(runs))


def _echo(image: ImageFile) -> Echo:
    return round(number(image.header, "EchoTime") or 0.0, 2), number(image.header, "EchoNumbers") or 1.0


def build_aif(
    runs: Sequence[Run], timeline: Timeline, origin: float
) -> tuple[AifSeries | None, tuple[QualityFlag, ...]]:
    """The record of the AIF images on the scan's clock, None without runs.

    Args:
        runs: from `aif_runs`; the first two are used.
        timeline: of the main images.
        origin: time zero on it [s].

    Raises:
        IncompleteSeriesError: pixels can't be read.
    """
    if not runs:
        return None, ()
    flags: list[QualityFlag] = []
    first, density, more = _frames(runs[0], timeline)
    flags += more
    if first is None:
        return None, (
            QualityFlag("aif_unusable", "warning", "The AIF images hold no usable times; they were left out."),
        )
    if not timeline.holds(runs[0].images):
        message = "AIF and perfusion images have no clock in common; both were taken to start with the same beat."
        flags.append(QualityFlag("aif_clock_assumed", "warning", message))
        origin = float(first.times[0])
    second = None
    if len(runs) > 1:
        second, _, _ = _frames(runs[1], timeline)
        if second is None or len(second) != len(first) or second.pixels.shape != first.pixels.shape:
            message = "The second echo of the AIF images doesn't match the first; no T2* correction is possible."
            flags.append(QualityFlag("aif_second_echo_unusable", "warning", message))
            second = None
    return AifSeries(
        first_echo=to_series([first], origin, "a.u.", runs[0].dialect),
        second_echo=to_series([second], origin, "a.u.", runs[1].dialect) if second else None,
        proton_density=to_series([density], origin, "a.u.", runs[0].dialect) if density else None,
    ), tuple(flags)


def _frames(run: Run, timeline: Timeline) -> tuple[SliceFrames | None, SliceFrames | None, tuple[QualityFlag, ...]]:
    """Saturation-recovery and proton-density frames of a run in the order of time."""
    if not timeline.holds(run.images):
        name = clock.trusted_clock([[image.header for image in run.images]])
        if name is None:
            return None, None, ()
        timeline = Timeline(name)
    frames = load_frames(run.images, timeline.times(run.images), run.dialect)
    perfusion, density, flags = part([frames], run.dialect, run.uid)
    return perfusion[0], density[0] if density else None, flags
