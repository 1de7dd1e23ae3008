"""Small made-up results, for tests of what is done with results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from operators.series import (
    ArterialInput,
    BoolArray,
    FloatArray,
    FlowMap,
    GadoliniumSeries,
    ImageSeries,
    Label,
    Level,
    MotionCorrection,
    PerfusionScan,
    PerfusionStudy,
    QualityFlag,
    ScanResult,
    SectorReport,
    Segmentation,
    State,
    Statistics,
    StudyResult,
    Unit,
)

CANARY_NAME = "Canary^Bird"
CANARY_ID = "CANARY-4711"
CANARY_BIRTH_DATE = "19010203"
CANARIES = ("Canary", "CANARY", "Bird", CANARY_BIRTH_DATE)

TERRITORIES = {"LAD": (1, 2, 7, 8, 13, 14), "RCA": (3, 4, 9, 10, 15), "LCx": (5, 6, 11, 12, 16)}
LEVELS: tuple[Level, ...] = ("basal", "mid", "apical")
SPACING = 1.9
SLICE_STEP = 15.0


def uid(*words: object) -> str:
    """A UID made from words, the same every time."""
    return str(generate_uid(entropy_srcs=[str(word) for word in words]))


def source_header(
    state: str, slice_index: int, time_index: int, affine: FloatArray, rows: int, columns: int
) -> Dataset:
    """Header of one classic MR image, without pixels."""
    header = Dataset()
    header.file_meta = Dataset()  # type: ignore[assignment]
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SpecificCharacterSet = "ISO_IR 192"
    header.SOPClassUID = MRImageStorage
    header.SOPInstanceUID = uid(state, slice_index, time_index)
    header.StudyInstanceUID = uid("study")
    header.SeriesInstanceUID = uid("series", state)
    header.FrameOfReferenceUID = uid("frame of reference")
    header.PositionReferenceIndicator = ""
    header.PatientName = CANARY_NAME
    header.PatientID = CANARY_ID
    header.PatientBirthDate = CANARY_BIRTH_DATE
    header.PatientSex = "O"
    header.StudyID = "1"
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = "20250102"
    header.StudyTime = "101500"
    header.SeriesTime = "102000"
    header.AcquisitionTime = header.ContentTime = f"1020{time_index // 60:02d}.{time_index % 60:06d}"[:13]
    header.AccessionNumber = ""
    header.ReferringPhysicianName = ""
    header.Modality = "MR"
    header.Manufacturer = "Digital"
    header.SeriesNumber = 3
    header.InstanceNumber = time_index * 3 + slice_index + 1
    header.SeriesDescription = f"{state}_perfusion_sax"
    header.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    header.Rows, header.Columns = rows, columns
    header.PixelSpacing = [SPACING, SPACING]
    header.SliceThickness = 8.0
    directions = [*(affine[:3, 1] / SPACING), *(affine[:3, 0] / SPACING)]
    header.ImageOrientationPatient = [round(float(v), 8) for v in directions]
    header.ImagePositionPatient = [round(float(v), 6) for v in affine[:3, 3]]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
    return header


def affines(n_slices: int, *, depths: Sequence[float] | None = None, tilts: Sequence[float] = (0, 0, 0)) -> FloatArray:
    """An axial-like stack, base first, stepping away from the head.

    Args:
        n_slices: how many.
        depths: of each slice below the first [mm]; None: equal steps.
        tilts: of each slice about the patient's left-right axis [degrees].
    """
    stack = np.zeros((n_slices, 4, 4))
    for k in range(n_slices):
        cos, sin = np.cos(np.radians(tilts[k])), np.sin(np.radians(tilts[k]))
        stack[k, :3, 0] = 0, SPACING * cos, SPACING * sin
        stack[k, :3, 1] = SPACING, 0, 0
        stack[k, :3, 2] = 0, -8.0 * sin, 8.0 * cos
        stack[k, :3, 3] = -60.0, -55.0, -(SLICE_STEP * k if depths is None else depths[k])
    stack[:, 3, 3] = 1.0
    return stack


def _geometry(n_slices: int, rows: int, columns: int) -> tuple[npt.NDArray[np.uint8], FloatArray, FloatArray]:
    """Labels of concentric rings with an RV on the left, wall angle from mid-septum, depth; (slice, row, col) each."""
    row, col = np.mgrid[:rows, :columns].astype(float)
    row, col = row - rows / 2, col - columns / 2
    radius = np.hypot(row, col)
    # Column step is towards the patient's left, row step towards posterior: septum at -col, anterior at -row.
    angle = np.degrees(np.arctan2(-row, -col))
    labels = np.zeros((n_slices, rows, columns), np.uint8)
    for k in range(n_slices):
        inner, outer = 11.0 - k, 16.0 - k
        labels[k][np.hypot(row, col + 14) < 15 - 2 * k] = Label.RV
        labels[k][radius < outer] = Label.MYOCARDIUM
        labels[k][radius < inner] = Label.LV_CAVITY
    depth = np.stack([(radius - (11.0 - k)) / 5.0 for k in range(n_slices)])
    return labels, np.broadcast_to(angle, labels.shape), depth


def _sector_of(angle: FloatArray, level: Level) -> npt.NDArray[Any]:
    """AHA segment of an angle in degrees from mid-septum, positive to anterior."""
    if level == "apical":
        return np.select([abs(angle) <= 45, abs(angle) > 135, angle > 0], [14, 16, 13], 15)
    ring = np.select([angle > 120, angle > 60, angle > 0, angle > -60, angle > -120], [6, 1, 2, 3, 4], 5)
    return ring + (0 if level == "basal" else 6)


def _statistics(values: FloatArray) -> Statistics | None:
    if not values.size:
        return None
    mean = float(values.mean())
    return Statistics(mean, float(values.std()), float(np.median(values)), int(values.size), 0.05 * mean)


def _sector_report(
    labels: npt.NDArray[np.uint8],
    angle: FloatArray,
    depth: FloatArray,
    flow: FloatArray,
    empty: tuple[int, ...],
    stack: FloatArray,
) -> SectorReport:
    wall = labels == Label.MYOCARDIUM
    sectors = np.stack([_sector_of(angle[k], LEVELS[min(k, 2)]) for k in range(len(labels))])
    sectors = np.where(wall & ~np.isin(sectors, empty), sectors, 0).astype(np.uint8)
    layers = np.where(wall, np.where(depth < 0.5, 1, 2), 0).astype(np.uint8)

    def of(mask: BoolArray) -> Statistics | None:
        return _statistics(flow[mask & np.isfinite(flow)])

    n = len(labels)
    center = stack[:, :3, 3] + np.array([SPACING * labels.shape[2] / 2, SPACING * labels.shape[1] / 2, 0])
    return SectorReport(
        sectors=sectors,
        layers=layers,
        levels=LEVELS[:n],
        lv_center_lps_mm=center,
        insertion_anterior=np.full(n, np.radians(61.0)),
        insertion_inferior=np.full(n, np.radians(-58.0)),
        whole=of(wall),
        by_sector={s: of(sectors == s) for s in range(1, 17)},
        by_territory={name: of(np.isin(sectors, segments)) for name, segments in TERRITORIES.items()},
        endocardial={s: of((sectors == s) & (layers == 1)) for s in range(1, 17)},
        epicardial={s: of((sectors == s) & (layers == 2)) for s in range(1, 17)},
        flags=tuple(
            QualityFlag("sector_empty", "warning", f"Sector {s} holds no myocardium and has no value.") for s in empty
        ),
    )


def make_scan_result(
    state: State = State.STRESS,
    *,
    n_slices: int = 3,
    n_frames: int = 24,
    absolute: bool = True,
    mbf: float = 2.4,
    empty_sectors: tuple[int, ...] = (),
    flags: tuple[QualityFlag, ...] = (),
    rows: int = 56,
    columns: int = 64,
    stack: FloatArray | None = None,
) -> ScanResult:
    """One scan's result on concentric rings, with a defect in the RCA territory; values are made up."""
    stack = affines(n_slices) if stack is None else stack
    labels, angle, depth = _geometry(n_slices, rows, columns)
    generator = np.random.default_rng(int(10 * mbf))
    flow = mbf * (1 + 0.08 * generator.standard_normal(labels.shape))
    flow[(angle < 0) & (angle > -120)] *= 0.6
    flow = np.where(labels > 0, flow, np.nan).astype(np.float32)
    if not absolute:
        flow = flow / 10

    times = np.arange(n_frames) * 0.9 + 0.2 * np.arange(n_slices)[:, None]
    gamma = np.clip(times - 4, 0, None)
    blood = gamma**3 * np.exp(-gamma / 1.2)
    blood = 4.2 * blood / blood.max()
    tissue = 0.12 * np.cumsum(blood, axis=1)
    curves = {Label.BACKGROUND: 0 * blood, Label.LV_CAVITY: blood, Label.MYOCARDIUM: tissue, Label.RV: 1.1 * blood}
    pixels = np.zeros((n_slices, n_frames, rows, columns), np.float32)
    for label, curve in curves.items():
        pixels += curve[:, :, None, None] * (labels == label)[:, None]
    noise = 0.02 * generator.standard_normal(pixels.shape)
    pixels += noise
    headers = tuple(
        tuple(source_header(state, k, t, stack[k], rows, columns) for t in range(n_frames)) for k in range(n_slices)
    )
    unit: Unit = "mmol/L" if absolute else "a.u."
    series = ImageSeries((uid("series", state),), pixels, unit, times, stack, headers)
    scan = PerfusionScan(state, "description", series, "Digital", 1.5, 66.7, flags=flags)
    segmentation = Segmentation(
        labels,
        np.stack([labels == label for label in Label], axis=1).astype(np.float32),
        "0.1.0",
        "ab" * 32,
        confidence=np.linspace(0.94, 0.88, n_slices),
    )
    model = "btex" if absolute else "relative upslope"
    parameters: Mapping[str, FloatArray] = {"ps_ml_min_g": np.where(labels > 0, 1.0, np.nan)} if absolute else {}
    sectors = _sector_report(labels, angle, depth, flow, empty_sectors, stack)
    return ScanResult(
        scan=scan,
        motion=MotionCorrection(
            series,
            None,
            np.full(n_slices, 9),
            np.zeros((n_slices, n_frames, 2, rows, columns)),
            np.full(n_slices, 2.4),
            np.full(n_slices, 0.7),
        ),
        gadolinium=GadoliniumSeries(series, {"t1_myocardium_s": 1.1}),
        arterial_input=ArterialInput(
            "aif_series" if absolute else "perfusion_series", times[0], blood[0], unit, onset=4.0
        ),
        flow=FlowMap(
            flow,
            "mL/min/g" if absolute else "relative upslope",
            model,
            np.full(n_slices, 0.5),
            parameters,
            None if absolute else "There is no arterial input series, so blood flow can't be quantified.",
            residual=np.where(times[:, :, None, None] < 2, np.nan, noise) if absolute else None,
        ),
        segmentation=segmentation,
        sectors=sectors,
        flags=(*flags, *sectors.flags),
        timings_s={"dicom_loading": 0.4, "motion_correction": 2.1},
    )


def make_study_result(*scans: ScanResult) -> StudyResult:
    """A study's result from those scans; stress (2.4) and rest (1.0 mL/min/g) where none is given."""
    results = scans or (make_scan_result(State.STRESS), make_scan_result(State.REST, mbf=1.0))
    study = PerfusionStudy(uid("study"), tuple(result.scan for result in results))
    by_state = {result.scan.state: result for result in results if result.flow.unit == "mL/min/g"}
    stress, rest = by_state.get(State.STRESS), by_state.get(State.REST)
    reserve: dict[int, float | None] = dict.fromkeys(range(1, 17))
    territories: dict[str, float | None] = dict.fromkeys(TERRITORIES)
    whole = None
    if stress and rest and stress.sectors.whole and rest.sectors.whole:
        whole = stress.sectors.whole.mean / rest.sectors.whole.mean
        for sector in reserve:
            above, below = stress.sectors.by_sector[sector], rest.sectors.by_sector[sector]
            reserve[sector] = above.mean / below.mean if above and below else None
        for name in territories:
            above, below = stress.sectors.by_territory[name], rest.sectors.by_territory[name]
            territories[name] = above.mean / below.mean if above and below else None
    return StudyResult(study, results, whole, reserve, territories, (), "0.1.0")
