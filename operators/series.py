"""The records that flow from room to room.

Axes are always ``(slice, time, row, col)``. Units are s, mm, rad, mmol/L and mL/min/g; any other unit is a suffix
of the field's name. Records are frozen, their arrays read-only, their shapes checked once, on construction.

Affines are 4 x 4, one per slice, and map ``(row, col, 0, 1)`` to patient coordinates in LPS mm: column 0 is the step to
the next row, column 1 the step to the next column, column 2 the unit slice normal (column direction of the image's rows
crossed with that of its columns, as in DICOM) times the slice thickness, column 3 the centre of pixel (0, 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]

Unit = Literal["a.u.", "mmol/L", "mL/min/g"]
FlowUnit = Literal["mL/min/g", "relative upslope"]
AifSource = Literal["aif_series", "file", "perfusion_series", "none"]
Level = Literal["basal", "mid", "apical"]
Severity = Literal["info", "warning", "withheld"]

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From DICOM's patient coordinates to NIfTI's and back, before an affine."""


class State(StrEnum):
    """Haemodynamic state during the injection."""

    STRESS = "stress"
    REST = "rest"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What a series is for."""

    PERFUSION = "perfusion"
    AIF = "AIF"
    PROTON_DENSITY = "PD"
    GADOLINIUM = "Gd"
    MBF_MAP = "MBF map"
    OTHER = "other"


class Label(IntEnum):
    """Values of `Segmentation.labels`, the bundle's channel order."""

    BACKGROUND = 0
    LV_CAVITY = 1
    MYOCARDIUM = 2
    RV = 3


def _freeze(record: object, name: str, value: npt.NDArray[Any]) -> None:
    value = np.ascontiguousarray(value).view()
    value.flags.writeable = False
    object.__setattr__(record, name, value)


def _check(record: object, name: str, value: npt.NDArray[Any], shape: tuple[int | None, ...]) -> None:
    fits = value.ndim == len(shape) and all(n is None or n == m for n, m in zip(shape, value.shape, strict=True))
    if not fits:
        raise ValueError(f"{type(record).__name__}.{name} has shape {value.shape}, expected {shape} (None: any)")
    _freeze(record, name, value)


@dataclass(frozen=True, slots=True)
class QualityFlag:
    """One thing the reader of the results must know."""

    code: str
    """Short machine name, such as ``rv_missing``."""
    severity: Severity
    message: str
    """One plain sentence for the reader of the report."""
    slice: int | None = None
    """Index of the slice concerned; None: the whole scan or study."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """What the conversion of signal to concentration must know of the pulse sequence; None: the header doesn't say."""

    readout: Literal["flash", "bssfp"] | None = None
    repetition_time: float | None = None
    """Echo spacing: time between two excitations of the readout [s]."""
    echo_time: float | None = None
    """[s]"""
    flip_angle: float | None = None
    """[rad]"""
    saturation_time: float | None = None
    """From the saturation pulse to the centre line of k-space [s] (TS; the delay TD to the first pulse is shorter)."""
    phase_encodes: int | None = None
    """Lines of the full k-space matrix in phase direction, before acceleration."""
    acceleration: float | None = None
    """Parallel imaging factor R."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageSeries:
    """A stack of 2D+T images of one kind: main perfusion images, proton-density frames, AIF images of one echo."""

    series_instance_uids: tuple[str, ...]
    """The DICOM series these frames came from."""
    pixels: FloatArray
    """Rescaled values in `unit`, float32, shape (slice, time, row, col)."""
    unit: Unit
    times: FloatArray
    """Time since the scan's first saturation-recovery perfusion frame [s], shape (slice, time), increasing."""
    affines: FloatArray
    """Pixel (row, col, 0, 1) to LPS mm, shape (slice, 4, 4)."""
    headers: tuple[tuple[Dataset, ...], ...] = field(repr=False)
    """Source data sets without their pixels, by (slice, time)."""
    sequence: Sequence = field(default_factory=Sequence)

    def __post_init__(self) -> None:
        _check(self, "pixels", np.asarray(self.pixels, np.float32), (None, None, None, None))
        slices, frames = self.pixels.shape[:2]
        _check(self, "times", np.asarray(self.times, np.float64), (slices, frames))
        _check(self, "affines", np.asarray(self.affines, np.float64), (slices, 4, 4))
        if len(self.headers) != slices or any(len(row) != frames for row in self.headers):
            raise ValueError(f"ImageSeries.headers must hold {slices} x {frames} data sets")

    @property
    def n_slices(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def n_frames(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def pixel_spacing(self) -> tuple[float, float]:
        """Distance between rows and between columns [mm], of the first slice."""
        steps = np.linalg.norm(self.affines[0, :3, :2], axis=0)
        return float(steps[0]), float(steps[1])


@dataclass(frozen=True, slots=True, eq=False)
class AifSeries:
    """Low-resolution images of one slice made for the arterial input function, one series an echo."""

    first_echo: ImageSeries
    second_echo: ImageSeries | None = None
    """Absent: no T2* correction."""
    proton_density: ImageSeries | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PerfusionScan:
    """All images of one injection."""

    state: State
    state_from: str
    """What told the state: description, operator, protocol ... or nothing."""
    perfusion: ImageSeries
    """Main images; unit mmol/L where the scanner already made Gd concentration."""
    manufacturer: str
    field_strength_t: float | None
    heart_rate_bpm: float | None
    proton_density: ImageSeries | None = None
    aif: AifSeries | None = None
    scanner_flow: ImageSeries | None = None
    """MBF that the scanner has mapped on the main images' grid, one frame [mL/min/g]."""
    flags: tuple[QualityFlag, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PerfusionStudy:
    """One patient's examination: one scan, or stress and rest."""

    study_instance_uid: str
    scans: tuple[PerfusionScan, ...]
    """Stress first, then rest, then unknown; at least one."""
    flags: tuple[QualityFlag, ...] = ()

    def __post_init__(self) -> None:
        if not self.scans:
            raise ValueError("PerfusionStudy.scans is empty")


@dataclass(frozen=True, slots=True, eq=False)
class MotionCorrection:
    """A scan's images with the heart held still, on the grid of each slice's reference frame."""

    series: ImageSeries
    proton_density: ImageSeries | None
    reference_frame: IntArray
    """Time index of the frame that was left as it is, near the LV blood-pool peak, shape (slice,)."""
    displacement: FloatArray
    """Where each reference pixel lies in each frame, (row, col) offset in mm, shape (slice, time, 2, row, col)."""
    rms_mm_before: FloatArray
    """Estimated RMS displacement of the heart region [mm], shape (slice,)."""
    rms_mm_after: FloatArray
    """The same, estimated again on the corrected series [mm], shape (slice,)."""
    flags: tuple[QualityFlag, ...] = ()

    def __post_init__(self) -> None:
        s, t, r, c = self.series.pixels.shape
        _check(self, "reference_frame", np.asarray(self.reference_frame, np.int64), (s,))
        _check(self, "displacement", np.asarray(self.displacement, np.float32), (s, t, 2, r, c))
        _check(self, "rms_mm_before", np.asarray(self.rms_mm_before, np.float64), (s,))
        _check(self, "rms_mm_after", np.asarray(self.rms_mm_after, np.float64), (s,))


@dataclass(frozen=True, slots=True, eq=False)
class GadoliniumSeries:
    """Main images after conversion: Gd concentration, or coil-normalised signal where concentration can't be had."""

    series: ImageSeries
    """Unit mmol/L after conversion, a.u. otherwise."""
    assumptions: Mapping[str, float | str] = field(default_factory=dict)
    """What the conversion assumed: T10, r1, field strength, where the sequence's values came from."""
    flags: tuple[QualityFlag, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "assumptions", MappingProxyType(dict(self.assumptions)))


@dataclass(frozen=True, slots=True, eq=False)
class ArterialInput:
    """The LV blood pool's concentration over time."""

    source: AifSource
    times: FloatArray
    """Time on the scan's clock [s], shape (time,)."""
    values: FloatArray
    """Whole-blood Gd [mmol/L], or enhancement in a.u. where `unit` says so; shape (time,); empty for source none."""
    unit: Unit
    onset: float | None
    """Arrival of the bolus in the LV on the scan's clock [s]."""
    pool: BoolArray | None = None
    """LV blood pool in the images it was read from, shape (row, col)."""
    assumptions: Mapping[str, float | str] = field(default_factory=dict)
    """What the conversion of its own images assumed, names as in `GadoliniumSeries` with ``aif_`` before them."""
    flags: tuple[QualityFlag, ...] = ()

    def __post_init__(self) -> None:
        _check(self, "times", np.asarray(self.times, np.float64), (None,))
        _check(self, "values", np.asarray(self.values, np.float64), (len(self.times),))
        object.__setattr__(self, "assumptions", MappingProxyType(dict(self.assumptions)))

    @property
    def peak(self) -> float | None:
        return float(self.values.max()) if len(self.values) else None

    @property
    def absolute(self) -> bool:
        """Whether it can carry flow in mL/min/g."""
        return self.unit == "mmol/L" and len(self.values) > 0


@dataclass(frozen=True, slots=True, eq=False)
class ResampledSeries:
    """What the flow models take: the AIF on a regular grid, and tissue at the times at which it was measured."""

    times: FloatArray
    """Of the AIF, on the scan's clock [s], equally spaced, shape (time,)."""
    aif: FloatArray
    """Arterial input in its own unit, shape (time,); empty where there is none."""
    tissue_times: FloatArray
    """On the scan's clock [s], increasing, shape (slice, frame)."""
    tissue: FloatArray
    """Gd [mmol/L] or signal [a.u.] as `unit` says, baseline not subtracted, float32, shape (slice, frame, row, col)."""
    unit: Unit

    def __post_init__(self) -> None:
        _check(self, "times", np.asarray(self.times, np.float64), (None,))
        _check(self, "aif", np.asarray(self.aif, np.float64), (None,))
        _check(self, "tissue_times", np.asarray(self.tissue_times, np.float64), (None, None))
        _check(self, "tissue", np.asarray(self.tissue, np.float32), (*self.tissue_times.shape, None, None))
        if len(self.aif) not in (0, len(self.times)):
            raise ValueError(f"ResampledSeries.aif has {len(self.aif)} samples, expected {len(self.times)} or none")

    @property
    def step(self) -> float:
        """Time between two samples of the AIF [s]."""
        return float(self.times[1] - self.times[0])


@dataclass(frozen=True, slots=True)
class FlowComparison:
    """The flow that was used beside another of the same pixels of the myocardium; used less other [mL/min/g]."""

    model: str
    """Of the other."""
    n_pixels: int
    mean_difference: float
    sd_of_differences: float
    correlation: float | None
    """Pearson's; None where one of them is the same everywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class FlowMap:
    """Pixel-wise myocardial blood flow."""

    flow: FloatArray
    """MBF in `unit`, float32, NaN where it can't be had, shape (slice, row, col)."""
    unit: FlowUnit
    model: str
    """Name in the flow models' registry; ``scanner``: mapped there, not here."""
    delay: FloatArray
    """From the arrival of the AIF to that of the tissue [s], NaN where nobody told it, shape (slice,)."""
    parameters: Mapping[str, FloatArray] = field(default_factory=dict)
    """Further maps by name with their unit, such as ``ps_ml_min_g``; shape (slice, row, col) each."""
    why_relative: str | None = None
    """One sentence, where the unit is relative upslope."""
    assumptions: Mapping[str, float | str] = field(default_factory=dict)
    """What the fit took for granted, such as the hematocrit; names carry the unit."""
    flags: tuple[QualityFlag, ...] = ()
    residual: FloatArray | None = None
    """What the model leaves of each pixel's curve [mmol/L], float32, NaN where it wasn't fitted, shape (slice, frame,
    row, col); None: there was no fit."""
    comparison: FlowComparison | None = None
    """With flow computed here, where the scanner's was used and it was asked for."""

    def __post_init__(self) -> None:
        _check(self, "flow", np.asarray(self.flow, np.float32), (None, None, None))
        _check(self, "delay", np.asarray(self.delay, np.float64), (self.flow.shape[0],))
        maps = {name: np.asarray(value, np.float32) for name, value in self.parameters.items()}
        for name, value in maps.items():
            if value.shape != self.flow.shape:
                raise ValueError(f"FlowMap.parameters[{name!r}] has shape {value.shape}, expected {self.flow.shape}")
            value.flags.writeable = False
        if self.residual is not None:
            slices, rows, columns = self.flow.shape
            _check(self, "residual", np.asarray(self.residual, np.float32), (slices, None, rows, columns))
        object.__setattr__(self, "parameters", MappingProxyType(maps))
        object.__setattr__(self, "assumptions", MappingProxyType(dict(self.assumptions)))


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """LV cavity, LV myocardium and RV of each slice, in the source's own grid."""

    labels: npt.NDArray[np.uint8]
    """`Label` of each pixel, shape (slice, row, col)."""
    probabilities: FloatArray
    """Softmax, float32, shape (slice, label, row, col)."""
    bundle_version: str
    model_sha256: str
    flags: tuple[QualityFlag, ...] = ()
    confidence: FloatArray | None = None
    """Dice of the myocardium to expect against a reader, no unit, shape (slice,); None: not calibrated."""

    def __post_init__(self) -> None:
        _check(self, "labels", np.asarray(self.labels, np.uint8), (None, None, None))
        s, r, c = self.labels.shape
        _check(self, "probabilities", np.asarray(self.probabilities, np.float32), (s, len(Label), r, c))
        if self.confidence is not None:
            _check(self, "confidence", np.asarray(self.confidence, np.float64), (s,))


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the pixels of one region, in the flow map's unit."""

    mean: float
    sd: float
    median: float
    n_pixels: int
    uncertainty: float | None = None
    """SD of the mean's error by noise, delay and what the curves leave open, not by the model's bias; None: unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class SectorReport:
    """The AHA 16-segment model on the pixels, and what was measured in it."""

    sectors: npt.NDArray[np.uint8]
    """AHA segment 1-16 of each pixel, 0 outside the myocardium or where it can't be told; shape (slice, row, col)."""
    layers: npt.NDArray[np.uint8]
    """1 endocardial half of the wall, 2 epicardial half, 0 elsewhere; shape (slice, row, col)."""
    levels: tuple[Level | None, ...]
    """Of each slice; None: not in use."""
    lv_center_lps_mm: FloatArray
    """Centroid of the LV cavity, NaN where there is none, shape (slice, 3)."""
    insertion_anterior: FloatArray
    """Anterior RV insertion's angle from mid-septum, positive to anterior [rad], NaN if unknown, shape (slice,)."""
    insertion_inferior: FloatArray
    """The same of the inferior insertion (negative by that convention) [rad], shape (slice,)."""
    whole: Statistics | None
    by_sector: Mapping[int, Statistics | None]
    """All of 1..16; None: nothing to measure."""
    by_territory: Mapping[str, Statistics | None]
    """LAD, RCA, LCx."""
    endocardial: Mapping[int, Statistics | None]
    epicardial: Mapping[int, Statistics | None]
    flags: tuple[QualityFlag, ...] = ()

    def __post_init__(self) -> None:
        _check(self, "sectors", np.asarray(self.sectors, np.uint8), (None, None, None))
        shape = self.sectors.shape
        _check(self, "layers", np.asarray(self.layers, np.uint8), shape)
        _check(self, "lv_center_lps_mm", np.asarray(self.lv_center_lps_mm, np.float64), (shape[0], 3))
        for name in ("insertion_anterior", "insertion_inferior"):
            _check(self, name, np.asarray(getattr(self, name), np.float64), (shape[0],))
        for name in ("by_sector", "by_territory", "endocardial", "epicardial"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


@dataclass(frozen=True, slots=True, eq=False)
class ScanResult:
    """Everything the chain found out about one injection."""

    scan: PerfusionScan
    motion: MotionCorrection
    gadolinium: GadoliniumSeries
    arterial_input: ArterialInput
    flow: FlowMap
    segmentation: Segmentation
    sectors: SectorReport
    flags: tuple[QualityFlag, ...]
    """All flags of all rooms and of the quality room, in the order of the chain, without repetition."""
    timings_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds by room."""

    @property
    def withheld(self) -> bool:
        return any(flag.severity == "withheld" for flag in self.flags)


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """What the report and the DICOM objects are made from."""

    study: PerfusionStudy
    scans: tuple[ScanResult, ...]
    reserve_global: float | None
    """Stress over rest MBF; None where either is missing, relative or withheld."""
    reserve_by_sector: Mapping[int, float | None]
    reserve_by_territory: Mapping[str, float | None]
    flags: tuple[QualityFlag, ...]
    """Of the study as a whole."""
    software_version: str

    @property
    def withheld(self) -> bool:
        return any(f.severity == "withheld" for f in self.flags) or any(scan.withheld for scan in self.scans)
