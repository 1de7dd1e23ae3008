"""Accuracy and time of the whole chain: ``python -m benchmarks.chain [--patients N]``.

Digital (simulated) patients, written as DICOM and processed as the command does it: global MBF found and true, the
delay, and the wall time of each step with its share. Then, where the real series are (folder in PERF_APP_TEST_DATA, or
``shared/data`` beside the checkout), the one real rest slice with a published map.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.stats import pearsonr

from benchmarks.surroundings import machine, real_series
from operators.series import ScanResult, StudyResult
from perf_app.config import read_settings
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.study import write_study
from perf_app.run import run

FIRST_SEED = 101
"""Patients that were not looked at while the chain was made."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Accuracy and time of the chain on digital patients.")
    parser.add_argument("--patients", type=int, default=6, help="how many")
    arguments = parser.parse_args()
    logging.getLogger("perf_app").setLevel(logging.ERROR)
    print(f"{machine()}\n\n| digital patient | scan | true | found | error | delay true | delay found |")
    print("|---|---|---|---|---|---|---|", flush=True)
    results = [print_patient(seed) for seed in range(FIRST_SEED, FIRST_SEED + arguments.patients)]
    print_times(results)
    data = real_series()
    if data is not None:
        print_real(data)


def print_patient(seed: int) -> tuple[StudyResult, float]:
    """A row for each scan of a digital patient, global MBF in mL/min/g and delays in s."""
    patient = draw_patient(seed)
    with tempfile.TemporaryDirectory() as folder:
        truth = write_study(Path(folder) / "study", patient)
        started = perf_counter()
        result = process(Path(folder) / "study", Path(folder) / "out")
        seconds = perf_counter() - started
    for scan in result.scans:
        true, found = truth.scan(scan.scan.state).whole.mean, mean_flow(scan)
        print(
            f"| {seed} | {scan.scan.state} | {true:.2f} | {found:.2f} | {found / true - 1:+.1%} "
            f"| {patient.delay:.2f} | {scan.flow.delay[0]:.2f} |",
            flush=True,
        )
    return result, seconds


def print_times(results: list[tuple[StudyResult, float]]) -> None:
    """Mean seconds a scan by step and their share; a study's common steps are shared out over its scans."""
    steps: dict[str, list[float]] = {}
    for result, _ in results:
        for scan in result.scans:
            for step, seconds in scan.timings_s.items():
                # Done once for the study: the same number stands in each scan.
                common = len({other.timings_s.get(step) for other in result.scans}) == 1
                steps.setdefault(step, []).append(seconds / len(result.scans) if common else seconds)
    means = {step: float(np.mean(values)) for step, values in steps.items()}
    print("\n| step | s a scan | share |\n|---|---|---|")
    whole = float(np.mean([seconds / len(result.scans) for result, seconds in results]))
    means["start, report, objects"] = whole - sum(means.values())
    for step, seconds in means.items():
        print(f"| {step.replace('_', ' ')} | {seconds:.2f} | {seconds / whole:.0%} |")
    print(f"| together | {whole:.2f} | |")


def print_real(data: Path) -> None:
    """The real rest slice: the chain's flow against the published map."""
    reference = np.load(data / "qperf" / "rest_gd.npz")
    with tempfile.TemporaryDirectory() as folder:
        aif = data / "qperf" / "rest_gd_aif.csv"
        (scan,) = process(data / "qperf" / "rest_gd_dicom", Path(folder) / "out", aif=aif).scans
    ring, flow = reference["ring_mask"] > 0, scan.flow.flow[0]
    both = ring & np.isfinite(flow)
    r = pearsonr(flow[both], reference["mbf_reference"][both]).statistic
    print(
        f"\nreal rest slice: MBF {mean_flow(scan):.2f} mL/min/g in the segmented wall; in the drawn ring "
        f"{flow[both].mean():.2f} against {reference['mbf_reference'][ring].mean():.2f} published, r = {r:.2f}"
    )


def process(source: Path, output: Path, **options: object) -> StudyResult:
    """What the command would find."""
    result = run(read_settings(input_path=source, output_path=output, **options)).result
    if result is None:
        raise SystemExit(f"the chain gave no result on {source.name}")
    return result


def mean_flow(scan: ScanResult) -> float:
    """Global MBF [mL/min/g], NaN where there is none."""
    return scan.sectors.whole.mean if scan.sectors.whole else float("nan")


if __name__ == "__main__":
    main()
