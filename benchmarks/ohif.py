"""The OHIF viewer, served with a DICOMweb archive behind it, for a browser on this machine."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from benchmarks.surroundings import REPOSITORY

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive"}
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
