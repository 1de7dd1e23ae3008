"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from operators.framework import prepare

prepare()

pytest_plugins = ["written_objects"]
"""Written DICOM objects, for whoever stores, shows or reads them."""

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real patients' series and published references, where this machine has them."""
    folder = Path(os.environ.get("PERF_APP_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data here: name their folder in PERF_APP_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def scanned_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with one patient scanned physically for training; it takes a while."""
    from perf_app.phantom.scanned import scan_patients

    folder = tmp_path_factory.mktemp("scanned")
    scan_patients(folder, 1)
    return folder
