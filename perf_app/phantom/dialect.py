"""Whose scanners a digital patient's study can look as if it came from."""

from __future__ import annotations

from enum import StrEnum


class Dialect(StrEnum):
    """By name; each has its writer in `perf_app.phantom.study.WRITERS`."""

    SIEMENS = "siemens"
