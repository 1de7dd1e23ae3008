"""Relaxation and proton density of tissues.

Blood and myocardium as in the dual-sequence protocol (Xue et al., Magn Reson Med 2019;82:1637); the others are
round numbers about published values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perf_app.phantom.anatomy import Tissue

BLOOD = (Tissue.LV_BLOOD, Tissue.RV_BLOOD, Tissue.AORTA, Tissue.VESSEL)
PROTON_DENSITY: Mapping[Tissue, float] = {
    Tissue.LUNG: 0.15,
    Tissue.FAT: 0.70,
    Tissue.CHEST_WALL: 0.75,
    Tissue.LIVER: 0.90,
    Tissue.SPLEEN: 0.90,
    Tissue.RV_WALL: 0.80,
    Tissue.MYOCARDIUM: 0.80,
    **dict.fromkeys(BLOOD, 0.95),
}


@dataclass(frozen=True, slots=True)
class Field:
    """Relaxation at one field strength."""

    t1: Mapping[Tissue, float]
    """Without Gd [s]."""
    relaxivity: float
    """r1 of the contrast agent [L/(mmol s)]."""
    decay: Mapping[Tissue, float]
    """R2* without Gd [1/s]."""
    decay_blood: float
    """Rise of R2* with Gd in blood [L/(mmol s)]."""
    decay_tissue: float
    """The same in tissue [L/(mmol s)]."""


FIELDS = {
    1.5: Field(
        t1={
            Tissue.LUNG: 1.2,
            Tissue.FAT: 0.35,
            Tissue.CHEST_WALL: 1.0,
            Tissue.LIVER: 0.60,
            Tissue.SPLEEN: 1.05,
            Tissue.RV_WALL: 1.1,
            Tissue.MYOCARDIUM: 1.1,
            **dict.fromkeys(BLOOD, 1.7),
        },
        relaxivity=5.565,
        decay={tissue: 400.0 if tissue is Tissue.LUNG else 30.0 for tissue in Tissue},
        decay_blood=20.0,
        decay_tissue=6.0,
    ),
    3.0: Field(
        t1={
            Tissue.LUNG: 1.3,
            Tissue.FAT: 0.38,
            Tissue.CHEST_WALL: 1.25,
            Tissue.LIVER: 0.80,
            Tissue.SPLEEN: 1.3,
            Tissue.RV_WALL: 1.3,
            Tissue.MYOCARDIUM: 1.3,
            **dict.fromkeys(BLOOD, 2.0),
        },
        relaxivity=4.919,
        decay={tissue: 800.0 if tissue is Tissue.LUNG else 45.0 for tissue in Tissue},
        decay_blood=25.0,
        decay_tissue=8.0,
    ),
}
