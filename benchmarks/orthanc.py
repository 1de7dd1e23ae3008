"""An Orthanc archive to try things with, in a network namespace of its own: it listens on every address it finds."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
HTTP, DICOM = 8042, 4242
CLONE_NEWNET = 0x40000000
START = 40.0
"""Longest time that it may take to answer [s]."""


class Orthanc:
    """The server, its storage in a folder, and ports of this machine's loopback that lead to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.http = Relay(self, HTTP)
        self.dicom = Relay(self, DICOM)
        self.url = f"http://127.0.0.1:{self.http.port}"
        self.dicomweb = f"{self.url}/dicom-web"

    def start(self) -> None:
        """Start, or start again with what was stored."""
        settings = {
            "Name": "TEST",
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "Plugins": [str(PLUGIN)],
            "HttpPort": HTTP,
            "DicomPort": DICOM,
            "DicomAet": "ORTHANC",
            "DicomCheckCalledAet": False,
            "AuthenticationEnabled": False,
            "UnknownSopClassAccepted": True,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        (self.folder / "orthanc.json").write_text(json.dumps(settings))
        command = f"ip link set lo up && exec Orthanc {self.folder / 'orthanc.json'}"
        with (self.folder / "orthanc.log").open("ab") as log:
            self.process = subprocess.Popen(["unshare", "-n", "sh", "-c", command], stdout=log, stderr=log)
        until = time.monotonic() + START
        while time.monotonic() < until:
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/system", timeout=5).ok:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        self.kill()
        raise AssertionError((self.folder / "orthanc.log").read_text()[-2000:])

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        self.kill()
        self.http.close()
        self.dicom.close()

    def count(self) -> int:
        """How many instances it holds."""
        return int(requests.get(f"{self.url}/statistics", timeout=10).json()["CountInstances"])

    def studies(self) -> list[str]:
        """Study instance UIDs."""
        found = requests.get(f"{self.dicomweb}/studies", timeout=10).json()
        return [str(one["0020000D"]["Value"][0]) for one in found]


class Relay:
    """A port of this machine's loopback whose connections lead to a port inside the server's namespace."""

    def __init__(self, server: Orthanc, target: int) -> None:
        self.server, self.target = server, target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            process = self.server.process
            if process is None:
                return
            # A thread of its own: only this one moves, and its socket stays where it was made.
            with Path(f"/proc/{process.pid}/ns/net").open() as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            with socket.create_connection(("127.0.0.1", self.target)) as inside:
                back = threading.Thread(target=_copy, args=(inside, client), daemon=True)
                back.start()
                _copy(client, inside)
                back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    """A server that runs.

    Raises:
        FileNotFoundError: a program that it takes is missing, or network namespaces can't be made here.
    """
    missing = [name for name in ("Orthanc", "unshare", "ip") if shutil.which(name) is None]
    if missing or not PLUGIN.exists():
        raise FileNotFoundError(f"not installed: {', '.join(missing) or PLUGIN.name} (make tools)")
    if os.geteuid() or subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        raise FileNotFoundError("network namespaces can't be made here (they need root)")
    server = Orthanc(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()
