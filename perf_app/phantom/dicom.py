"""Pictures as MR Image Storage objects with standard attributes only, marked as simulated.

Each module of `vendors` makes of them what one maker's scanners write.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import degrees

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pydicom.valuerep import format_number_as_ds

from operators.series import State
from perf_app import __version__
from perf_app.phantom.geometry import FIELD_OF_VIEW_MM, Plane
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.simulation import AIF_DELAY, FIRST_DELAY, SLICE_TIME, Pictures, SimulatedScan

MARK = "simulated digital patient"
TIME = "%H%M%S.%f"
SCAN_BEGINS = {State.STRESS: datetime(2020, 1, 1, 10, 0, 0), State.REST: datetime(2020, 1, 1, 10, 15, 0)}
SERIES_NUMBER = {State.STRESS: 10, State.REST: 20}


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One picture as a data set, and what makers tell of it in different ways; times from the scan's first centre of
    k-space after saturation [s]."""

    dataset: FileDataset
    slice: int
    time: int
    """Index of the heart beat, proton-density frames first."""
    density: bool
    """Whether it is proton-density weighted."""
    trigger: float
    """Of its heart beat."""
    start: float
    """Of its readout."""
    center: float
    """Of the readout's centre of k-space."""


def scan_images(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[Image]:
    """All images of one injection: a perfusion series with its slices interleaved, then the AIF series."""
    state = scan.state.name
    main, n_slices = scan.perfusion, scan.perfusion.pixels.shape[0]
    template = _series(patient, scan, main, 0, f"{state}_PERFUSION_SAX_{n_slices}SLICES")
    for t in range(main.pixels.shape[1]):
        for k in range(n_slices):
            yield _image(template, scan, main, (k, t), t * n_slices + k + 1, FIRST_DELAY + k * SLICE_TIME)
    template = _series(patient, scan, scan.aif[0], 1, f"{state}_PERFUSION_SAX_{n_slices}SLICES_AIF")
    for t in range(scan.aif[0].pixels.shape[1]):
        for echo, pictures in enumerate(scan.aif):
            yield _image(template, scan, pictures, (0, t), t * len(scan.aif) + echo + 1, AIF_DELAY, "AIF")


def moment(scan_state: State, seconds: float) -> datetime:
    """On the clock on the wall."""
    return SCAN_BEGINS[scan_state] + timedelta(seconds=seconds)


def uid(patient: DigitalPatient, *what: object) -> str:
    """The same UID for the same thing of the same patient."""
    return str(generate_uid(entropy_srcs=["perf_app digital patient", repr(patient), *map(str, what)]))


def _series(patient: DigitalPatient, scan: SimulatedScan, pictures: Pictures, index: int, description: str) -> Dataset:
    """What all images of a series share."""
    begin, readout = SCAN_BEGINS[scan.state], pictures.readout
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    ds.SOPClassUID = MRImageStorage
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = begin.strftime("%Y%m%d")
    ds.StudyTime, ds.SeriesTime = "095500", begin.strftime("%H%M%S")
    ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "MR", "Example", "Digital patient (simulated)"
    ds.StudyDescription = f"Cardiac perfusion, {MARK}"
    ds.SeriesDescription = ds.ProtocolName = description
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = (
        "Digital^Patient",
        f"SIMULATED-{patient.seed:06d}",
        "",
        "O",
    )
    ds.PatientPosition = "HFS"
    ds.BodyPartExamined = "HEART"
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions, ds.MRAcquisitionType = "GR", ["SK", "SP"], "CG", "2D"
    ds.RepetitionTime = decimal(1e3 * readout.repetition_time)
    ds.EchoTrainLength = 1
    ds.MagneticFieldStrength = decimal(patient.field_strength_t)
    ds.ImagingFrequency = decimal(42.577 * patient.field_strength_t)
    ds.ImagedNucleus = "1H"
    ds.NumberOfAverages = 1
    ds.NumberOfPhaseEncodingSteps = readout.phase_encodes
    ds.ParallelAcquisition, ds.ParallelReductionFactorInPlane = "YES", float(readout.acceleration)
    ds.PercentSampling = ds.PercentPhaseFieldOfView = 75
    ds.InPlanePhaseEncodingDirection = "COL"
    ds.HeartRate = round(60 / float(scan.beats.times.diff().median()))
    ds.SoftwareVersions = f"perf_app {__version__}"
    ds.StudyInstanceUID = uid(patient, "study")
    ds.SeriesInstanceUID = uid(patient, scan.state, "series", index)
    ds.FrameOfReferenceUID = uid(patient, "frame of reference")
    ds.StudyID, ds.SeriesNumber, ds.PositionReferenceIndicator = "1", SERIES_NUMBER[scan.state] + index, ""
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.Rows, ds.Columns = pictures.pixels.shape[2:]
    fov = zip(FIELD_OF_VIEW_MM, (ds.Rows, ds.Columns), strict=True)
    ds.PixelSpacing = [decimal(length / n) for length, n in fov]
    ds.WindowCenter, ds.WindowWidth = 900, 1800
    ds.LossyImageCompression = "00"
    return ds


def _image(
    template: Dataset,
    scan: SimulatedScan,
    pictures: Pictures,
    index: tuple[int, int],
    number: int,
    delay: float,
    role: str = "",
) -> Image:
    k, t = index
    readout, density = pictures.readout, t < scan.n_proton_density
    ds = FileDataset("", copy.deepcopy(template), file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    name_object(ds, str(number))
    center = float(pictures.times[k, t]) - float(scan.perfusion.times[0].min())
    start = center - readout.center_line * readout.repetition_time
    ds.ContentTime = moment(scan.state, center).strftime(TIME)
    ds.AcquisitionTime = moment(scan.state, start).strftime(TIME)
    ds.InstanceNumber, ds.AcquisitionNumber = number, t + 1
    ds.TriggerTime = decimal(1e3 * delay)
    ds.NominalInterval = round(1e3 * float(scan.beats.times.diff()[max(t - 1, 0)]))
    ds.EchoTime, ds.EchoNumbers = decimal(1e3 * readout.echo_times[pictures.echo]), pictures.echo + 1
    ds.FlipAngle = decimal(degrees(readout.pd_flip_angle if density else readout.flip_angle))
    if not density:
        # Where a saturation time is given, the standard wants the sequence called prepared.
        ds.ScanningSequence, ds.SequenceVariant = ["GR", "IR"], ["SK", "SP", "MP"]
        ds.InversionTime = decimal(1e3 * readout.saturation_time)
    ds.ImageComments = " ".join([*filter(None, (role, "PD" if density else "")), MARK])
    _place(ds, pictures.planes[k])
    ds.PixelData = np.ascontiguousarray(pictures.pixels[k, t].numpy()).astype("<u2").tobytes()
    return Image(ds, k, t, density, center - delay, start, center)


def name_object(ds: FileDataset, *what: str) -> None:
    """Give an object its UIDs by its series and what it is in there."""
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[str(ds.SeriesInstanceUID), *what])
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def _place(ds: Dataset, plane: Plane) -> None:
    affine = plane.affine((ds.Rows, ds.Columns)).numpy()
    ds.SliceThickness = decimal(plane.thickness_mm)
    ds.SliceLocation = decimal(float(plane.normal @ plane.center))
    ds.ImagePositionPatient = [decimal(v) for v in affine[:3, 3]]
    ds.ImageOrientationPatient = [decimal(v) for v in (*plane.right.tolist(), *plane.down.tolist())]


def decimal(value: float) -> str:
    """As a decimal string of at most 16 characters."""
    return format_number_as_ds(float(value))
