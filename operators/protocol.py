"""What a site may tell the chain that the images' headers don't: all optional, each value wins over the header."""

from __future__ import annotations

from dataclasses import dataclass, field

from operators.series import Sequence


@dataclass(frozen=True, slots=True)
class Protocol:
    """A site's protocol; None: take the header's value, or else the stated default."""

    perfusion: Sequence = field(default_factory=Sequence)
    """Main images."""
    aif: Sequence = field(default_factory=Sequence)
    """AIF images."""
    pd_flip_angle: float | None = None
    """Flip angle of the proton-density frames, main images [rad]."""
    aif_pd_flip_angle: float | None = None
    """The same of the AIF images [rad]."""
    field_strength_t: float | None = None
    t1_blood: float | None = None
    """Native T1 of blood [s]."""
    t1_myocardium: float | None = None
    """Native T1 of myocardium [s]."""
    relaxivity: float | None = None
    """r1 of the contrast agent [L/(mmol s)]."""
    hematocrit: float | None = None
    """Fraction of blood volume taken by cells, 0 to 1."""
