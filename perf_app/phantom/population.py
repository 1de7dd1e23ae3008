"""What populations of digital patients are drawn from. The ranges are choices, not measurements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi

from perf_app.phantom.shapes import Range


@dataclass(frozen=True, slots=True)
class Pictures:
    """How pictures are made that training draws on the fly: ranges and probabilities.

    The simulated scanner takes its pictures in its own way.
    """

    linear: float = 0.15
    """Probability of Gd that mixes linearly within a pixel."""
    converted: float = 0.30
    """Probability of Gd converted from signal; the others are signal."""
    clean: float = 0.35
    """Probability of a study with little of what disturbs the others."""
    pixel_mm: Range = (1.2, 3.0)
    resolved: Range = (0.28, 0.52)
    """Highest frequencies that are acquired [1/pixel]."""
    gain: Range = (-0.7, 2.2)
    """Logarithm of what the LV's peak adds to R1, in 5/s, where signal isn't converted."""
    noise: Range = (-4.6, -2.2)
    """Logarithm of its SD as a share of the blood's contrast."""
    shading: Range = (0.0, 1.3)
    """Logarithm of the coils' fall over 50 mm."""
    cut_off: float = 0.35
    """Probability of a field of view that ends close to the heart."""
    marbling: Range = (0.0, 0.0)
    """How unlike itself each tissue is from place to place; 0: one grey, about 1: as real first-pass pictures look."""
    fat_signal: Range = (1.0, 1.0)
    """Share of fat's signal that its suppression leaves; only where there is marbling."""


@dataclass(frozen=True, slots=True)
class Population:
    """What a population is drawn from: uniform ranges [mm, rad, share] and probabilities."""

    endocardial_radius_mm: Range = (17.0, 26.0)
    """Of the basal slice; the hull of blood and trabeculae."""
    apical_scale: Range = (0.60, 0.80)
    """Apical over basal radius."""
    wall_mm: Range = (7.0, 11.0)
    wall_asymmetry: Range = (0.0, 0.15)
    wobble: Range = (0.02, 0.05)
    """Deviation of the endocardium from a circle, as a share of its radius."""
    papillary_depth: Range = (0.15, 0.45)
    """How far papillary muscles reach into the cavity, as a share of its radius."""
    trabeculation: Range = (0.0, 0.20)
    """Height of trabeculae, as a share of the radius."""
    trabecular_zone: Range = (0.16, 0.16)
    """Thickness of the layer within the endocardium that holds no blood, as a share of the radius."""
    endocardial_inset: float = 0.04
    """How far within the endocardium the label ends, as a share of the radius. Both are the same in all patients, as of
    one reader: no picture shows where trabeculae full of muscle become the wall."""
    extra_papillary: float = 0.2
    """Probability of each of two further papillary heads."""
    obliterated: float = 0.0
    """Probability of a nearly empty cavity under a thick wall."""
    crowded: float = 0.0
    """Probability of a cavity that papillary muscles fill so far that the blood in it is a small star."""
    epicardial_inset_mm: Range = (2.6, 2.6)
    """How far inside the wall's edge the label ends: readers keep clear of pixels that hold fat or RV blood too. The
    same in all patients, too."""
    rv_depth_mm: Range = (16.0, 32.0)
    rv_half_width: Range = (0.95, 1.25)
    """Half of the angle between the RV's insertions [rad]."""
    rv_absent_apex: float = 0.1
    rv_absent: float = 0.0
    rv_wall_mm: Range = (2.0, 4.0)
    septal_muscle: float = 0.0
    """Probability that the RV's own muscle lies on the septum and in its corners; elsewhere blood meets the septum."""
    septal_trabeculae_mm: Range = (0.0, 0.0)
    """Depth of the RV's trabeculae on the septum, which no reader counts as wall."""
    hinge_mm: Range = (0.0, 0.0)
    """Depth of the muscle that fills the RV's corners at its insertions."""
    outflow: float = 0.15
    """Probability that the outflow tract interrupts the basal wall."""
    fat_mm: Range = (0.0, 6.0)
    liver_distance_mm: Range = (4.0, 16.0)
    """From the inferior epicardium."""
    liver_turn: Range = (-0.5, 0.4)
    """Direction of the liver from straight inferior [rad]."""
    chest_distance_mm: Range = (14.0, 40.0)
    """From the RV's free wall or the anterior epicardium."""
    chest_turn: Range = (-0.4, 0.5)
    organ_absent: float = 0.0
    """Probability that liver, spleen or chest wall lie outside the picture."""
    n_vessels: int = 3
    texture: Range = (0.05, 0.15)
    """Share of vessels and walls in lung."""
    rotation: Range = (-0.35, 0.35)
    """Counterclockwise turn of the heart in the image [rad]."""
    mirrored: float = 0.0
    """Probability of an image turned over."""
    off_centre_mm: Range = (-5.0, 5.0)
    """Of the LV from the image's middle, in each direction."""
    slice_shift_mm: Range = (-2.5, 2.5)
    warp_mm: Range = (0.0, 1.5)
    """Standard deviation of the elastic deformation."""
    pictures: Pictures = Pictures()


PLAUSIBLE = Population()
"""Adults as they come to perfusion imaging: demo, tests."""

WILD = Population(
    endocardial_radius_mm=(11.0, 33.0),
    apical_scale=(0.35, 1.0),
    wall_mm=(4.5, 14.0),
    wall_asymmetry=(0.0, 0.40),
    wobble=(0.01, 0.14),
    papillary_depth=(0.0, 0.75),
    trabeculation=(0.0, 0.45),
    extra_papillary=0.5,
    obliterated=0.06,
    crowded=0.15,
    rv_depth_mm=(5.0, 48.0),
    rv_half_width=(0.6, 1.5),
    rv_absent_apex=0.25,
    rv_absent=0.05,
    rv_wall_mm=(0.5, 6.0),
    septal_muscle=0.65,
    septal_trabeculae_mm=(0.0, 5.0),
    hinge_mm=(0.0, 10.0),
    outflow=0.20,
    fat_mm=(0.0, 10.0),
    liver_distance_mm=(-1.0, 35.0),
    liver_turn=(-1.2, 1.2),
    chest_distance_mm=(0.0, 55.0),
    chest_turn=(-1.2, 1.2),
    organ_absent=0.25,
    n_vessels=8,
    texture=(0.0, 0.45),
    rotation=(-pi, pi),
    mirrored=0.5,
    off_centre_mm=(-17.0, 17.0),
    slice_shift_mm=(-4.0, 4.0),
    warp_mm=(0.0, 4.0),
)
"""Far beyond the plausible, so that a network trained on it takes real anatomy for one more variation."""

TURNED = replace(
    PLAUSIBLE,
    endocardial_radius_mm=(16.0, 31.0),
    apical_scale=(0.55, 0.95),
    wall_mm=(6.0, 12.5),
    wall_asymmetry=(0.0, 0.25),
    wobble=(0.01, 0.07),
    papillary_depth=(0.0, 0.5),
    trabeculation=(0.0, 0.18),
    extra_papillary=0.4,
    crowded=0.12,
    rv_depth_mm=(10.0, 42.0),
    rv_half_width=(0.8, 1.35),
    rv_wall_mm=(1.0, 5.0),
    septal_muscle=0.65,
    septal_trabeculae_mm=(0.0, 4.0),
    hinge_mm=(0.0, 8.0),
    fat_mm=(0.0, 8.0),
    liver_distance_mm=(-1.0, 20.0),
    liver_turn=(-0.8, 0.8),
    chest_distance_mm=(4.0, 50.0),
    chest_turn=(-0.8, 0.8),
    organ_absent=0.1,
    n_vessels=5,
    texture=(0.0, 0.3),
    rotation=(-pi, pi),
    mirrored=0.3,
    off_centre_mm=(-14.0, 14.0),
    warp_mm=(0.0, 2.5),
)
"""Hearts near the plausible in any position: the other half of what the network is trained on."""

UPRIGHT = replace(TURNED, rotation=(-0.6, 0.6), mirrored=0.0, off_centre_mm=(-8.0, 8.0))
"""The same hearts as they lie in a scanner: those of the training that are scanned physically."""

LIFELIKE = replace(
    TURNED,
    endocardial_radius_mm=(17.0, 31.0),
    wall_mm=(7.0, 13.0),
    wobble=(0.02, 0.09),
    papillary_depth=(0.05, 0.5),
    trabeculation=(0.02, 0.15),
    rv_depth_mm=(18.0, 48.0),
    rv_half_width=(0.95, 1.45),
    fat_mm=(0.0, 4.0),
    n_vessels=6,
    texture=(0.0, 0.08),
    pictures=Pictures(
        linear=0.0,
        converted=0.0,
        clean=1.0,
        pixel_mm=(1.6, 2.4),
        resolved=(0.36, 0.50),
        gain=(-0.3, 1.2),
        noise=(-3.5, -2.2),
        shading=(0.0, 1.0),
        cut_off=0.05,
        marbling=(0.5, 1.5),
        fat_signal=(0.05, 0.6),
    ),
)
"""Hearts near the plausible in clean pictures of scanners that give signal, with structure in every tissue."""
