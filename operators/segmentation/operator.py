"""The door of the segmentation room."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment

from operators.door import ScanDoor, Stopwatch
from operators.segmentation.inference import Segmenter
from operators.series import GadoliniumSeries, Segmentation


class Segment(ScanDoor):
    """Gadolinium series to segmentations."""

    inputs = ("gadolinium",)
    output = "segmentation"

    def __init__(
        self, fragment: Fragment, *args: Any, segmenter: Segmenter, stopwatch: Stopwatch, **kwargs: Any
    ) -> None:
        self.segmenter = segmenter
        super().__init__(fragment, *args, stopwatch=stopwatch, **kwargs)

    def work(self, gadolinium: GadoliniumSeries) -> Segmentation:  # type: ignore[override]
        return self.segmenter.segment(gadolinium)
