"""As Philips scanners write: classic images, and enhanced objects of a whole series.

Every frame has its own rescale slope, the private scale makes frames compare, times are those of the whole series, and
instance numbers follow no order.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from random import Random

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from perf_app.phantom.dicom import TIME, Image, decimal, moment, name_object, scan_images
from perf_app.phantom.enhanced import pack
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.simulation import SimulatedScan

N_SLOPES = 8
"""Different rescale slopes in one series."""
CREATOR, GROUP, SCALE_SLOPE, DYNAMIC_BEGIN = "Philips MR Imaging DD 001", 0x2005, 0x0E, 0xA0
PER_FRAME_CREATOR, PER_FRAME = "Philips MR Imaging DD 005", 0x0F


def classic(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """Single-frame images."""
    images = _images(patient, scan)
    for _, series in groupby(images, key=lambda image: image.dataset.SeriesNumber):
        members = list(series)
        numbers = Random(patient.seed).sample(range(1, len(members) + 1), len(members))
        for image, number in zip(members, numbers, strict=True):
            image.dataset.InstanceNumber = number
            name_object(image.dataset, str(number))
            image.dataset.update(_private(image))
            yield image.dataset


def enhanced(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """A multi-frame object for each series: all slices (or echoes) and time points."""
    for _, series in groupby(_images(patient, scan), key=lambda image: image.dataset.SeriesNumber):
        yield pack(list(series), scan.state, number=1, private=_private_item, own_times=False)


def _images(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[Image]:
    draw, begin = Random(patient.seed), moment(scan.state, 0.0).strftime(TIME)
    for image in scan_images(patient, scan):
        ds, n = image.dataset, draw.randint(1, N_SLOPES)
        ds.Manufacturer = "Philips Medical Systems"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]
        ds.AcquisitionTime = ds.ContentTime = begin
        ds.TemporalPositionIdentifier = image.time + 1
        # Stored n times larger than measured, and told so by slope and scale: n / n is 1 again.
        ds.BitsStored, ds.HighBit = 16, 15
        ds.PixelData = (np.frombuffer(ds.PixelData, "<u2") * np.uint16(n)).tobytes()
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = decimal(1 / n), "0", "normalized"
        yield image


def _private(image: Image) -> Dataset:
    private = Dataset()
    block = private.private_block(GROUP, CREATOR, create=True)
    block.add_new(SCALE_SLOPE, "FL", 1 / float(image.dataset.RescaleSlope))
    block.add_new(DYNAMIC_BEGIN, "FL", image.trigger)
    return private


def _private_item(image: Image) -> Dataset:
    """What a frame's functional groups hold besides the standard ones."""
    item = Dataset()
    # The block that it always has in real objects.
    item.add_new((GROUP, 0x0014), "LO", PER_FRAME_CREATOR)
    item.add_new((GROUP, 0x1400 + PER_FRAME), "SQ", [_private(image)])
    return item
