"""Maps of blood flow that the scanner has made itself, where their unit is stated and they lie on the main images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset

from operators.dicom_loading import geometry
from operators.dicom_loading.frames import SliceFrames, to_series
from operators.dicom_loading.headers import text
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.image_series import FileSeries
from operators.dicom_loading.pixels import decode
from operators.series import ImageSeries, QualityFlag, Role

UNIT = "ml/min/g"
HIGHEST = 20.0
"""mL/min/g; values above it mean that the scale was not understood."""


def states_unit(header: Dataset) -> bool:
    """Whether image comment or rescale type says that values are flow in mL/min/g."""
    return UNIT in f"{text(header, 'ImageComments')} {text(header, 'RescaleType')}".lower().replace(" ", "")


def why_unused(maps: Sequence[FileSeries], main: FileSeries) -> str | None:
    """What keeps maps from being used with main images, as far as headers tell; None: nothing."""
    if not all(map(states_unit, (header for one in maps for header in one.headers))):
        return "their unit isn't stated"
    if main.role is not Role.GADOLINIUM and not main.motion_corrected:
        return "the main images are not those that the scanner has registered"
    return None


def build_flow(
    maps: Sequence[FileSeries], main: FileSeries, record: ImageSeries
) -> tuple[ImageSeries | None, tuple[QualityFlag, ...]]:
    """The record of the maps; None, and why, where they can't be used.

    Args:
        maps: of one injection; one series, or one for each slice.
        main: its main images.
        record: made of them.

    Raises:
        IncompleteSeriesError: pixels can't be read.
    """
    if not maps:
        return None, ()
    if (why := why_unused(maps, main)) is not None:
        return None, _unused(why)
    flow = _on_grid([image for one in maps for image in one.images], maps[0], record)
    if flow is None:
        return None, _unused("they don't fit the main images slice by slice and pixel by pixel")
    if float(np.percentile(flow.pixels, 99.9)) > HIGHEST:
        return None, _unused("their values are no flow in mL/min/g, so their scale isn't understood")
    return flow, ()


def _on_grid(images: Sequence[ImageFile], series: FileSeries, record: ImageSeries) -> ImageSeries | None:
    groups = geometry.group_slices([image.header for image in images])
    if [len(group) for group in groups] != [1] * record.n_slices or series.dialect is None:
        return None
    chosen = [images[group[0]] for group in groups]
    if any((image.header.Rows, image.header.Columns) != record.pixels.shape[2:] for image in chosen):
        return None
    pixels = decode(chosen, series.dialect)
    slices = [SliceFrames((image,), np.zeros(1), one[None]) for image, one in zip(chosen, pixels, strict=True)]
    flow = to_series(slices, 0.0, "mL/min/g", series.dialect)
    same_steps = np.allclose(flow.affines[..., :2], record.affines[..., :2], atol=1e-3)
    same_place = np.allclose(flow.affines[..., 3], record.affines[..., 3], atol=geometry.SAME_SLICE_MM)
    return flow if same_steps and same_place else None


def _unused(why: str) -> tuple[QualityFlag, ...]:
    message = f"The study holds maps of blood flow by the scanner; they were not used because {why}."
    return (QualityFlag("scanner_flow_unused", "info", message),)
