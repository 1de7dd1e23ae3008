"""Pixels wrapped as DICOM files, for whatever test needs a study on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from builders import CANARY_BIRTH_DATE, CANARY_ID, CANARY_NAME, uid
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from operators.series import FloatArray

PATIENT = (CANARY_NAME, CANARY_ID, CANARY_BIRTH_DATE)
MORNING = 36_000.0
"""Ten o'clock, in seconds of the day."""
Change = Callable[[Dataset, int, int], None]


def short_axis_affines(
    n_slices: int, spacing: float = 1.9, step: float = 16.0, origin: tuple[float, float, float] = (-40.0, -80.0, 60.0)
) -> FloatArray:
    """A short-axis stack seen from the apex, base first: as a scanner plans it, (slice, 4, 4)."""
    normal = np.array([-0.65, 0.6, 0.45]) / np.linalg.norm([-0.65, 0.6, 0.45])
    across = np.cross([-0.315, 0.315, -0.875], normal)
    across /= np.linalg.norm(across)
    affines = np.zeros((n_slices, 4, 4))
    affines[:, :3, 0] = np.cross(normal, across) * spacing
    affines[:, :3, 1] = across * spacing
    affines[:, :3, 2] = normal * 8.0
    affines[:, :3, 3] = np.array(origin) - np.arange(n_slices)[:, None] * step * normal
    affines[:, 3, 3] = 1.0
    return affines


def clock_time(seconds: float) -> str:
    """Seconds of the day as a DICOM time."""
    hours, rest = divmod(round(seconds * 1e6), 3_600_000_000)
    minutes, rest = divmod(rest, 60_000_000)
    return f"{hours:02d}{minutes:02d}{rest // 1_000_000:02d}.{rest % 1_000_000:06d}"


def write_series(
    folder: Path,
    pixels: npt.NDArray[Any],
    *,
    description: str = "stress_perf_sax",
    name: str = "",
    study: str = "study",
    number: int = 3,
    times: FloatArray | None = None,
    start: float = MORNING,
    affines: FloatArray | None = None,
    spacing: float = 1.9,
    slope: float | FloatArray = 1.0,
    intercept: float = 0.0,
    flip_angle: float | Sequence[float] = 14.0,
    comments: str | Sequence[str] = "",
    manufacturer: str = "Siemens Healthineers",
    image_type: Sequence[str] = ("ORIGINAL", "PRIMARY", "M", "ND"),
    patient: tuple[str, str, str] = PATIENT,
    one_series_per_slice: bool = False,
    change: Change | None = None,
) -> Path:
    """Write single-frame MR objects and return the folder.

    Args:
        folder: made if it is missing; files of several calls may share it.
        pixels: values after the rescale, shape (slice, time, row, col), or (time, row, col) for one slice.
        description: the series' description, from which role and state are told.
        name: what makes the series' UID, default the description: two series need two names.
        study: what makes the study's UID.
        number: series number.
        times: seconds after `start`, shape (slice, time); default 0.8 s a beat, the slices shared out over it.
        start: seconds of the day.
        affines: as in `operators.series`; default a short-axis stack with `spacing` mm.
        spacing: pixel spacing of the default affines [mm].
        slope: rescale slope, of all frames or shape (slice, time).
        intercept: rescale intercept.
        flip_angle: degrees, of all frames or one a frame.
        comments: image comments, of all frames or one a frame.
        manufacturer: as in the header.
        image_type: as in the header.
        patient: name, identifier, birth date; the default are canaries that no output may show.
        one_series_per_slice: instead of all slices in one series.
        change: called with each header, its slice and its frame before it is written: leave out, alter or add.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pixels = pixels if pixels.ndim == 4 else pixels[None]
    slices, frames = pixels.shape[:2]
    affines = short_axis_affines(slices, spacing) if affines is None else affines
    times = np.arange(frames) * 0.8 + np.arange(slices)[:, None] * 0.8 / slices if times is None else times
    slopes = np.broadcast_to(np.asarray(slope, float), (slices, frames))
    flips = np.broadcast_to(np.asarray(flip_angle, float), (frames,))
    notes = [comments] * frames if isinstance(comments, str) else list(comments)
    for k in range(slices):
        series = uid("series", name or description, k if one_series_per_slice else "")
        for t in range(frames):
            header = _header(series, uid("study", study), patient, affines[k])
            header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = UID(uid(series, k, t))
            header.SeriesDescription, header.SeriesNumber = description, number
            header.Manufacturer, header.ImageType = manufacturer, list(image_type)
            header.InstanceNumber, header.AcquisitionNumber = t * slices + k + 1, t + 1
            header.AcquisitionTime = header.ContentTime = clock_time(start + times[k, t])
            header.TriggerTime = round(1000 * float(times[k, t]), 3)
            header.FlipAngle = float(flips[t])
            if notes[t]:
                header.ImageComments = notes[t]
            header.RescaleSlope, header.RescaleIntercept = float(slopes[k, t]), intercept
            _set_pixels(header, np.round((pixels[k, t].astype(np.float64) - intercept) / slopes[k, t]))
            if change is not None:
                change(header, k, t)
            # Names that sort in another order than time.
            header.save_as(folder / f"{uid(series, k, t)[-16:]}.dcm", enforce_file_format=True)
    return folder


def write_daugs(folder: Path, npz_paths: Sequence[Path], description: str = "first_pass_perf_sax") -> Path:
    """Wrap real first-pass slices of one patient (base first) as a series of arbitrary signal: no AIF, no PD, no state.

    The pixel size (1 mm), the positions and the beat (0.8 s) are made up: the source states none.
    """
    stack = np.stack([np.load(path)["image"].astype(np.float64) for path in npz_paths])
    return write_series(
        folder,
        np.round(4095 * stack),
        description=description,
        name=npz_paths[0].stem,
        spacing=1.0,
        manufacturer="Example",
    )


def _header(series: str, study: str, patient: tuple[str, str, str], affine: FloatArray) -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = MRImageStorage
    header.SpecificCharacterSet = "ISO_IR 192"
    header.SOPClassUID = MRImageStorage
    header.StudyInstanceUID, header.SeriesInstanceUID = study, series
    header.FrameOfReferenceUID = uid(study, "frame of reference")
    header.PatientName, header.PatientID, header.PatientBirthDate = patient
    header.PatientSex, header.PatientPosition = "O", "HFS"
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = "20250102"
    header.StudyTime, header.StudyID, header.AccessionNumber, header.ReferringPhysicianName = "095000", "1", "", ""
    header.Modality, header.MRAcquisitionType, header.PositionReferenceIndicator = "MR", "2D", ""
    header.ScanningSequence, header.SequenceVariant, header.ScanOptions = "GR", "SP", ""
    header.RepetitionTime, header.EchoTime, header.InversionTime, header.EchoTrainLength = 2.43, 1.04, 81.4, 1
    header.NumberOfPhaseEncodingSteps, header.MagneticFieldStrength = 111, 1.5
    rows, columns = (float(np.linalg.norm(affine[:3, axis])) for axis in (0, 1))
    header.PixelSpacing = [round(rows, 6), round(columns, 6)]
    header.SliceThickness = round(float(np.linalg.norm(affine[:3, 2])), 6)
    header.ImageOrientationPatient = [round(float(v), 9) for v in (*affine[:3, 1] / columns, *affine[:3, 0] / rows)]
    header.ImagePositionPatient = [round(float(v), 6) for v in affine[:3, 3]]
    return header


def _set_pixels(header: Dataset, stored: npt.NDArray[np.float64]) -> None:
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.Rows, header.Columns = stored.shape
    header.BitsAllocated = header.BitsStored = 16
    header.HighBit, header.PixelRepresentation = 15, 1
    header.add_new("PixelData", "OW", stored.astype("<i2").tobytes())
