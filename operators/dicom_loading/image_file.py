"""One image on disk: a single-frame file, or a frame of a multi-frame one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import UID


@dataclass(frozen=True, slots=True, eq=False)
class ImageFile:
    """Where an image is, and its header without pixels."""

    path: Path
    header: Dataset
    transfer_syntax: UID
    size: int
    """Of the file [bytes], or a frame's share of it."""
    frame: int | None = None
    """Index into a multi-frame file; None: the file holds this image alone."""
