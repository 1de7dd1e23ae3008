"""As Siemens scanners write: classic images in several arrangements, and the enhanced objects of XA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from pydicom.dataset import Dataset, FileDataset

from perf_app.phantom.dicom import Image, name_object, scan_images, uid
from perf_app.phantom.enhanced import pack
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.simulation import SimulatedScan

FIRST_SLICE_SERIES, COPIES = 2, 5
"""Added to the main series' number: where each slice has one of its own, and for the copies."""


def interleaved(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """All slices in one series, the AIF's two echoes in another."""
    for image in _images(patient, scan):
        yield image.dataset


def series_per_slice(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """A series for every slice."""
    for image in _images(patient, scan):
        ds = image.dataset
        if not _is_aif(ds):
            ds.SeriesInstanceUID = uid(patient, scan.state, "slice", image.slice)
            ds.SeriesNumber += FIRST_SLICE_SERIES + image.slice
            ds.InstanceNumber = image.time + 1
            name_object(ds, str(ds.InstanceNumber))
        yield ds


def with_copies(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """The originals, and a series of them called registered and evened out, as the scanner's own MOCO would add."""
    for image in _images(patient, scan):
        yield image.dataset
    for image in _images(patient, scan):
        ds = image.dataset
        if not _is_aif(ds):
            ds.ImageType = ["DERIVED", "PRIMARY", "M", "ND", "NORM", "MOCO"]
            ds.SeriesInstanceUID = uid(patient, scan.state, "copies")
            ds.SeriesNumber += COPIES
            ds.SeriesDescription += "_MOCO"
            name_object(ds, str(ds.InstanceNumber))
            yield ds


def enhanced(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """One multi-frame object for every time point of a series, the slices or echoes as its frames."""
    images = _images(patient, scan)
    for (_, time), members in groupby(images, key=lambda image: (image.dataset.SeriesNumber, image.time)):
        yield pack(list(members), scan.state, number=time + 1)


def _images(patient: DigitalPatient, scan: SimulatedScan) -> Iterable[Image]:
    for image in scan_images(patient, scan):
        ds, readout = image.dataset, (scan.aif[0] if _is_aif(image.dataset) else scan.perfusion).readout
        ds.Manufacturer = "SIEMENS"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
        ds.SequenceName = f"*tfl2d{len(readout.echo_times)}_{readout.phase_encodes // readout.acceleration}"
        yield image


def _is_aif(ds: Dataset) -> bool:
    return str(ds.SeriesDescription).endswith("_AIF")
