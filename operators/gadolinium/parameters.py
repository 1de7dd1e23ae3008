"""Values of sequence, tissue and contrast agent that the conversion uses, and where each came from.

A site's protocol wins over the image header, the header over a stated default. Nothing is silent: every value and its
origin is handed on for the results, and what was assumed of the sequence is flagged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Defaults:
    """A sequence where neither protocol nor header tell; s and rad."""

    echo_spacing: float
    flip_angle: float
    saturation_time: float
    phase_encodes: int
    acceleration: float


# The dual-sequence protocol of Xue et al. 2019.
PERFUSION = {
    "flash": Defaults(0.00243, math.radians(14.0), 0.0814, 111, 3.0),
    "bssfp": Defaults(0.00243, math.radians(50.0), 0.0886, 111, 3.0),
}
AIF = {
    "flash": Defaults(0.00212, math.radians(8.0), 0.0236, 36, 2.0),
    "bssfp": Defaults(0.00212, math.radians(50.0), 0.0299, 36, 2.0),
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
    flags: tuple[QualityFlag, ...] = ()


def resolve_perfusion(scan: PerfusionScan, protocol: Protocol) -> Resolved:
    """For the main images, in myocardium.

    Raises:
        SettingError: the values contradict each other.
    """
    density = scan.proton_density.sequence if scan.proton_density else Sequence()
    flips = (protocol.pd_flip_angle, density.flip_angle)
    return _Resolver("", scan, protocol).resolve(
        scan.perfusion.sequence, protocol.perfusion, PERFUSION, flips, "myocardium"
    )


def resolve_aif(scan: PerfusionScan, protocol: Protocol) -> Resolved:
    """For the AIF images, in blood; the assumptions' names begin with ``aif_``.

    Raises:
        SettingError: the values contradict each other.
        ValueError: the scan has no AIF images.
    """
    if scan.aif is None:
        raise ValueError("this scan has no AIF images")
    density = scan.aif.proton_density.sequence if scan.aif.proton_density else Sequence()
    flips = (protocol.aif_pd_flip_angle, density.flip_angle)
    return _Resolver("aif_", scan, protocol).resolve(scan.aif.first_echo.sequence, protocol.aif, AIF, flips, "blood")


class _Resolver:
    """Picks each value by rank of its source and writes down which one it was."""

    def __init__(self, prefix: str, scan: PerfusionScan, protocol: Protocol) -> None:
        self.prefix = prefix
        self.scan = scan
        self.protocol = protocol
        self.entries: dict[str, float | str] = {}
        self.assumed: list[str] = []

    def pick(self, name: str, site: Value | None, header: Value | None, default: Value) -> Value:
        source, value = "default", default
        if site is not None:
            source, value = "protocol", site
        elif header is not None:
            source, value = "header", header
        self.entries[self.prefix + name] = value
        self.entries[f"{self.prefix}{name.removesuffix('_s').removesuffix('_rad')}_from"] = source
        if source == "default":
            self.assumed.append(name)
        return value

    def resolve(
        self,
        header: Sequence,
        site: Sequence,
        defaults: Mapping[str, Defaults],
        pd_flips: tuple[float | None, float | None],
        tissue: Tissue,
    ) -> Resolved:
        field = self.pick("field_strength_t", self.protocol.field_strength_t, self.scan.field_strength_t, 1.5)
        kind = self.pick("readout", site.readout, header.readout, "flash")
        default = defaults[kind]
        spacing = self._echo_spacing(header)
        spacing = self.pick("echo_spacing_s", site.repetition_time, spacing, default.echo_spacing)
        flip = self.pick("flip_angle_rad", site.flip_angle, header.flip_angle, default.flip_angle)
        time = self.pick("saturation_time_s", site.saturation_time, header.saturation_time, default.saturation_time)
        lines = self.pick("phase_encodes", site.phase_encodes, header.phase_encodes, default.phase_encodes)
        fold = self.pick("acceleration", site.acceleration, header.acceleration, default.acceleration)
        flags = self._flags()
        constants = CONSTANTS[1.5 if field < 2.25 else 3.0]
        native = self.protocol.t1_blood if tissue == "blood" else self.protocol.t1_myocardium
        readout = Readout(
            kind="bssfp" if kind == "bssfp" else "flash",
            repetition_time=spacing,
            flip_angle=flip,
            pd_flip_angle=self.pick("pd_flip_angle_rad", *pd_flips, PD_FLIP),
            saturation_time=time,
            center_line=math.floor(math.floor(lines / fold) / 2),
            t1=self.pick(f"t1_{tissue}_s", native, None, constants.t1[tissue]),
            t2=constants.t2[tissue],
            r1=self.pick("r1_l_per_mmol_s", self.protocol.relaxivity, None, constants.r1),
            r2=constants.r2,
        )
        self._check(readout)
        return Resolved(readout, self.entries, flags)

    def _echo_spacing(self, header: Sequence) -> float | None:
        """The header's repetition time where it can be one."""
        value = header.repetition_time
        if value is not None and value > LONGEST_ECHO_SPACING:
            self.entries[f"{self.prefix}header_repetition_time"] = f"{value:.4f} s is no echo spacing: not used"
            return None
        return value

    def _flags(self) -> tuple[QualityFlag, ...]:
        if not self.assumed:
            return ()
        images = "AIF images" if self.prefix else "perfusion images"
        names = ", ".join(name.removesuffix("_s").removesuffix("_rad").replace("_", " ") for name in self.assumed)
        text = f"Neither header nor protocol tell the {images}' {names}: usual values were assumed."
        return (QualityFlag(f"{self.prefix}sequence_assumed", "warning", text),)

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
