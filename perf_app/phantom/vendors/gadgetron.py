"""As Gadgetron writes what it reconstructs inline: roles in image comments, proton density apart, Gd, flow maps."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
from pydicom.dataset import FileDataset

from operators.series import FloatArray
from perf_app.phantom.dicom import name_object, scan_images, uid
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.scene import to_picture
from perf_app.phantom.simulation import SimulatedScan
from perf_app.phantom.training_case import true_gadolinium

DENSITY, GADOLINIUM, FLOW = 2, 3, 4
"""Added to the main series' number."""
GD_SCALE, FLOW_SCALE = 1000, 100
"""Pixel value of 1 mmol/L and of 1 mL/min/g."""


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


def with_maps(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """The same, and what the reconstruction makes of it: Gd with the heart held still, and a flow map of each slice.

    Both are the truth on the picture's grid, without noise.
    """
    yield from classic(patient, scan)
    gadolinium = true_gadolinium(scan).numpy()
    flow = to_picture(scan.flow, (gadolinium.shape[2], gadolinium.shape[3])).numpy()
    for image in scan_images(patient, scan):
        ds, k, frame = image.dataset, image.slice, image.time - scan.n_proton_density
        if frame < 0 or str(ds.SeriesDescription).endswith("_AIF"):
            continue
        name = uid(patient, scan.state, "gadolinium")
        yield _derived(ds, gadolinium[k, frame], GADOLINIUM, name, f"Gd_MOCO_x{GD_SCALE}_{1 / GD_SCALE}mmol/L")
        if frame == 0:
            name = uid(patient, scan.state, "flow")
            yield _derived(ds, flow[k], FLOW, name, f"Flow_Map_MOCO_x{FLOW_SCALE}_{1 / FLOW_SCALE}ml/min/g")


def _derived(source: FileDataset, values: FloatArray, number: int, series: str, comment: str) -> FileDataset:
    """An image of derived values, scaled as its comment says."""
    ds = copy.deepcopy(source)
    scale = GD_SCALE if number == GADOLINIUM else FLOW_SCALE
    ds.Manufacturer, ds.ImageType = "SIEMENS", ["DERIVED", "PRIMARY", "M", "ND", "NORM", "MOCO"]
    ds.SeriesInstanceUID, ds.ImageComments = series, f"{comment}_simulated"
    ds.SeriesNumber += number
    ds.SeriesDescription += "_MOCO_Gd" if number == GADOLINIUM else "_Flow_Map"
    ds.BitsStored, ds.HighBit = 16, 15
    ds.PixelData = np.round(values * scale).clip(0, 65535).astype("<u2").tobytes()
    name_object(ds, str(ds.InstanceNumber))
    return ds
