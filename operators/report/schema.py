"""What results.json holds. Every field says its unit; what can't be had is null, never a made-up number."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from operators.series import AifSource, FlowUnit, Level, Severity

Segment = Annotated[str, Field(pattern=r"^([1-9]|1[0-6])$")]
Territory = Annotated[str, Field(pattern=r"^(LAD|RCA|LCx)$")]
Point = Annotated[tuple[float, float, float], Field(description="x, y, z in LPS patient coordinates [mm]")]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, validate_by_name=True)


class Software(_Record):
    """What made these results."""

    name: Literal["perf_app"]
    version: str = Field(description="Version of the program")
    bundle_version: str = Field(description="Version of the segmentation bundle")
    model_sha256: str = Field(description="SHA-256 of the segmentation network's weights, hexadecimal")


class Study(_Record):
    """The examination."""

    study_instance_uid: str


class ArterialInput(_Record):
    """The arterial input function."""

    source: AifSource = Field(description="Where it was read from; none: there is none")
    peak_mmol_per_l: float | None = Field(description="Largest Gd concentration [mmol/L]; null: not a concentration")
    onset_s: float | None = Field(description="Bolus arrival in the LV after the first saturation-recovery image [s]")


class Motion(_Record):
    """Respiratory and other motion of the heart between the images."""

    rms_mm_before: float | None = Field(description="RMS displacement of the heart, over slices and time [mm]")
    rms_mm_after: float | None = Field(description="The same after motion correction [mm]")
    reference_frame: list[int] = Field(description="Time index, from 0, of the frame left as it is, one a slice")


class Statistics(_Record):
    """Of the pixels of one region, in the unit of the flow."""

    mean: float = Field(description="Mean [unit of the flow]")
    sd: float = Field(ge=0, description="Standard deviation over the pixels [unit of the flow]")
    median: float = Field(description="Median [unit of the flow]")
    n_pixels: int = Field(ge=1, description="Number of pixels measured")
    uncertainty: float | None = Field(
        default=None,
        ge=0,
        description="Standard deviation of the mean's error by noise, delay and what the curves leave open, not by "
        "what the model leaves out; 95 % of the true means lie within about 1.96 of it [unit of the flow]; "
        "null: not known",
    )


class SectorStatistics(Statistics):
    """Of one AHA segment."""

    name: str = Field(description="Name of the segment, such as basal anterior")


BySegment = Annotated[dict[Segment, SectorStatistics | None], Field(min_length=16, max_length=16)]


class Territories(_Record):
    """Of the segments usually supplied by one coronary artery; null: nothing to measure."""

    LAD: Statistics | None = Field(description="Left anterior descending: segments 1, 2, 7, 8, 13, 14")
    RCA: Statistics | None = Field(description="Right coronary: segments 3, 4, 9, 10, 15")
    LCx: Statistics | None = Field(description="Left circumflex: segments 5, 6, 11, 12, 16")


class Layers(_Record):
    """Inner and outer half of the wall, by AHA segment."""

    endocardial: BySegment
    epicardial: BySegment


class FlowComparison(_Record):
    """The flow that was used beside another, pixel by pixel of the LV myocardium."""

    model: str = Field(description="Flow model of the other")
    n_pixels: int = Field(ge=1)
    mean_difference: float = Field(description="Used less other [mL/min/g]")
    sd_of_differences: float = Field(ge=0, description="[mL/min/g]")
    correlation: float | None = Field(ge=-1, le=1, description="Pearson's; null where one is the same everywhere")


class Flow(_Record):
    """Myocardial blood flow, or the relative index that stands in where it can't be quantified."""

    model: str = Field(description="Flow model; scanner: mapped there, not here")
    unit: FlowUnit = Field(description="Unit of every mean, sd and median of this scan")
    global_: Statistics | None = Field(
        validation_alias="global", serialization_alias="global", description="The whole LV myocardium"
    )
    sectors: BySegment = Field(description="By AHA segment, 1 to 16; null: nothing to measure, quality says why")
    territories: Territories
    layers: Layers
    comparison: FlowComparison | None = Field(
        default=None, description="With flow computed here, where the scanner's was used and it was asked for"
    )


class Slice(_Record):
    """Geometry of one slice."""

    level: Level | None = Field(description="Null: not in use")
    reference_sop_instance_uid: str = Field(description="The source image that the contours fit pixel for pixel")
    lv_center_lps_mm: Point | None = Field(description="Centroid of the LV cavity, LPS patient coordinates [mm]")
    rv_insertion_anterior_deg: float | None = Field(
        description="Anterior RV insertion seen from the LV centre, from mid-septum, positive to anterior [degree]"
    )
    rv_insertion_inferior_deg: float | None = Field(
        description="Inferior RV insertion, the same way: negative where it lies inferior of mid-septum [degree]"
    )
    myocardium_area_mm2: float = Field(ge=0, description="Area of the LV myocardium [mm2]")
    segmentation_confidence: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Dice coefficient of the myocardium to expect against a reader, from how far the network agrees "
        "with itself, calibrated on simulated patients; null: not calibrated for these weights",
    )


class Quality(_Record):
    """One thing the reader must know."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Short name for machines")
    severity: Severity = Field(description="withheld: a result was held back because of this")
    slice: int | None = Field(ge=0, description="Index of the slice concerned, from 0; null: all of them")
    message: str = Field(description="One plain sentence for people")


class Scan(_Record):
    """One injection."""

    series_instance_uids: list[str] = Field(min_length=1, description="Source series of the perfusion images")
    state: Literal["stress", "rest", "unknown"]
    state_from: str = Field(description="What told the state: description, operator ...")
    manufacturer: str
    field_strength_t: float | None = Field(description="Magnetic field strength [T]")
    n_slices: int = Field(ge=1)
    n_frames: int = Field(ge=1, description="Saturation-recovery images a slice")
    heart_rate_bpm: float | None = Field(description="Heart rate [1/min]")
    quantification: Literal["absolute", "relative"]
    why_relative: str | None = Field(description="One sentence; null where absolute")
    aif: ArterialInput
    motion: Motion
    flow: Flow
    slices: list[Slice]
    assumptions: dict[str, float | str] = Field(
        description="What conversion and fit took for granted; names carry units, '_from' tells a value's origin"
    )
    quality: list[Quality]
    timings_s: dict[str, float] = Field(description="Wall time by step [s]: the only values a rerun changes")


class Reserve(_Record):
    """Stress over rest blood flow, no unit; null where either is missing, relative or withheld."""

    global_: float | None = Field(
        validation_alias="global", serialization_alias="global", description="The whole LV myocardium"
    )
    sectors: Annotated[dict[Segment, float | None], Field(min_length=16, max_length=16)] = Field(
        description="By AHA segment, 1 to 16"
    )
    territories: dict[Territory, float | None] = Field(
        default={}, description="By coronary territory; segments as in the flow's territories"
    )


class Results(_Record):
    """Every number of one study's analysis. Research use only."""

    schema_version: Literal["1.0"]
    software: Software
    study: Study
    scans: list[Scan] = Field(min_length=1, description="Stress first, then rest, then unknown")
    reserve: Reserve
    quality: list[Quality] = Field(description="Of the study as a whole")
    files: list[str] = Field(
        default=[], description="Names of the report, DICOM and other files of this run, in the same folder"
    )
