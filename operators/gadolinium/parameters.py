"""Values of sequence, tissue and contrast agent that the conversion uses, and where each came from.

A site's protocol wins over the image header, the header over a stated default. Nothing is silent: every value and its
origin is handed on for the results, and what was assumed of the sequence is flagged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from operators.errors import SettingError
from operators.gadolinium.saturation_recovery import Readout
from operators.protocol import Protocol
from operators.series import PerfusionScan, QualityFlag, Sequence

Tissue = Literal["blood", "myocardium"]
Value = TypeVar("Value", bound=float | str)

LONGEST_ECHO_SPACING = 0.012
"""A header's repetition time above this [s] is that of the heart beat or the shot, not of the excitations."""
PD_FLIP = math.radians(5.0)
FIELD_TOLERANCE = 0.2
"""Relative distance from 1.5 or 3 T up to which their relaxation is taken for that of the field."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """A sequence where neither protocol nor header tell; s and rad."""

    echo_spacing: float
    echo_time: float
    """0: nothing is assumed, and nothing corrected."""
    flip_angle: float
    saturation_time: float
    phase_encodes: int
    acceleration: float


# The dual-sequence protocol of Xue et al. 2019.
PERFUSION = {
    "flash": Defaults(0.00243, 0.00103, math.radians(14.0), 0.0814, 111, 3.0),
    "bssfp": Defaults(0.00243, 0.00103, math.radians(50.0), 0.0886, 111, 3.0),
}
AIF = {
    "flash": Defaults(0.00212, 0.0, math.radians(8.0), 0.0236, 36, 2.0),
    "bssfp": Defaults(0.00212, 0.0, math.radians(50.0), 0.0299, 36, 2.0),
}


@dataclass(frozen=True, slots=True)
class FieldConstants:
    """Relaxation at one field strength; s and L/(mmol s)."""

    t1: Mapping[Tissue, float]
    t2: Mapping[Tissue, float]
    r1: float
    r2: float


# T1, T2 and r1 as used with that protocol; r2 as published with it at 3 T, scaled by r1 to 1.5 T.
CONSTANTS = {
    1.5: FieldConstants({"blood": 1.7, "myocardium": 1.1}, {"blood": 0.220, "myocardium": 0.045}, 5.565, 6.69),
    3.0: FieldConstants({"blood": 2.0, "myocardium": 1.3}, {"blood": 0.250, "myocardium": 0.045}, 4.919, 5.913),
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A readout with everything filled in, and how it came about."""

    readout: Readout
    assumptions: Mapping[str, float | str]
    """Each value by its name with the unit, and beside it ``NAME_from``: ``protocol``, ``header`` or ``default``."""
    flags: tuple[QualityFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class _Images:
    """One kind of images and who may know of them."""

    header: Sequence
    site: Sequence
    defaults: Mapping[str, Defaults]
    tissue: Tissue
    density: Sequence | None
    """Header of the proton-density images; None: there are none."""
    density_flip: float | None
    """Flip angle of the proton-density images in the site's protocol [rad]."""


def resolve_perfusion(scan: PerfusionScan, protocol: Protocol) -> Resolved:
    """For the main images, in myocardium.

    Raises:
        SettingError: the values contradict each other.
    """
    density = scan.proton_density.sequence if scan.proton_density else None
    images = _Images(
        scan.perfusion.sequence, protocol.perfusion, PERFUSION, "myocardium", density, protocol.pd_flip_angle
    )
    return _Resolver("", scan, protocol).resolve(images)


def resolve_aif(scan: PerfusionScan, protocol: Protocol) -> Resolved:
    """For the AIF images, in blood, their signal without decay; the assumptions' names begin with ``aif_``.

    Raises:
        SettingError: the values contradict each other.
        ValueError: the scan has no AIF images.
    """
    if scan.aif is None:
        raise ValueError("this scan has no AIF images")
    density = scan.aif.proton_density.sequence if scan.aif.proton_density else None
    header = scan.aif.first_echo.sequence
    images = _Images(header, protocol.aif, AIF, "blood", density, protocol.aif_pd_flip_angle)
    found = _Resolver("aif_", scan, protocol).resolve(images)
    # Two echoes tell the decay; the model needn't.
    return replace(found, readout=replace(found.readout, echo_time=0.0))


class _Resolver:
    """Picks each value by rank of its source and writes down which one it was."""

    def __init__(self, prefix: str, scan: PerfusionScan, protocol: Protocol) -> None:
        self.prefix = prefix
        self.scan = scan
        self.protocol = protocol
        self.entries: dict[str, float | str] = {}
        self.assumed: list[str] = []

    def pick(self, name: str, unit: str, site: Value | None, header: Value | None, default: Value) -> Value:
        source, value = "default", default
        if site is not None:
            source, value = "protocol", site
        elif header is not None:
            source, value = "header", header
        name = self.prefix + name
        self.entries[f"{name}_{unit}" if unit else name] = value
        self.entries[f"{name}_from"] = source
        if source == "default":
            self.assumed.append(name.removeprefix(self.prefix).replace("_", " "))
        return value

    def resolve(self, images: _Images) -> Resolved:
        site, header = images.site, images.header
        field = self.pick("field_strength", "t", self.protocol.field_strength_t, self.scan.field_strength_t, 1.5)
        kind = self.pick("readout", "", site.readout, header.readout, "flash")
        default = images.defaults[kind]
        spacing = self._echo_spacing(header)
        spacing = self.pick("echo_spacing", "s", site.repetition_time, spacing, default.echo_spacing)
        # The echo of bSSFP is at TR/2: then it is the proton-density images' echo time that matters.
        told = images.density.echo_time if kind == "bssfp" and images.density else header.echo_time
        echo = default.echo_time
        if echo or site.echo_time or told:
            echo = self.pick("echo_time", "s", site.echo_time, told, echo)
        flip = self.pick("flip_angle", "rad", site.flip_angle, header.flip_angle, default.flip_angle)
        time = self.pick("saturation_time", "s", site.saturation_time, header.saturation_time, default.saturation_time)
        lines = self.pick("phase_encodes", "", site.phase_encodes, header.phase_encodes, default.phase_encodes)
        fold = self.pick("acceleration", "", site.acceleration, header.acceleration, default.acceleration)
        density_flip = PD_FLIP
        if images.density:
            density_flip = self.pick("pd_flip_angle", "rad", images.density_flip, images.density.flip_angle, PD_FLIP)
        flags = self._sequence_flags()
        t1, t2, r1, r2 = self._relaxation(field, images.tissue, decays=kind == "bssfp" or not self.prefix)
        readout = Readout(
            kind="bssfp" if kind == "bssfp" else "flash",
            repetition_time=spacing,
            flip_angle=flip,
            pd_flip_angle=density_flip,
            echo_time=echo,
            saturation_time=time,
            center_line=math.floor(math.floor(lines / fold) / 2),
            t1=t1,
            t2=t2,
            r1=r1,
            r2=r2,
        )
        self._check(readout)
        return Resolved(readout, self.entries, (*flags, *self._field_flags(field)))

    def _relaxation(self, field: float, tissue: Tissue, *, decays: bool) -> tuple[float, float, float, float]:
        """T10, T20 [s], r1, r2 [L/(mmol s)]; T20 and r2 are written down where the model makes use of them."""
        constants = CONSTANTS[_nearest(field)]
        native = self.protocol.t1_blood if tissue == "blood" else self.protocol.t1_myocardium
        t1 = self.pick(f"t1_{tissue}", "s", native, None, constants.t1[tissue])
        r1 = self.pick("r1", "l_per_mmol_s", self.protocol.relaxivity, None, constants.r1)
        if not decays:
            return t1, constants.t2[tissue], r1, constants.r2
        t2 = self.pick(f"t2_{tissue}", "s", None, None, constants.t2[tissue])
        return t1, t2, r1, self.pick("r2", "l_per_mmol_s", None, None, constants.r2)

    def _echo_spacing(self, header: Sequence) -> float | None:
        """The header's repetition time where it can be one."""
        value = header.repetition_time
        if value is not None and value > LONGEST_ECHO_SPACING:
            self.entries[f"{self.prefix}header_repetition_time"] = f"{value:.4f} s is no echo spacing: not used"
            return None
        return value

    def _sequence_flags(self) -> list[QualityFlag]:
        if not self.assumed:
            return []
        images = "AIF images" if self.prefix else "perfusion images"
        text = f"Neither header nor protocol tell the {images}' {', '.join(self.assumed)}: usual values were assumed."
        return [QualityFlag(f"{self.prefix}sequence_assumed", "warning", text)]

    def _field_flags(self, field: float) -> list[QualityFlag]:
        """Of a field whose relaxation isn't known here, where that is made use of."""
        nearest = _nearest(field)
        if abs(field / nearest - 1) <= FIELD_TOLERANCE or not {"r1", "t1 blood", "t1 myocardium"} & set(self.assumed):
            return []
        text = (
            f"Relaxation at {field:g} T isn't known: T1 and relaxivity of {nearest:g} T were taken. "
            "Give them in a protocol file."
        )
        return [QualityFlag("field_strength_unusual", "warning", text)]

    def _check(self, readout: Readout) -> None:
        if readout.delay > 0 and readout.repetition_time > 0 and readout.flip_angle > 0:
            return
        sources = ", ".join(f"{name} {value}" for name, value in self.entries.items() if not name.endswith("_from"))
        raise SettingError(
            f"The sequence can't be: saturation time {1e3 * readout.saturation_time:.1f} ms is too short for "
            f"{readout.center_line} lines of {1e3 * readout.repetition_time:.2f} ms before the centre of k-space",
            where=sources,
            hint="Give saturation time, echo spacing, phase encodes and acceleration in a protocol file.",
        )


def _nearest(field: float) -> float:
    return min(CONSTANTS, key=lambda known: abs(field / known - 1))
