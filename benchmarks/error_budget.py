"""Where the error of MBF comes from: ``python -m benchmarks.error_budget [--patients N] [--write]``.

Digital (simulated) patients through the rooms of the chain, again and again, each time with one step's result replaced
by the truth: the myocardium's mask, the motion, the arterial input; then all three.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from benchmarks.chain import agreement
from benchmarks.record import Record, parser
from benchmarks.surroundings import REPOSITORY
from operators.arterial_input.input_function import find_arterial_input
from operators.dicom_loading.loader import load_study
from operators.flow_mapping.mapping import map_flow
from operators.gadolinium.conversion import to_gadolinium
from operators.motion_correction.correction import correct_motion
from operators.motion_correction.displacement import pull, rebase
from operators.motion_correction.shading import log_sensitivity, unshade
from operators.protocol import Protocol
from operators.resampling.regular_grid import resample
from operators.segmentation.inference import Segmenter
from operators.series import ArterialInput, IntArray, Label, MotionCorrection, PerfusionScan, State
from perf_app.phantom.filmed import moved_shares
from perf_app.phantom.motion import Motion
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.study import write_study
from perf_app.phantom.truth import ScanTruth, StudyTruth

FIRST_SEED = 451
HEMATOCRIT = 0.42
SWAPS: dict[str, frozenset[str]] = {
    "automatic": frozenset(),
    "true masks": frozenset({"masks"}),
    "true motion": frozenset({"motion"}),
    "true arterial input": frozenset({"input"}),
    "all three": frozenset({"masks", "motion", "input"}),
}


@dataclass(frozen=True)
class Case:
    """One scan as loaded and corrected, and what is true of it."""

    scan: PerfusionScan
    motion: MotionCorrection
    truth: ScanTruth
    labels: IntArray
    """`Label` of each pixel in the truth's own frame, shape (slice, row, col)."""

    def weights(self, k: int) -> Motion:
        """True motion of a slice's saturation-recovery frames."""
        motion = self.truth.motion[k]
        return replace(motion, weights=motion.weights[-self.scan.perfusion.n_frames :])


def main() -> None:
    """Print the table."""
    options = parser("Error budget of the chain on digital patients.")
    options.add_argument("--patients", type=int, default=8, help="how many")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    arguments = options.parse_args()
    logging.getLogger("perf_app").setLevel(logging.ERROR)
    record = Record("budget", "benchmarks.error_budget", arguments.write)
    segmenter = Segmenter(REPOSITORY / "bundle")
    errors: dict[tuple[str, State], list[float]] = {}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.patients):
        for key, error in study_errors(seed, segmenter).items():
            errors.setdefault(key, []).append(error)
    rows = [
        [name, *agreement(np.array(errors[name, State.STRESS])), *agreement(np.array(errors[name, State.REST]))]
        for name in SWAPS
    ]
    columns = [f"{state}: {what}" for state in ("stress", "rest") for what in ("bias", "limits", "median size")]
    record.table([f"global MBF of {arguments.patients} patients", *columns], rows)
    path = record.picture("error_budget.png", "Error of global MBF with one step after the other replaced by the truth")
    if path is not None:
        plot(errors, path)
    record.close()


def study_errors(seed: int, segmenter: Segmenter) -> dict[tuple[str, State], float]:
    """Relative error of each scan's global MBF for each set of swaps."""
    with tempfile.TemporaryDirectory() as folder:
        truth = write_study(Path(folder), draw_patient(seed))
        cases = [case(scan, truth) for scan in load_study(Path(folder), None).scans]
    found = {}
    for name, swaps in SWAPS.items():
        for one, error in zip(cases, errors_of(cases, swaps, segmenter), strict=True):
            found[name, one.scan.state] = error
        print(f"patient {seed}, {name}: " + ", ".join(f"{found[name, c.scan.state]:+.1%}" for c in cases), flush=True)
    return found


def case(scan: PerfusionScan, truth: StudyTruth) -> Case:
    """A loaded scan with its truth."""
    return Case(scan, correct_motion(scan), truth.scan(scan.state), np.asarray(truth.labels))


def errors_of(cases: list[Case], swaps: frozenset[str], segmenter: Segmenter) -> list[float]:
    """Relative error of the global MBF of a study's scans."""
    protocol, inputs = Protocol(), []
    for one in cases:
        motion = true_motion(one) if "motion" in swaps else one.motion
        gadolinium = to_gadolinium(one.scan, motion, protocol)
        aif = true_input(one) if "input" in swaps else find_arterial_input(one.scan, gadolinium, protocol)
        labels = true_labels(one) if "masks" in swaps else np.asarray(segmenter.segment(gadolinium).labels)
        inputs.append((resample(gadolinium, aif), aif, labels))
    return [
        float(np.nanmean(flow.flow[labels == Label.MYOCARDIUM])) / one.truth.whole.mean - 1
        for flow, (_, _, labels), one in zip(map_flow(inputs, HEMATOCRIT), inputs, cases, strict=True)
    ]


def true_input(one: Case) -> ArterialInput:
    """The LV's concentration as simulated."""
    values = one.truth.aif
    onset = float(one.truth.aif_times[np.argmax(values > 0.05 * values.max())])
    return ArterialInput("file", one.truth.aif_times, values, "mmol/L", onset)


def true_motion(one: Case) -> MotionCorrection:
    """The series held still by the true displacement, in the frames that the chain chose as references."""
    series, spacing = one.scan.perfusion, one.scan.perfusion.pixel_spacing
    size = series.pixels.shape[2], series.pixels.shape[3]
    fields = np.stack(
        [
            rebase(one.weights(k).displacement(size).cpu(), int(reference), spacing).numpy()
            for k, reference in enumerate(one.motion.reference_frame)
        ]
    )
    pixels = np.stack([pull(images, field, spacing) for images, field in zip(series.pixels, fields, strict=True)])
    if one.scan.proton_density is not None:
        seen = [log_sensitivity(frames, spacing) for frames in one.scan.proton_density.pixels]
        pixels = np.stack([unshade(*each, spacing) for each in zip(pixels, seen, fields, strict=True)])
    return replace(one.motion, series=replace(series, pixels=pixels), displacement=fields)


def true_labels(one: Case) -> IntArray:
    """The true contours where they lie in each slice's reference frame, `Label` of each pixel (slice, row, col)."""
    moved = (
        moved_shares(torch.from_numpy(one.labels[k]), one.weights(k), int(reference))
        for k, reference in enumerate(one.motion.reference_frame)
    )
    return np.stack([shares.argmax(0).numpy() for shares in moved])


def plot(errors: dict[tuple[str, State], list[float]], path: Path) -> None:
    """Each patient's error by what was true."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for axis, state in zip(axes, (State.STRESS, State.REST), strict=True):
        values = 100 * np.array([errors[name, state] for name in SWAPS])
        axis.plot(values, color="0.7", linewidth=0.8)
        axis.boxplot(list(values), positions=range(len(SWAPS)), showfliers=False)
        axis.axhline(0, color="0.6", linewidth=0.8)
        axis.set_xticks(range(len(SWAPS)), [name.replace(" ", "\n", 1) for name in SWAPS], fontsize=7)
        axis.set_title(state)
    axes[0].set_ylabel("error of global MBF [%]")
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
