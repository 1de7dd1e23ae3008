"""The OHIF viewer, served with a DICOMweb archive behind it, for a browser on this machine."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import requests
from PIL import Image
from playwright.sync_api import Browser, FloatRect

from benchmarks.surroundings import REPOSITORY

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive"}
PATIENCE_MS = 300_000
"""Drawing by the processor of a busy machine takes its time."""
OUTLINES = ((255, 69, 58), (10, 132, 255))
"""Colours of cavity and RV."""
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
CONFIG = {
    "routerBasename": "/",
    "showStudyList": True,
    "extensions": [],
    "modes": [],
    "showWarningMessageForCrossOrigin": False,
    "showCPUFallbackMessage": False,
    "showErrorDetails": "always",
    "investigationalUseDialog": {"option": "never"},
    "disableConfirmationPrompts": True,
    "studyPrefetcher": {"enabled": False},
    "defaultDataSourceName": "dicomweb",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "dicomweb",
            "configuration": {
                "friendlyName": "archive",
                "name": "archive",
                "wadoUriRoot": "/dicom-web",
                "qidoRoot": "/dicom-web",
                "wadoRoot": "/dicom-web",
                "qidoSupportsIncludeField": False,
                "imageRendering": "wadors",
                "thumbnailRendering": "wadors",
                "enableStudyLazyLoad": True,
                "supportsFuzzyMatching": False,
                "supportsWildcard": True,
                "omitQuotationForMultipartRequest": True,
                "bulkDataURI": {"enabled": True},
            },
        }
    ],
}


def viewer_folder() -> Path:
    """The unpacked viewer.

    Raises:
        FileNotFoundError: it wasn't fetched.
    """
    version = re.search(r"^OHIF_VERSION := (\S+)", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert version
    folder = REPOSITORY / "build" / "ohif" / version[1]
    if not (folder / "index.html").exists():
        raise FileNotFoundError("the OHIF viewer is not here (make tools)")
    return folder


@contextmanager
def ohif(dicomweb: str) -> Iterator[str]:
    """URL of a viewer of that archive.

    Raises:
        FileNotFoundError: the viewer wasn't fetched.
    """
    folder = viewer_folder()

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: object) -> None:
            """Nothing."""

        def end_headers(self) -> None:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            super().end_headers()

        def do_GET(self) -> None:
            if self.path.startswith("/dicom-web/"):
                self._from_archive()
            elif self.path.startswith("/app-config.js"):
                self._answer(f"window.config = {json.dumps(CONFIG)};".encode(), "text/javascript")
            elif not (folder / self.path.split("?")[0].lstrip("/")).is_file():
                self._answer((folder / "index.html").read_bytes(), "text/html")
            else:
                super().do_GET()

        def _answer(self, body: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _from_archive(self) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            got = requests.get(dicomweb + self.path.removeprefix("/dicom-web"), headers=headers, timeout=60)
            self._answer(got.content, got.headers.get("Content-Type", "application/octet-stream"), got.status_code)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
        """The whole page, once contours are drawn.

        Raises:
            TimeoutError: they don't come up.
        """
        drawn = self.outlines_drawn()
        # The viewer turns an image on whose frame it has just opened a segmentation.
        self.page.evaluate(f"{VIEWPORT}.resetCamera(); {VIEWPORT}.render()")
        if not (drawn and self.outlines_drawn()):
            raise TimeoutError("the viewer draws no contours")
        self.page.screenshot(path=target)

    def text(self, awaited: str) -> str:
        """What the page says, once it says what is awaited."""
        self.page.get_by_text(awaited).first.wait_for()
        return " ".join(self.page.locator("body").inner_text().split())
