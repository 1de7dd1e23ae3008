"""A study in the OHIF viewer, in a browser: what it lists, shows and holds."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Browser, FloatRect

PATIENCE_MS = 300_000
"""Drawing by the processor of a busy machine takes its time."""
OUTLINES = ((255, 69, 58), (10, 132, 255))
"""Colours of cavity and RV."""
ENLARGED = 2
"""Times, of a photographed image: the heart is in its middle."""
VIEWPORT = "services.cornerstoneViewportService.getCornerstoneViewport({})".format(
    "services.viewportGridService.getState().activeViewportId"
)
SEGMENT_PIXELS = """(() => {
    const counts = {};
    for (const one of services.segmentationService.getSegmentations()) {
        const held = one.representationData.Labelmap;
        const names = Object.fromEntries(Object.values(one.segments).map(s => [s.segmentIndex, s.label]));
        for (const id of held.imageIds) {
            const image = cornerstone.cache.getImage(id);
            const uid = image.referencedImageId.split("/instances/")[1].split("/")[0];
            for (const value of image.voxelManager.getScalarData()) {
                if (value) {
                    const name = names[value];
                    counts[name] ??= {};
                    counts[name][uid] = (counts[name][uid] ?? 0) + 1;
                }
            }
        }
    }
    return Object.keys(counts).length ? counts : null;
})()"""


class Viewer:
    """A study that is open in a browser's page."""

    def __init__(self, browser: Browser, url: str, study: str, width: int = 900, height: int = 600) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.goto(f"{url}/viewer?StudyInstanceUIDs={study}")
        self.page.get_by_text("Skip all").click()
        self.page.wait_for_function(f"{VIEWPORT} && {VIEWPORT}.getCurrentImageId()")

    def listed(self) -> list[str]:
        """Each series in the list, a line."""
        entries = self.page.locator("[data-cy^=study-browser-thumbnail]").all_inner_texts()
        return [" ".join(entry.split()) for entry in entries]

    def show(self, description: str) -> None:
        """Open a series and wait until it's there."""
        entry = self.page.locator("[data-cy^=study-browser-thumbnail]", has_text=description)
        entry.first.dblclick()
        if "Segmentation" in description:
            self.page.wait_for_function(f"services.segmentationService.getSegmentations().length && {SEGMENT_PIXELS}")
        elif "colour" in description:
            self.page.wait_for_function(f"cornerstone.cache.getImage({VIEWPORT}.getCurrentImageId())?.color")

    def current_image(self) -> str:
        """SOP instance UID of the image that is shown."""
        found = str(self.page.evaluate(f"{VIEWPORT}.getCurrentImageId()"))
        return found.split("/instances/")[1].split("/")[0]

    def current_pixels(self) -> tuple[int, int, npt.NDArray[np.uint8]]:
        """Rows, columns and colours (row, column, RGB) of the image that is shown, as the viewer decoded it."""
        rows, columns, values = self.page.evaluate(
            f"""() => {{
                const image = cornerstone.cache.getImage({VIEWPORT}.getCurrentImageId());
                return [image.rows, image.columns, [...image.getPixelData()]];
            }}"""
        )
        return rows, columns, np.array(values, np.uint8).reshape(rows, columns, -1)[..., :3]

    def segment_pixels(self) -> dict[str, dict[str, int]]:
        """How many pixels the viewer holds of each segment on each source image, by name and SOP instance UID."""
        found: dict[str, dict[str, int]] = self.page.evaluate(SEGMENT_PIXELS)
        return found

    def picture(self) -> npt.NDArray[np.int_]:
        """What is right of the list of series, (row, column, RGB)."""
        size = self.page.viewport_size
        assert size
        clip: FloatRect = {"x": 290, "y": 50, "width": size["width"] - 340, "height": size["height"] - 50}
        with Image.open(BytesIO(self.page.screenshot(clip=clip))) as picture:
            return np.array(picture.convert("RGB")).astype(int)

    def outlines_drawn(self) -> bool:
        """Whether the outlines of cavity and RV come up in the colours that the object asks for, within patience."""
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            picture = self.picture()
            red, blue = ((abs(picture - colour).max(axis=-1) < 25).sum() for colour in OUTLINES)
            if min(red, blue) > 100:
                return True
            self.page.wait_for_timeout(500)
        return False

    def photograph(self, target: Path) -> None:
        """The whole page, the middle of the image enlarged, once contours are drawn.

        Raises:
            TimeoutError: they don't come up.
        """
        drawn = self.outlines_drawn()
        # The viewer turns an image on whose frame it has just opened a segmentation.
        scale = f"{VIEWPORT}.getCamera().parallelScale / {ENLARGED}"
        self.page.evaluate(f"{VIEWPORT}.resetCamera(); {VIEWPORT}.setCamera({{parallelScale: {scale}}})")
        self.page.evaluate(f"{VIEWPORT}.render()")
        if not (drawn and self.outlines_drawn()):
            raise TimeoutError("the viewer draws no contours")
        self.page.screenshot(path=target)

    def text(self, awaited: str) -> str:
        """What the page says, once it says what is awaited."""
        self.page.get_by_text(awaited).first.wait_for()
        return " ".join(self.page.locator("body").inner_text().split())
