"""The files that the documentation shows are read, and the defaults it tells are those that are taken."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from operators.dicom_loading.rules import DEFAULT_RULES, SeriesRule
from operators.gadolinium.parameters import CONSTANTS, PD_FLIP, PERFUSION
from operators.series import Role, State
from perf_app.config import DEFAULT_HEMATOCRIT
from perf_app.protocol_file import read_protocol
from perf_app.rules_file import read_rules


def shown(page: Path, folder: Path) -> Path:
    """The YAML of a page, as a file."""
    (block,) = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    path = folder / "shown.yaml"
    path.write_text(block, encoding="utf-8")
    return path


def test_rules(repository: Path, tmp_path: Path) -> None:
    rules = read_rules(shown(repository / "docs" / "selection.md", tmp_path))
    assert dict(rules.series) == {
        "7": SeriesRule(state=State.STRESS),
        "12.2": SeriesRule(Role.PERFUSION, State.REST),
    }
    assert replace(rules, series={}) == DEFAULT_RULES


def test_protocol(repository: Path, tmp_path: Path) -> None:
    protocol = read_protocol(shown(repository / "docs" / "protocol.md", tmp_path))
    assumed, usual = PERFUSION["flash"], CONSTANTS[1.5]
    main = protocol.perfusion
    assert main.readout == "flash"
    told = (main.repetition_time, main.echo_time, main.saturation_time, main.flip_angle)
    assert told == pytest.approx(
        (assumed.echo_spacing, assumed.echo_time, assumed.saturation_time, assumed.flip_angle), rel=1e-9
    )
    assert (main.phase_encodes, main.acceleration) == (assumed.phase_encodes, assumed.acceleration)
    assert protocol.pd_flip_angle == protocol.aif_pd_flip_angle == pytest.approx(PD_FLIP) == math.radians(5)
    tissue = (protocol.t1_blood, protocol.t1_myocardium, protocol.relaxivity)
    assert tissue == pytest.approx((usual.t1["blood"], usual.t1["myocardium"], usual.r1))
    assert protocol.hematocrit == DEFAULT_HEMATOCRIT
