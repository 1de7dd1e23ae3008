"""A site's protocol from YAML: what the headers don't tell of its sequences; `docs/protocol.md` lists the keys."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import Field

from operators.protocol import Protocol
from operators.series import Sequence
from perf_app.site_file import Strict, read_site_file


class _SequenceFile(Strict):
    readout: Literal["flash", "bssfp"] | None = None
    echo_spacing_ms: float | None = Field(default=None, gt=0, lt=20)
    echo_time_ms: float | None = Field(default=None, gt=0, lt=20)
    flip_angle_deg: float | None = Field(default=None, gt=0, le=180)
    saturation_time_ms: float | None = Field(default=None, gt=0, lt=1000)
    phase_encodes: int | None = Field(default=None, gt=0)
    acceleration: float | None = Field(default=None, ge=1)

    def record(self) -> Sequence:
        return Sequence(
            readout=self.readout,
            repetition_time=_seconds(self.echo_spacing_ms),
            echo_time=_seconds(self.echo_time_ms),
            flip_angle=_radians(self.flip_angle_deg),
            saturation_time=_seconds(self.saturation_time_ms),
            phase_encodes=self.phase_encodes,
            acceleration=self.acceleration,
        )


class _ProtocolFile(Strict):
    perfusion: _SequenceFile = _SequenceFile()
    aif: _SequenceFile = _SequenceFile()
    pd_flip_angle_deg: float | None = Field(default=None, gt=0, le=180)
    aif_pd_flip_angle_deg: float | None = Field(default=None, gt=0, le=180)
    field_strength_t: float | None = Field(default=None, gt=0, lt=20)
    t1_blood_ms: float | None = Field(default=None, gt=100, lt=5000)
    t1_myocardium_ms: float | None = Field(default=None, gt=100, lt=5000)
    relaxivity_l_per_mmol_s: float | None = Field(default=None, gt=0, lt=30)
    hematocrit: float | None = Field(default=None, ge=0, lt=0.8)


def read_protocol(path: Path | None) -> Protocol:
    """A site's protocol file; an empty protocol where there is none. Its keys are in docs/protocol.md.

    Raises:
        SettingError: the file can't be read, isn't YAML, or holds an unknown key or an impossible value.
    """
    if path is None:
        return Protocol()
    file = read_site_file(path, _ProtocolFile, "protocol")
    return Protocol(
        perfusion=file.perfusion.record(),
        aif=file.aif.record(),
        pd_flip_angle=_radians(file.pd_flip_angle_deg),
        aif_pd_flip_angle=_radians(file.aif_pd_flip_angle_deg),
        field_strength_t=file.field_strength_t,
        t1_blood=_seconds(file.t1_blood_ms),
        t1_myocardium=_seconds(file.t1_myocardium_ms),
        relaxivity=file.relaxivity_l_per_mmol_s,
        hematocrit=file.hematocrit,
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _radians(degrees: float | None) -> float | None:
    return None if degrees is None else math.radians(degrees)
