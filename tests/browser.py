"""A browser for tests, which are skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser

from benchmarks import browser


@contextmanager
def chromium(drawing: tuple[str, ...] = browser.FLAT) -> Iterator[Browser]:
    """Chromium without a screen."""
    try:
        with browser.chromium(drawing) as one:
            yield one
    except FileNotFoundError as error:
        pytest.skip(str(error))
