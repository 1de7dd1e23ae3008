"""Answers from standard attributes and the common words of series descriptions: what holds without knowing a vendor."""

from __future__ import annotations

import math

from pydicom import Dataset

from operators.dicom_loading.headers import number, positive, text, words
from operators.dicom_loading.rules import Rules, found
from operators.series import Role, Sequence

LONGEST_ECHO_SPACING_MS = 10.0
"""A repetition time above this is that of the heart beat or the shot, not of the excitations."""
NOT_MAGNITUDE = frozenset({"P", "PHASE", "PHASE MAP", "R", "REAL", "I", "IMAGINARY", "MPR", "LOCALIZER"})


def role(header: Dataset, rules: Rules) -> Role | None:
    """From the words of description and image comment; None: they don't tell."""
    described = text(header, "SeriesDescription")
    commented = f"{described} {text(header, 'ImageComments')}"
    if found(rules.mbf_map, commented):
        return Role.MBF_MAP
    if found(rules.ignore, commented) or not is_magnitude(header):
        return Role.OTHER
    if found(rules.aif, commented):
        return Role.AIF
    if found(rules.proton_density, described):
        return Role.PROTON_DENSITY
    if found(rules.perfusion, f"{described} {text(header, 'ProtocolName')}"):
        return Role.PERFUSION
    return None


def image_kinds(header: Dataset) -> frozenset[str]:
    """The values of the image type, upper case."""
    value = header.get("ImageType") or ()
    return frozenset(str(kind).upper() for kind in ([value] if isinstance(value, str) else value))


def is_magnitude(header: Dataset) -> bool:
    """Whether the image is no phase, real or imaginary part."""
    return not image_kinds(header) & NOT_MAGNITUDE


def is_proton_density(header: Dataset) -> bool:
    """Whether the image comment names the frame so."""
    return bool(words(header, "ImageComments") & {"pd", "proton"})


def rescale(header: Dataset) -> tuple[float, float]:
    """Slope and intercept of this very frame; absent: the stored values are the values."""
    slope, intercept = number(header, "RescaleSlope"), number(header, "RescaleIntercept")
    return (1.0 if slope is None else slope), (intercept or 0.0)


def complete(header: Dataset) -> None:
    """Nothing is kept anywhere else."""


def private_number(header: Dataset, group: int, creator: str, element: int) -> float | None:
    """The first of the finite numbers in a private element; None where it is absent or anything else."""
    try:
        value = header.private_block(group, creator)[element].value
    except KeyError:
        return None
    values = [value] if isinstance(value, int | float | str) else list(value or ())
    try:
        found = float(values[0])
    except (IndexError, TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def is_flash(header: Dataset) -> bool:
    """Spoiled gradient echo is FLASH; what else the variants stand for differs from vendor to vendor."""
    return "GR" in text(header, "ScanningSequence") and "SP" in text(header, "SequenceVariant")


def sequence(header: Dataset) -> Sequence:
    """Of the attributes that mean the same everywhere; the inversion time is that of the saturation pulse."""
    repetition = positive(header, "RepetitionTime")
    echo, inversion = positive(header, "EchoTime"), positive(header, "InversionTime")
    flip, steps = positive(header, "FlipAngle"), positive(header, "NumberOfPhaseEncodingSteps")
    return Sequence(
        readout="flash" if is_flash(header) else None,
        repetition_time=repetition / 1000 if repetition and repetition < LONGEST_ECHO_SPACING_MS else None,
        echo_time=echo / 1000 if echo else None,
        flip_angle=math.radians(flip) if flip else None,
        saturation_time=inversion / 1000 if inversion else None,
        phase_encodes=round(steps) if steps else None,
        acceleration=positive(header, "ParallelReductionFactorInPlane"),
    )
