"""The pictures in the documentation, of the demo's digital (simulated) patient.

``perf-app demo``, then ``python -m benchmarks.pictures [DEMO]``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image
from playwright.sync_api import expect

from benchmarks.browser import chromium
from benchmarks.colour_vision import VISIONS, seen
from benchmarks.demo import demo
from benchmarks.surroundings import REPOSITORY
from operators.report.colours import ColourScale, flow_scale
from operators.report.panels import draw_bulls_eye

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
        opened.goto(page.resolve().as_uri())
        expect(opened.locator(".bar")).to_be_visible()
        for _ in range(SECTORS):
            opened.keyboard.press("n")
        opened.screenshot(path=target)


def stress_flow(results: Path) -> dict[int, float | None]:
    """Mean MBF of each AHA segment at stress."""
    (scan,) = (one for one in json.loads(results.read_text())["scans"] if one["state"] == "stress")
    return {int(number): found and found["mean"] for number, found in scan["flow"]["sectors"].items()}


def compare_visions(flow: Mapping[int, float | None], target: Path) -> None:
    """The bull's-eye as each colour vision sees it, in the report's colours and in a rainbow."""
    figure = Figure(figsize=(8, 4.4), dpi=130, facecolor="white")
    usual = flow_scale([], "mL/min/g")
    rainbow = ColourScale(usual.low, usual.high, usual.label, "jet")
    for row, scale in enumerate((usual, rainbow)):
        for column, vision in enumerate(VISIONS):
            axes = figure.add_axes((column / 4, 0.5 - row / 2, 1 / 4, 0.45))
            draw_bulls_eye(axes, flow, scale, "mL/min/g", f"{scale.colormap}: {vision}")
            for patch in axes.patches:
                patch.set_facecolor(to_hex(seen(np.array(patch.get_facecolor()[:3]), vision).tolist()))
            for line in axes.lines:
                line.set_visible(False)
    figure.savefig(target, metadata={"Software": "perf_app"})


def main() -> None:
    """Draw what the demo left."""
    results = demo().results
    (DOCS / "report").mkdir(exist_ok=True)
    shrink(results / "report.png", DOCS / "report.png")
    photograph(results / "report.html", DOCS / "report" / "page.png")
    compare_visions(stress_flow(results / "results.json"), DOCS / "report" / "colours.png")


if __name__ == "__main__":
    main()
