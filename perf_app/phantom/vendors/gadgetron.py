"""As Gadgetron writes what it reconstructs inline: roles in image comments, proton-density frames apart."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import FileDataset

from perf_app.phantom.dicom import name_object, scan_images, uid
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.simulation import SimulatedScan

DENSITY = 2
"""Added to the main series' number."""


def classic(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """Single-frame images of signal: main images, their proton-density frames, and the AIF's."""
    for image in scan_images(patient, scan):
        ds, aif = image.dataset, str(image.dataset.SeriesDescription).endswith("_AIF")
        ds.Manufacturer = "SIEMENS"
        role = "AIF" if aif else "Perf"
        if image.density and not aif:
            ds.SeriesInstanceUID = uid(patient, scan.state, "density")
            ds.SeriesNumber += DENSITY
            ds.SeriesDescription += "_PD"
            name_object(ds, str(ds.InstanceNumber))
        # Without blanks: its comments are chains of words joined by underscores.
        ds.ImageComments = f"{role}_PD_simulated" if image.density else f"{role}_simulated"
        yield ds
