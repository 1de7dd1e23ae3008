"""What `perf-app demo` left, for the pictures in the documentation."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.surroundings import REPOSITORY

DEFAULT = Path("out") / "demo"


@dataclass(frozen=True)
class Demo:
    """A digital (simulated) patient's study and its results."""

    study: Path
    results: Path

    def images(self) -> list[Path]:
        return sorted(self.study.rglob("*.dcm"))

    def objects(self) -> list[Path]:
        return sorted(self.results.glob("*.dcm"))


def demo() -> Demo:
    """The folder that the command line names, else where `make demo` writes.

    Ends the program where there is none, or where other weights than the bundle's made it.
    """
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    found = Demo(folder / "study", folder / "results")
    try:
        used = json.loads((found.results / "results.json").read_text())["software"]["model_sha256"]
    except FileNotFoundError:
        sys.exit(f"no results of the demo in {folder}: run perf-app demo {folder}")
    if used != sha256((REPOSITORY / "bundle" / "models" / "model.pt").read_bytes()).hexdigest():
        sys.exit(f"the results in {folder} are of other weights than the bundle's: run perf-app demo {folder}")
    return found
