"""Accuracy of the whole chain: ``python -m benchmarks.chain [--patients N] [--write]``.

Digital (simulated) patients, written as DICOM and processed as the command does it: MBF of the whole myocardium and of
sectors, reserve and defects, found and true; every second patient has a defect, the others one in 40 %. Then, where the
real series are, the one real rest slice with a published map.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import mannwhitneyu, pearsonr

from benchmarks.record import Record, parser
from benchmarks.surroundings import published_slices, real_series
from operators.series import BoolArray, FloatArray, Label, ScanResult, State, Statistics, StudyResult
from perf_app.config import read_settings
from perf_app.phantom.patient import DigitalPatient, draw_patient
from perf_app.phantom.study import write_study
from perf_app.phantom.truth import ScanTruth
from perf_app.run import run

FIRST_SEED = 411
"""Patients that were not looked at while the chain was made."""
BANDS = (0.0, 0.5, 0.65, 0.75, 0.85, 2.0)
DEFECT = 0.75
"""A sector is called defective below this share of the upper half of the patient's sectors at stress."""


@dataclass(frozen=True)
class Pair:
    """One scan, true and found."""

    patient: DigitalPatient
    state: State
    true: ScanTruth
    found: ScanResult

    def whole(self) -> tuple[float, float]:
        """Global MBF [mL/min/g], true and found; NaN where none was found."""
        return self.true.whole.mean, mean(self.found.sectors.whole)

    def sectors(self) -> FloatArray:
        """MBF of the 16 sectors, true and found, NaN where there is none, shape (2, 16)."""
        both = self.true.by_sector, self.found.sectors.by_sector
        return np.array([[mean(values[number]) for number in range(1, 17)] for values in both])

    def gradient(self) -> tuple[float, float]:
        """Endocardial over epicardial MBF, true (as set for healthy wall) and found."""
        parts = self.found.sectors.endocardial, self.found.sectors.epicardial
        inner, outer = (np.nanmean([mean(part[number]) for number in range(1, 17)]) for part in parts)
        return self.patient.states[self.state].endo_over_epi, float(inner / outer)


def main() -> None:
    """Print the tables."""
    options = parser("Accuracy of the chain on digital patients.")
    options.add_argument("--patients", type=int, default=10, help="how many")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    arguments = options.parse_args()
    logging.getLogger("perf_app").setLevel(logging.ERROR)
    record = Record("chain", "benchmarks.chain", arguments.write)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.patients)
    patients = [draw_patient(seed, ischemia=True if seed % 2 else None) for seed in seeds]
    pairs = [pair for patient in patients for pair in process_patient(patient)]
    print_global(record, pairs)
    print_sectors(record, pairs)
    path = record.picture("chain.png", "MBF found by true MBF, whole myocardium and sectors")
    if path is not None:
        plot(pairs, path)
    data = real_series()
    if data is not None:
        print_real(record, data)
    record.close()


def process_patient(patient: DigitalPatient) -> list[Pair]:
    """A digital patient's scans through the chain."""
    with tempfile.TemporaryDirectory() as folder:
        truth = write_study(Path(folder) / "study", patient)
        result = process(Path(folder) / "study", Path(folder) / "out")
    pairs = [Pair(patient, scan.scan.state, truth.scan(scan.scan.state), scan) for scan in result.scans]
    errors = ", ".join(f"{p.state} {p.whole()[1] / p.whole()[0] - 1:+.1%}" for p in pairs)
    print(f"patient {patient.seed}: {errors}", flush=True)
    return pairs


def print_global(record: Record, pairs: list[Pair]) -> None:
    """Global MBF of each scan, then bias, limits of agreement and reserve."""
    rows = []
    for pair in pairs:
        true, found = pair.whole()
        delays = f"{pair.patient.delay:.2f}", f"{pair.found.flow.delay[0]:.2f}"
        rows.append(
            [str(pair.patient.seed), pair.state, f"{true:.2f}", f"{found:.2f}", f"{found / true - 1:+.1%}", *delays]
        )
    record.table(["digital patient", "scan", "true MBF", "found", "error", "true delay [s]", "found"], rows)
    rows = []
    for name, some in by_state(pairs).items():
        error = np.array([pair.whole()[1] / pair.whole()[0] - 1 for pair in some])
        rows.append([name, str(len(some)), *agreement(error)])
    reserves = np.array([reserve(pairs, seed) for seed in dict.fromkeys(pair.patient.seed for pair in pairs)])
    rows.append(["reserve", str(len(reserves)), *agreement(reserves[:, 1] / reserves[:, 0] - 1)])
    record.table(["whole myocardium", "scans", "bias", "limits of agreement", "median size of the error"], rows)


def print_sectors(record: Record, pairs: list[Pair]) -> None:
    """Sectors: error and correlation by state, defects, and the endocardial-to-epicardial ratio."""
    rows = []
    for name, some in by_state(pairs).items():
        true, found = np.concatenate([pair.sectors() for pair in some], axis=1)
        known = np.isfinite(true) & np.isfinite(found)
        r = pearsonr(true[known], found[known]).statistic
        ratios = np.array([pair.gradient() for pair in some])
        gradients = f"{ratios[:, 0].mean():.2f} / {ratios[:, 1].mean():.2f}"
        rows.append([name, f"{known.sum()}", f"{r:.3f}", *agreement(found[known] / true[known] - 1), gradients])
    record.table(
        ["sectors", "number", "r", "bias", "limits of agreement", "median size of the error", "endo/epi set / found"],
        rows,
    )
    stress = [pair.sectors() for pair in pairs if pair.state is State.STRESS]
    true, found = (np.concatenate([relative(values[k]) for values in stress]) for k in (0, 1))
    known = np.isfinite(true) & np.isfinite(found)
    true, found = true[known], found[known]
    sick = true < DEFECT
    if sick.any() and not sick.all():
        area = 1 - mannwhitneyu(found[sick], found[~sick]).statistic / (sick.sum() * (~sick).sum())
        record.say(
            f"Defects at stress (a sector below {DEFECT:.0%} of the upper half of the patient's sectors): {sick.sum()} "
            f"of {len(sick)} sectors; sensitivity {np.mean(found[sick] < DEFECT):.0%}, specificity "
            f"{np.mean(found[~sick] >= DEFECT):.0%}, area under the ROC curve {area:.3f}.\n"
        )
        bands = [(true >= low) & (true < high) for low, high in itertools.pairwise(BANDS)]
        rows = [
            [f"{low:.0%} to {high:.0%}", str(band.sum()), *found_in(found[band])]
            for (low, high), band in zip(itertools.pairwise(BANDS), bands, strict=True)
        ]
        record.table(["true flow of a sector over the patient's usual", "sectors", "found", "called defective"], rows)


def found_in(found: FloatArray) -> list[str]:
    """Mean of what was found over the patient's usual, and the part called defective."""
    return [f"{found.mean():.0%}", f"{np.mean(found < DEFECT):.0%}"] if len(found) else ["-", "-"]


def print_real(record: Record, data: Path) -> None:
    """The real slices with a published map: the chain's flow beside it."""
    for name, file in published_slices(data):
        reference, images = np.load(file), file.with_name(f"{file.stem}_dicom")
        with tempfile.TemporaryDirectory() as folder:
            aif = file.with_name(f"{file.stem}_aif.csv")
            (scan,) = process(images, Path(folder) / "out", aif=aif).scans
        flow, published = scan.flow.flow[0], reference["mbf_reference"]
        ring, wall = reference["ring_mask"] > 0, scan.segmentation.labels[0] == Label.MYOCARDIUM
        record.say(
            f"Real {name} slice: MBF {mean(scan.sectors.whole):.2f} mL/min/g in the segmented wall; beside the "
            f"published map {beside(flow, published, ring)} in the drawn ring, "
            f"{beside(flow, published, ring & wall)} where both lie."
        )


def beside(found: FloatArray, published: FloatArray, where: BoolArray) -> str:
    """Means and correlation of two maps in the pixels where both have a value."""
    both = where & np.isfinite(found)
    r = pearsonr(found[both], published[both]).statistic
    return f"{found[both].mean():.2f} / {published[both].mean():.2f} (r = {r:.2f}, {both.sum()} pixels)"


def process(
    source: Path, output: Path, on_start: Callable[[str, int | None], None] | None = None, **options: object
) -> StudyResult:
    """What the command would find; `on_start` as of `perf_app.run.run`."""
    result = run(read_settings(input_path=source, output_path=output, **options), on_start).result
    if result is None:
        raise SystemExit(f"the chain gave no result on {source.name}")
    return result


def mean(part: Statistics | None) -> float:
    """MBF [mL/min/g], NaN where there is none."""
    return part.mean if part else float("nan")


def by_state(pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Pairs of each state, and all of them."""
    parts = {str(state): [pair for pair in pairs if pair.state is state] for state in (State.STRESS, State.REST)}
    return {**parts, "both": pairs}


def reserve(pairs: list[Pair], seed: int) -> tuple[float, float]:
    """True and found ratio of stress to rest of a patient."""
    values = {pair.state: pair.whole() for pair in pairs if pair.patient.seed == seed}
    stress, rest = values[State.STRESS], values[State.REST]
    return stress[0] / rest[0], stress[1] / rest[1]


def agreement(error: FloatArray) -> list[str]:
    """Bias, limits of agreement and median size of relative errors."""
    bias, spread = error.mean(), 1.96 * error.std(ddof=1)
    return [f"{bias:+.1%}", f"{bias - spread:+.1%} to {bias + spread:+.1%}", f"{np.median(np.abs(error)):.1%}"]


def relative(sectors: FloatArray) -> FloatArray:
    """Sectors over the median of their upper half, shape (sector,)."""
    return np.asarray(sectors / np.nanpercentile(sectors, 75))


def plot(pairs: list[Pair], path: Path) -> None:
    """Found by true, with the line of identity."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
    for state, colour in ((State.STRESS, "tab:red"), (State.REST, "tab:blue")):
        some = [pair for pair in pairs if pair.state is state]
        axes[0].plot(*np.array([pair.whole() for pair in some]).T, "o", color=colour, label=state)
        axes[1].plot(*np.concatenate([pair.sectors() for pair in some], axis=1), ".", color=colour, markersize=4)
    for axis, title in zip(axes, ("whole myocardium", "sectors"), strict=True):
        axis.axline((0, 0), slope=1, color="0.6", linewidth=0.8)
        axis.set(title=title, xlabel="true MBF [mL/min/g]", ylabel="found MBF [mL/min/g]")
    axes[0].legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
