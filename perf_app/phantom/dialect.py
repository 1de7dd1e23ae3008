"""Whose scanners a digital patient's study can look as if it came from, and how its pixels are stored."""

from __future__ import annotations

from enum import StrEnum


class Dialect(StrEnum):
    """By name; each has its writer in `perf_app.phantom.study.WRITERS`."""

    SIEMENS = "siemens"
    SIEMENS_SERIES_PER_SLICE = "siemens-series-per-slice"
    SIEMENS_MOCO = "siemens-moco"
    SIEMENS_ENHANCED = "siemens-enhanced"
    PHILIPS = "philips"
    PHILIPS_ENHANCED = "philips-enhanced"
    GE = "ge"
    PLAIN = "plain"
    GADGETRON = "gadgetron"
    GADGETRON_MAPS = "gadgetron-maps"


class TransferSyntax(StrEnum):
    """All without loss."""

    UNCOMPRESSED = "uncompressed"
    RLE = "rle"
    JPEG_LOSSLESS = "jpeg-lossless"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
