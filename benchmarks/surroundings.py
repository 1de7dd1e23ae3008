"""Where a benchmark runs: the machine, and the real series beside the checkout."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def machine() -> str:
    """Kind of processor and number of cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def real_series() -> Path | None:
    """Folder of the real series; None, said in a line, where there is none."""
    folder = Path(os.environ.get("PERF_APP_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    print("no real series here: name their folder in PERF_APP_TEST_DATA")
    return None


def published_slices(data: Path) -> Iterator[tuple[str, Path]]:
    """Real slices of Gd with a published map: name and file (``qperf/NAME_gd.npz``) of each.

    Beside it lie its images, ``NAME_gd_dicom/``, and its arterial input, ``NAME_gd_aif.csv``.
    """
    for file in sorted((data / "qperf").glob("*_gd.npz")):
        yield file.stem.removesuffix("_gd"), file
