"""As GE scanners write: trigger times that count on, three acquisition times in all, gauss, an odd nominal interval."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import FileDataset

from perf_app.phantom.dicom import TIME, decimal, moment, scan_images
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.simulation import SimulatedScan

ACQUISITION_TIMES = 3
GAUSS_PER_TESLA = 10_000
JUNK_MS = 6
CREATOR, GROUP, IMAGE_KIND, ASSET_FACTOR = "GEMS_PARM_01", 0x0043, 0x2F, 0x83


def classic(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """Single-frame images."""
    images = list(scan_images(patient, scan))
    first = min(image.trigger for image in images)
    length = max(image.start for image in images) - first
    for image in images:
        ds = image.dataset
        ds.Manufacturer, ds.ImageType = "GE MEDICAL SYSTEMS", ["ORIGINAL", "PRIMARY", "OTHER"]
        ds.MagneticFieldStrength = decimal(GAUSS_PER_TESLA * patient.field_strength_t)
        ds.TriggerTime = decimal(1e3 * (image.center - first))
        part = int(ACQUISITION_TIMES * (image.start - first) / (1.001 * length))
        ds.AcquisitionTime = ds.ContentTime = moment(scan.state, first + part * length / ACQUISITION_TIMES).strftime(
            TIME
        )
        ds.NominalInterval = JUNK_MS
        block = ds.private_block(GROUP, CREATOR, create=True)
        block.add_new(IMAGE_KIND, "SS", 0)
        block.add_new(ASSET_FACTOR, "DS", [decimal(1 / float(ds.ParallelReductionFactorInPlane)), "1"])
        del ds.ParallelAcquisition, ds.ParallelReductionFactorInPlane
        yield ds
