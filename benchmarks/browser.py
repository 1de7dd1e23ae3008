"""Debian's Chromium, without a screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

OPTIONS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FLAT = ("--disable-gpu",)
WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
"""Drawing in three dimensions, by the processor."""


@contextmanager
def chromium(drawing: tuple[str, ...] = FLAT) -> Iterator[Browser]:
    """A browser.

    Raises:
        FileNotFoundError: there is none.
    """
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*OPTIONS, *drawing])
        yield browser
        browser.close()
