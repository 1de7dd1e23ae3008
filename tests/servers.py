"""Archive and viewer for tests, which are skipped where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks import ohif as viewer
from benchmarks import orthanc as archive


@contextmanager
def orthanc(folder: Path) -> Iterator[archive.Orthanc]:
    """An archive that runs, its storage in a folder."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(archive.orthanc(folder))
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield server


@contextmanager
def ohif(dicomweb: str) -> Iterator[str]:
    """URL of a viewer of that archive."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(viewer.ohif(dicomweb))
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield url
