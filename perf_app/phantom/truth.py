"""What is known of a simulated study: the numbers a measurement should find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from operators.aha_sectors.model import SEGMENTS_OF_TERRITORY
from operators.series import FloatArray, Label, State, Statistics
from perf_app.phantom.motion import Motion
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.scene import Scene, picture_labels, picture_segments, to_picture
from perf_app.phantom.simulation import SimulatedScan

N_SEGMENTS = 16


@dataclass(frozen=True, slots=True, eq=False)
class ScanTruth:
    """Of one injection, on the grid of its perfusion pictures.

    Labels and flow belong to the reference: end of expiration, usual filling. `displacement` leads from there to each
    frame. Times begin at the first saturation-recovery frame's centre of k-space.
    """

    state: State
    flow: FloatArray
    """MBF [mL/min/g], NaN outside the labelled myocardium, shape (slice, row, col)."""
    whole: Statistics
    by_sector: Mapping[int, Statistics | None]
    """By AHA segment 1 to 16; None where there is no myocardium."""
    by_territory: Mapping[str, Statistics | None]
    aif_times: FloatArray
    """[s], shape (time,)."""
    aif: FloatArray
    """Whole-blood Gd in the LV [mmol/L], shape (time,)."""
    frame_times: FloatArray
    """Of all frames, proton density first [s], shape (slice, time)."""
    motion: tuple[Motion, ...]

    def displacement(self, size: tuple[int, int]) -> FloatArray:
        """Where each pixel of the reference lies in each frame, (row, col) offset in mm, (slice, time, 2, row, col)."""
        return np.stack([one.displacement(size).cpu().numpy() for one in self.motion])


@dataclass(frozen=True, slots=True, eq=False)
class StudyTruth:
    """Of one study."""

    patient: DigitalPatient
    labels: npt.NDArray[np.uint8]
    """`operators.series.Label` of each pixel in the reference, shape (slice, row, col)."""
    segments: npt.NDArray[np.uint8]
    """AHA segment of labelled myocardium, 0 elsewhere, shape (slice, row, col)."""
    scans: tuple[ScanTruth, ...]

    def scan(self, state: State) -> ScanTruth:
        """The truth of one state's scan."""
        return next(scan for scan in self.scans if scan.state is state)


def study_truth(patient: DigitalPatient, scene: Scene, scans: tuple[SimulatedScan, ...]) -> StudyTruth:
    """Gather the truth of a study's scans."""
    size = (scans[0].perfusion.pixels.shape[2], scans[0].perfusion.pixels.shape[3])
    labels = picture_labels(scene, size).cpu().numpy()
    segments = picture_segments(scene, size).cpu().numpy()
    return StudyTruth(patient, labels, segments, tuple(_scan_truth(scan, labels, segments) for scan in scans))


def _scan_truth(scan: SimulatedScan, labels: npt.NDArray[np.uint8], segments: npt.NDArray[np.uint8]) -> ScanTruth:
    muscle = labels == Label.MYOCARDIUM
    flow = to_picture(scan.flow, (labels.shape[1], labels.shape[2])).numpy()
    flow = np.where(muscle, flow, np.float32(np.nan))
    sectors = {n: _statistics(flow[segments == n]) for n in range(1, N_SEGMENTS + 1)}
    territories = {name: _statistics(flow[np.isin(segments, them)]) for name, them in SEGMENTS_OF_TERRITORY.items()}
    whole = _statistics(flow[muscle])
    if whole is None:
        raise ValueError("the digital patient has no myocardium in its slices")
    return ScanTruth(
        state=scan.state,
        flow=flow,
        whole=whole,
        by_sector=sectors,
        by_territory=territories,
        aif_times=scan.contrast.times.numpy(),
        aif=scan.contrast.aif.numpy(),
        frame_times=scan.perfusion.times.numpy(),
        motion=scan.motion,
    )


def _statistics(values: FloatArray) -> Statistics | None:
    if not len(values):
        return None
    wide = values.astype(np.float64)
    return Statistics(float(wide.mean()), float(wide.std()), float(np.median(wide)), len(wide))


def truth_document(truth: StudyTruth) -> dict[str, Any]:
    """The truth as plain data for a JSON file, named as in results.json where it holds the same."""
    return {
        "simulated": True,
        "patient": asdict(truth.patient),
        "scans": [_scan_document(scan) for scan in truth.scans],
        "reserve": _reserve(truth),
    }


def _scan_document(scan: ScanTruth) -> dict[str, Any]:
    def plain(part: Statistics | None) -> dict[str, float] | None:
        return None if part is None else asdict(part)

    return {
        "state": str(scan.state),
        "flow": {
            "unit": "mL/min/g",
            "global": plain(scan.whole),
            "sectors": {str(number): plain(part) for number, part in scan.by_sector.items()},
            "territories": {name: plain(part) for name, part in scan.by_territory.items()},
        },
        "aif": {
            "peak_mmol_per_l": float(scan.aif.max()),
            "time_s": np.round(scan.aif_times, 3).tolist(),
            "gd_mmol_per_l": np.round(scan.aif, 5).tolist(),
        },
        "frame_times_s": np.round(scan.frame_times, 4).tolist(),
    }


def _reserve(truth: StudyTruth) -> dict[str, Any] | None:
    states = {scan.state: scan for scan in truth.scans}
    if not {State.STRESS, State.REST} <= states.keys():
        return None
    stress, rest = states[State.STRESS], states[State.REST]
    sectors = {}
    for number, part in stress.by_sector.items():
        below = rest.by_sector[number]
        sectors[str(number)] = part.mean / below.mean if part and below else None
    return {"global": stress.whole.mean / rest.whole.mean, "sectors": sectors}
