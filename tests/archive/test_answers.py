"""What a DICOMweb server may answer besides what was asked for: each has an end, and a sentence for the user."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from builders import source_header
from numpy import diag

from operators.errors import ArchiveReadError, SettingError
from perf_app.archive import TOKEN, connect, fetch_study

URL = "http://archive.example/dicom-web"
QUICK = (0.0, 0.0)


class Server:
    """Stands in for a client: a study of three images of one series, of which it gives some."""

    def __init__(self, given: int = 3, status: int = 200) -> None:
        self.images = [source_header("rest", 0, t, diag([1.9, 1.9, 8.0, 1.0]), 8, 8) for t in range(3)]
        self.given, self.status, self.asked = given, status, 0

    def search_for_series(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        self.asked += 1
        if self.status != 200:
            answer = SimpleNamespace(status_code=self.status, reason="No")
            raise requests.HTTPError(response=answer)  # type: ignore[arg-type]
        return [{"0020000E": {"Value": [self.images[0].SeriesInstanceUID]}}]

    def search_for_instances(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return [{"00080018": {"Value": [image.SOPInstanceUID]}} for image in self.images]

    def iter_series(self, *_: Any, **__: Any) -> Iterator[Any]:
        yield from self.images[: self.given]


def fetch(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("perf_app.archive.connect", lambda _: server)
    return fetch_study(URL, "1.2.3", folder, QUICK)


def test_fewer_images_than_it_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArchiveReadError, match="lists more images than the 2"):
        fetch(Server(given=2), tmp_path, monkeypatch)
    assert fetch(Server(), tmp_path, monkeypatch) == 3


@pytest.mark.parametrize(("status", "attempts"), [(403, 1), (404, 1), (503, 3)])
def test_only_what_may_pass_is_tried_again(
    status: int, attempts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(status=status)
    with pytest.raises(ArchiveReadError, match=f"HTTP {status} No"):
        fetch(server, tmp_path, monkeypatch)
    assert server.asked == attempts


def test_the_token_goes_to_the_server_and_into_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_error(401)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    monkeypatch.setenv(TOKEN, "secret-token")
    with HTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(ArchiveReadError, match="HTTP 401") as caught:
                fetch_study(f"http://127.0.0.1:{server.server_port}/dicom-web", "1.2.3", tmp_path, QUICK)
        finally:
            server.shutdown()
    assert seen == ["Bearer secret-token"]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["archive", "ftp://archive/dicom-web", "http://"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match="no URL"):
        connect(url)
