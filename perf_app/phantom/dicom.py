"""Pictures as MR Image Storage objects, in the dialect of Siemens scanners, marked as simulated."""

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
from perf_app.phantom.geometry import FIELD_OF_VIEW_MM
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.simulation import AIF_DELAY, FIRST_DELAY, SLICE_TIME, Pictures, SimulatedScan

MARK = "simulated digital patient"
SCAN_BEGINS = {State.STRESS: datetime(2020, 1, 1, 10, 0, 0), State.REST: datetime(2020, 1, 1, 10, 15, 0)}
SERIES_NUMBER = {State.STRESS: 10, State.REST: 20}


@dataclass(frozen=True, slots=True)
class _Frame:
    """Which picture of a series."""

    pictures: Pictures
    slice: int
    time: int
    density: bool
    instance: int
    delay: float
    """From the trigger to the centre of k-space [s]."""


def scan_objects(patient: DigitalPatient, scan: SimulatedScan) -> Iterator[FileDataset]:
    """All images of one injection: a perfusion series with its slices interleaved, then the AIF series."""
    state = scan.state.name
    main, n_slices = scan.perfusion, scan.perfusion.pixels.shape[0]
    template = _series(patient, scan, main, 0, f"{state}_PERFUSION_SAX_{n_slices}SLICES")
    for t in range(main.pixels.shape[1]):
        for k in range(n_slices):
            delay = FIRST_DELAY + k * SLICE_TIME
            frame = _Frame(main, k, t, t < scan.n_proton_density, t * n_slices + k + 1, delay)
            yield _image(template, scan, frame, "")
    template = _series(patient, scan, scan.aif[0], 1, f"{state}_PERFUSION_SAX_{n_slices}SLICES_AIF")
    for t in range(scan.aif[0].pixels.shape[1]):
        for echo, pictures in enumerate(scan.aif):
            number = t * len(scan.aif) + echo + 1
            yield _image(template, scan, _Frame(pictures, 0, t, t < scan.n_proton_density, number, AIF_DELAY), "AIF")


def uid(patient: DigitalPatient, *what: object) -> str:
    """The same UID for the same thing of the same patient."""
    return str(generate_uid(entropy_srcs=["perf_app digital patient", repr(patient), *map(str, what)]))


def _series(patient: DigitalPatient, scan: SimulatedScan, pictures: Pictures, index: int, description: str) -> Dataset:
    """What all images of a series share."""
    begin, readout = SCAN_BEGINS[scan.state], pictures.readout
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    ds.SOPClassUID = MRImageStorage
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = begin.strftime("%Y%m%d")
    ds.StudyTime, ds.SeriesTime = "095500", begin.strftime("%H%M%S")
    ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "MR", "SIEMENS", "Digital patient (simulated)"
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
    ds.SequenceName = f"*tfl2d{len(readout.echo_times)}_{readout.phase_encodes // readout.acceleration}"
    ds.RepetitionTime = _ds(1e3 * readout.repetition_time)
    ds.EchoTrainLength = 1
    ds.MagneticFieldStrength = _ds(patient.field_strength_t)
    ds.ImagingFrequency = _ds(42.577 * patient.field_strength_t)
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
    ds.PixelSpacing = [_ds(length / n) for length, n in fov]
    ds.WindowCenter, ds.WindowWidth = 900, 1800
    ds.LossyImageCompression = "00"
    return ds


def _image(template: Dataset, scan: SimulatedScan, frame: _Frame, role: str) -> FileDataset:
    pictures, readout = frame.pictures, frame.pictures.readout
    plane = pictures.planes[frame.slice]
    ds = FileDataset("", copy.copy(template), file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[str(template.SeriesInstanceUID), str(frame.instance)])
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    center = float(pictures.times[frame.slice, frame.time])
    since_first = center - float(scan.perfusion.times[0].min())
    begin = SCAN_BEGINS[scan.state] + timedelta(seconds=since_first)
    ds.ContentTime = begin.strftime("%H%M%S.%f")
    ds.AcquisitionTime = (begin - timedelta(seconds=readout.center_line * readout.repetition_time)).strftime(
        "%H%M%S.%f"
    )
    ds.InstanceNumber, ds.AcquisitionNumber = frame.instance, frame.time + 1
    ds.TriggerTime = _ds(1e3 * frame.delay)
    gap = scan.beats.times.diff()
    ds.NominalInterval = round(1e3 * float(gap[max(frame.time - 1, 0)]))
    ds.EchoTime, ds.EchoNumbers = _ds(1e3 * readout.echo_times[pictures.echo]), pictures.echo + 1
    ds.FlipAngle = _ds(degrees(readout.pd_flip_angle if frame.density else readout.flip_angle))
    if not frame.density:
        # Where a saturation time is given, the standard wants the sequence called prepared.
        ds.ScanningSequence, ds.SequenceVariant = ["GR", "IR"], ["SK", "SP", "MP"]
        ds.InversionTime = _ds(1e3 * readout.saturation_time)
    ds.ImageComments = " ".join([*filter(None, (role, "PD" if frame.density else "")), MARK])
    affine = plane.affine((ds.Rows, ds.Columns)).numpy()
    ds.SliceThickness = _ds(plane.thickness_mm)
    ds.SliceLocation = _ds(float(plane.normal @ plane.center))
    ds.ImagePositionPatient = [_ds(v) for v in affine[:3, 3]]
    ds.ImageOrientationPatient = [_ds(v) for v in (*plane.right.tolist(), *plane.down.tolist())]
    ds.PixelData = np.ascontiguousarray(pictures.pixels[frame.slice, frame.time].numpy()).astype("<u2").tobytes()
    return ds


def _ds(value: float) -> str:
    return format_number_as_ds(float(value))
