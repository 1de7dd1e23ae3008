"""What a dialect tells about a header. `standard` holds a default for each question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydicom import Dataset

from operators.dicom_loading.dialects import standard
from operators.dicom_loading.rules import Rules
from operators.series import Role, Sequence


@dataclass(frozen=True, slots=True)
class Dialect:
    """Answers from the header of one image. Every function takes a header that holds the tags the room reads."""

    matches: Callable[[Dataset], bool]
    """Whether the image is written in this dialect; no header may match two of the registry."""
    description: str = ""
    """One line for people: whose images, and what is particular about them."""
    role: Callable[[Dataset, Rules], Role | None] = standard.role
    """What the series is for; None: its words don't tell, its behaviour in time may."""
    is_proton_density: Callable[[Dataset], bool] = standard.is_proton_density
    """Whether the header marks the frame as proton-density weighted."""
    rescale: Callable[[Dataset], tuple[float, float]] = standard.rescale
    """Slope and intercept from stored values to values: mmol/L for Gd, arbitrary units otherwise."""
    sequence: Callable[[Dataset], Sequence] = standard.sequence
    """What the header says of the pulse sequence."""
    complete: Callable[[Dataset], None] = standard.complete
    """Put what the maker keeps in private elements where the standard has a place for it, in the header itself."""
    private_tags: tuple[int, ...] = ()
    """Tags to read besides the standard ones, private creators included."""
