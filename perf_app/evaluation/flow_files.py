"""Blood flow and what is known of a scan from ``results.json``, or a digital patient's ``truth.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from operators.errors import UnsupportedSeriesError
from perf_app.evaluation.tables import WHOLE

TRUTH = "truth.json"
QUANTIFIED = "mL/min/g"


def read_scans(path: Path) -> dict[str, dict[str, Any]]:
    """The scans of a results.json or truth.json by state.

    Raises:
        UnsupportedSeriesError: the file is no such thing.
    """
    try:
        scans = json.loads(path.read_text(encoding="utf-8"))["scans"]
        return {str(scan["state"]): scan for scan in scans}
    except (ValueError, KeyError, TypeError) as error:
        raise UnsupportedSeriesError(
            "A file of results holds no scans.",
            where=f"{path.parent.name}/{path.name}",
            hint="Give the results.json that perf-app run wrote, or the truth.json of perf-app phantom.",
        ) from error


def flows_of(scan: Mapping[str, Any]) -> dict[str, float | None]:
    """Mean MBF [mL/min/g] by region, ``global`` and 1 to 16; empty where the scan isn't quantified."""
    flow = scan["flow"]
    if flow["unit"] != QUANTIFIED:
        return {}
    regions = {WHOLE: flow["global"]} | {str(number): flow["sectors"].get(str(number)) for number in range(1, 17)}
    return {region: None if value is None else float(value["mean"]) for region, value in regions.items()}


def groups_of(scan: Mapping[str, Any]) -> dict[str, str]:
    """State and field strength, as far as they are known."""
    groups = {"state": str(scan["state"])}
    strength = scan.get("field_strength_t")
    return groups | ({} if strength is None else {"field_strength_t": f"{strength:g}"})
