"""What a benchmark prints, kept: a section of a page, ``docs/accuracy.md`` mostly, and the pictures beside it.

Every benchmark prints its tables; with ``--write`` it also replaces its own section, between two marks, and its plots.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.surroundings import REPOSITORY, machine


@dataclass(frozen=True, slots=True)
class Page:
    """A page with marked sections."""

    path: Path
    pictures: Path
    """Folder within the page's own."""


ACCURACY = Page(REPOSITORY / "docs/accuracy.md", REPOSITORY / "docs/accuracy")
BUNDLE = Page(REPOSITORY / "bundle/docs/README.md", REPOSITORY / "bundle/docs")
TRAINING = Page(REPOSITORY / "bundle/docs/training.md", REPOSITORY / "bundle/docs")


class Record:
    """Prints lines and keeps them for a section of the page.

    Args:
        section: name of the marks, such as ``flow``: ``<!-- flow -->`` to ``<!-- end flow -->``.
        module: of the benchmark, for the command that made the section.
        write: whether `close` replaces the section.
        page: where the section is.
    """

    def __init__(self, section: str, module: str, write: bool, page: Page = ACCURACY) -> None:
        self.section, self.write, self.page = section, write, page
        self.lines = [f"`python -m {module} {shlex.join(sys.argv[1:])}` on {machine()}:", ""]

    def say(self, text: str = "") -> None:
        """Print a line or a few, and keep them."""
        print(text, flush=True)
        self.lines.extend(text.split("\n"))

    def table(self, names: list[str], rows: list[list[str]]) -> None:
        """A Markdown table."""
        lines = [" | ".join(row) for row in [names, ["---"] * len(names), *rows]]
        self.say("\n".join(f"| {line} |" for line in lines) + "\n")

    def picture(self, name: str, words: str) -> Path | None:
        """Where to save a plot that the section then shows; None where nothing is written."""
        if not self.write:
            return None
        path = self.page.pictures / name
        path.parent.mkdir(exist_ok=True)
        self.lines.extend([f"![{words}]({path.relative_to(self.page.path.parent)})", ""])
        return path

    def close(self) -> None:
        """Replace the section of the page, if asked to.

        Raises:
            ValueError: the page has no such section.
        """
        if not self.write:
            return
        start, end = f"<!-- {self.section} -->\n", f"<!-- end {self.section} -->"
        before, found, rest = self.page.path.read_text(encoding="utf-8").partition(start)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{self.page.path.name} has no marks {start.strip()} and {end}")
        text = "\n".join(self.lines).strip("\n")
        self.page.path.write_text(f"{before}{start}\n{text}\n\n{end}{after}", encoding="utf-8")


def parser(description: str) -> argparse.ArgumentParser:
    """Options that every benchmark has."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--write", action="store_true", help="replace its section of the docs")
    return made
