"""The one clock that a scan's images are put on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from operators.dicom_loading import clock
from operators.dicom_loading.acquisition import stated_heart_rate
from operators.dicom_loading.image_file import ImageFile
from operators.errors import IncompleteSeriesError
from operators.series import FloatArray, QualityFlag

Group = Sequence[ImageFile]
"""Images of one slice and one echo."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An attribute and what one step of it is worth."""

    name: str
    step: float = 1.0
    """Seconds: 1 for a clock, a heart beat for a counter."""

    def times(self, images: Group) -> FloatArray:
        """Seconds, in the order of the images.

        Raises:
            ValueError: an image lacks the attribute (`holds` tells).
        """
        values = clock.read(self.name, [image.header for image in images])
        if values is None:
            raise ValueError(f"not every image has {self.name}")
        return values * self.step

    def holds(self, images: Group) -> bool:
        """Whether it tells these images apart."""
        return clock.tells_apart(clock.read(self.name, [image.header for image in images]))


def choose_timeline(
    main: Sequence[Group], others: Sequence[Group], uid: str
) -> tuple[Timeline, tuple[QualityFlag, ...]]:
    """The clock that main and other images (AIF) have in common if there is one, else that of the main images.

    Raises:
        IncompleteSeriesError: nothing tells when the main images were made.
    """
    headers = [[image.header for image in group] for group in main]
    more = [[image.header for image in group] for group in others]
    flags: list[QualityFlag] = []
    if name := clock.trusted_clock([*headers, *more]) or clock.trusted_clock(headers):
        timeline = Timeline(name)
    else:
        timeline = _count_beats(headers, uid)
        message = (
            f"The headers hold no times of the frames: {timeline.name} was taken to count heart beats of "
            f"{timeline.step:.2f} s."
        )
        flags.append(QualityFlag("times_assumed", "warning", message))
    ordered = [
        [group[i] for i in np.argsort(timeline.times(images))] for group, images in zip(headers, main, strict=True)
    ]
    if disagreeing := clock.disagreeing(ordered):
        message = f"Frames were ordered by {timeline.name}; {', '.join(disagreeing)} would order some otherwise."
        only_counters = set(disagreeing) <= set(clock.COUNTERS)
        flags.append(QualityFlag("time_order_disagrees", "info" if only_counters else "warning", message))
    return timeline, tuple(flags)


def _count_beats(headers: Sequence[Sequence[Dataset]], uid: str) -> Timeline:
    name = clock.trusted_counter(headers)
    rate = stated_heart_rate(headers[0])
    if name is None or rate is None:
        raise IncompleteSeriesError(
            "No attribute tells when the frames were made: none differs between all frames of each slice with a median "
            f"step of {clock.SHORTEST_STEP} to {clock.LONGEST_STEP} s, and beats can't be counted.",
            where=uid,
            hint="Export the original images with acquisition, content or trigger times.",
        )
    step = 60.0 / rate
    if name == "InstanceNumber":
        # It counts all images of the series, slice by slice or beat by beat.
        values = [np.sort(read) for group in headers if (read := clock.read(name, group)) is not None]
        step /= float(np.median(np.concatenate([np.diff(v) for v in values])))
    return Timeline(name, step)
