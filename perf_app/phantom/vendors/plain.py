"""As scanners write that keep to the standard, such as those of Canon and United Imaging."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import FileDataset

from perf_app.phantom.dicom import scan_images
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.simulation import SimulatedScan


def classic(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """Single-frame images."""
    for image in scan_images(patient, scan):
        image.dataset.Manufacturer = "CANON_MEC"
        yield image.dataset
