"""The pictures in the documentation, of the demo's digital (simulated) patient: ``python -m benchmarks.pictures``."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image
from playwright.sync_api import expect

from benchmarks.browser import chromium
from benchmarks.colour_vision import VISIONS, seen
from benchmarks.surroundings import REPOSITORY
from operators.report.colours import ColourScale, flow_scale
from operators.report.panels import draw_bulls_eye
from operators.report.summary import means
from operators.series import ScanResult
from perf_app.cli import DEMO_SEED
from perf_app.config import read_settings
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.study import write_study
from perf_app.run import run

DOCS = REPOSITORY / "docs"
WIDTH = 1000
"""Of the report's picture [pixel]."""
SCREEN = (1280, 1210)
"""Of the page's picture [pixel]."""
SECTORS = 6
"""The key for the next sector is pressed so often: to basal anterolateral, where the demo's patient lacks flow."""


def shrink(picture: Path, target: Path) -> None:
    """A page's picture, small enough for a README."""
    with Image.open(picture) as page:
        height = round(page.height * WIDTH / page.width)
        page.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS).save(target, optimize=True)


def photograph(page: Path, target: Path) -> None:
    """The browser's page with one sector lit."""
    with chromium() as browser:
        opened = browser.new_page(viewport={"width": SCREEN[0], "height": SCREEN[1]}, color_scheme="light")
        opened.goto(page.as_uri())
        expect(opened.locator(".bar")).to_be_visible()
        for _ in range(SECTORS):
            opened.keyboard.press("n")
        opened.screenshot(path=target)


def compare_visions(scan: ScanResult, target: Path) -> None:
    """The bull's-eye as each colour vision sees it, in the report's colours and in a rainbow."""
    figure = Figure(figsize=(8, 4.4), dpi=130, facecolor="white")
    usual = flow_scale([scan], scan.flow.unit)
    rainbow = ColourScale(usual.low, usual.high, usual.label, "jet")
    for row, scale in enumerate((usual, rainbow)):
        for column, vision in enumerate(VISIONS):
            axes = figure.add_axes((column / 4, 0.5 - row / 2, 1 / 4, 0.45))
            draw_bulls_eye(axes, means(scan.sectors.by_sector), scale, scan.flow.unit, f"{scale.colormap}: {vision}")
            for patch in axes.patches:
                patch.set_facecolor(to_hex(seen(np.array(patch.get_facecolor()[:3]), vision).tolist()))
            for line in axes.lines:
                line.set_visible(False)
    figure.savefig(target, metadata={"Software": "perf_app"})


def main() -> None:
    """Make the patient, analyse it, and draw."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_study(folder / "study", draw_patient(DEMO_SEED))
        outcome = run(read_settings(input_path=folder / "study", output_path=folder / "out"))
        if outcome.result is None:
            sys.exit(outcome.exit_code)
        (DOCS / "report").mkdir(exist_ok=True)
        shrink(folder / "out" / "report.png", DOCS / "report.png")
        photograph(folder / "out" / "report.html", DOCS / "report" / "page.png")
        compare_visions(outcome.result.scans[0], DOCS / "report" / "colours.png")


if __name__ == "__main__":
    main()
