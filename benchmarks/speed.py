"""Time and memory of the chain: ``python -m benchmarks.speed [--patients N] [--write]``.

Digital (simulated) patients, written as DICOM and processed as the command does it: the wall time of each step with
its share, and the memory of the process when it was largest. In the same run, a slice's motion and flow by what a user
would pick instead, and how far the two largest steps are from what this processor can do.
"""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import torch

from benchmarks.chain import FIRST_SEED, process
from benchmarks.known_flow import NOISE, Input, inputs
from benchmarks.moving_slices import MovingSlice, breathing, slices_of
from benchmarks.pixel_fits import by_dcmri, by_scipy
from benchmarks.record import Record, parser
from benchmarks.registration_peers import peers
from benchmarks.single_pixels import SLICE, upsampled
from operators.flow_mapping import btex, table
from operators.motion_correction import demons
from operators.motion_correction.correction import correct_slice
from operators.resampling.regular_grid import STEP as GRID
from operators.series import FloatArray, StudyResult
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.study import write_study

BREATH = 6.0
"""Of the slice whose motion is corrected [mm]."""
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print the tables."""
    options = parser("Time and memory of the chain and of alternatives.")
    options.add_argument("--patients", type=int, default=3, help="how many studies")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    arguments = options.parse_args()
    logging.getLogger("perf_app").setLevel(logging.ERROR)
    record = Record("speed", "benchmarks.speed", arguments.write)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.patients)
    memory: dict[str, float] = {}
    tell_steps(record, [process_timed(seed, memory) for seed in seeds], memory)
    tell_command(record, seeds[0])
    moving = slices_of(*breathing(seeds[0], BREATH))[1]
    aif = inputs(None)["simulated, middle"]
    curves = noisy_curves(aif)
    tell_alternatives(record, moving, aif, curves)
    tell_limits(record, moving, aif, curves)
    record.close()


def process_timed(seed: int, memory: dict[str, float]) -> tuple[StudyResult, float]:
    """A patient's study through the chain and the seconds it took; raises `memory` by step [GiB] where it was more."""
    with tempfile.TemporaryDirectory() as folder:
        write_study(Path(folder) / "study", draw_patient(seed))
        with memory_by_step(memory) as on_start:
            started = time.perf_counter()
            result = process(Path(folder) / "study", Path(folder) / "out", on_start)
            seconds = time.perf_counter() - started
    print(f"patient {seed}: {seconds:.1f} s", flush=True)
    return result, seconds


@contextmanager
def memory_by_step(peaks: dict[str, float]) -> Iterator[Callable[[str, int | None], None]]:
    """What to call with each step that starts; until the end the process's memory counts to that step [GiB]."""
    step, ended = ["start, report, objects"], Event()

    def watch() -> None:
        while not ended.wait(0.02):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            peaks[step[0]] = max(peaks.get(step[0], 0.0), pages * PAGE / 2**30)

    def on_start(room: str, _: int | None) -> None:
        step[0] = room

    thread = Thread(target=watch)
    thread.start()
    try:
        yield on_start
    finally:
        ended.set()
        thread.join()


def tell_steps(record: Record, results: list[tuple[StudyResult, float]], memory: dict[str, float]) -> None:
    """Mean seconds a scan by step, their share, and peak memory; a study's common steps are shared by its scans."""
    steps: dict[str, list[float]] = {}
    for result, _ in results:
        for scan in result.scans:
            for step, seconds in scan.timings_s.items():
                # Done once for the study: the same number stands in each scan.
                common = len({other.timings_s.get(step) for other in result.scans}) == 1
                steps.setdefault(step, []).append(seconds / len(result.scans) if common else seconds)
    means = {step: float(np.mean(values)) for step, values in steps.items()}
    whole = float(np.mean([seconds / len(result.scans) for result, seconds in results]))
    means["start, report, objects"] = whole - sum(means.values())
    rows = [
        [step.replace("_", " "), f"{seconds:.2f}", f"{seconds / whole:.0%}", f"{memory.get(step, np.nan):.1f}"]
        for step, seconds in means.items()
    ]
    network = means["segmentation"]
    rows.append(["together", f"{whole:.2f}", "", f"{max(memory.values()):.1f}"])
    rows.append(["all but the network", f"{whole - network:.2f}", "", ""])
    record.say(
        f"A scan of 3 slices x 60 beats of 192 x 144, stress and rest processed together, {len(results)} studies; "
        "memory of the process at its largest in that step:\n"
    )
    record.table(["step", "s a scan", "share", "peak memory [GiB]"], rows)


def tell_command(record: Record, seed: int) -> None:
    """Wall time and peak memory of the command on a study of two scans, its start included."""
    with tempfile.TemporaryDirectory() as folder:
        study, out = Path(folder) / "study", Path(folder) / "out"
        write_study(study, draw_patient(seed))
        started = time.perf_counter()
        command = [sys.executable, "-m", "perf_app", "-i", str(study), "-o", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    record.say(f"The command on a study of two scans: {seconds:.0f} s, peak memory {peak:.1f} GiB.\n")


def noisy_curves(aif: Input) -> FloatArray:
    """Curves of a slice's pixels, drawn about the usual, shape (curve, time)."""
    random = np.random.default_rng(1)
    flow, ps, vp, visf = (random.uniform(*ends, 60) for ends in ((0.5, 4.0), (0.5, 1.5), (0.03, 0.08), (0.15, 0.3)))
    plasma = upsampled(aif, 0.0) / (1 - aif.hematocrit)
    clean = btex.tissue_curves(plasma, GRID, flow, ps, vp, visf)[:, :: round(0.5 / GRID)]
    many = np.resize(clean, (SLICE, clean.shape[1]))
    return np.asarray(many + random.normal(0, NOISE, many.shape), np.float32)


def tell_alternatives(record: Record, moving: MovingSlice, aif: Input, curves: FloatArray) -> None:
    """A slice's motion and flow by this and by others, each in one process."""
    rows = []
    started = time.perf_counter()
    motion = correct_slice(moving.images, moving.times, moving.spacing)
    rows.append(["motion", "this", f"{time.perf_counter() - started:.1f}", ""])
    for name, corrector in peers().items():
        started = time.perf_counter()
        corrector(moving.images, motion.reference, moving.spacing)
        rows.append(["motion", name, f"{time.perf_counter() - started:.1f}", ""])
    started = time.perf_counter()
    fitter(aif).fit(curves, NOISE)
    rows.append([f"flow of {SLICE:,} pixels", "this", f"{time.perf_counter() - started:.1f}", ""])
    others = {"scipy.optimize.least_squares, the same model": (by_scipy, 40)}
    if find_spec("dcmri") is not None:
        others["dcmri, two-compartment exchange"] = by_dcmri, 4
    for name, (fit, few) in others.items():
        started = time.perf_counter()
        fit(upsampled(aif, 0.0), 0.5, aif.hematocrit, curves[:few].astype(float))
        each = (time.perf_counter() - started) / few
        rows.append([f"flow of {SLICE:,} pixels", name, f"{SLICE * each:.0f}", f"from {few} pixels"])
    record.say("One slice, by what a user would pick instead:\n")
    record.table(["what", "by", "s", ""], rows)


def fitter(aif: Input) -> table.Fitter:
    """Of the curves' own times, no delay."""
    made = btex.make_table(upsampled(aif, 0.0), GRID, aif.hematocrit)
    return table.Fitter(replace(made, curves=made.curves[..., :: round(0.5 / GRID)]))


def tell_limits(record: Record, moving: MovingSlice, aif: Input, curves: FloatArray) -> None:
    """What the two largest steps wait for, on one core, and the part of this core's rate at which they do it."""
    torch.set_num_threads(1)
    fit = fitter(aif)
    square = torch.rand(1024, 1024)
    peak = 2 * 1024**3 / fastest(lambda: square @ square)
    taken = fastest(lambda: fit.fit(curves, NOISE), 2)
    axes = fit.between.dimensions
    # Of each step, and where it ends: the curve and its slopes, from the four splines about it along each axis.
    products = 2.0 * len(curves) * (table.STEPS + 1) * (1 + axes) * 4**axes * table.RANK
    spent = spent_in(("smooth", "warp", "gradient"), moving)
    rows = [
        [step, f"{what}, {peak / 1e9:.0f} GFLOP/s", f"{of / peak:.2f}", f"{took:.2f}", f"{of / peak / took:.0%}"]
        for step, what, of, took in (
            ("flow, all pixels", "products of the splines", products, taken),
            ("motion, a slice", "products of the smoothing", spent["operations"], spent["smooth"]),
        )
    ]
    record.say("On one core, the least time of what a step mostly does, at the rate measured beside it:\n")
    record.table(["step", "bound by", "least [s]", "taken [s]", "of the limit"], rows)
    shares = ", ".join(f"{name} {spent[name] / spent['all']:.0%}" for name in ("smooth", "warp", "gradient"))
    record.say(f"Of a slice's motion correction ({spent['all']:.1f} s): {shares}.")


def fastest(work: Callable[[], Any], times: int = 20) -> float:
    """Least of some runs [s]."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def spent_in(names: tuple[str, ...], moving: MovingSlice) -> dict[str, float]:
    """Seconds of a slice's motion correction by function of the demons, in `all`, and `operations` of the smoothing."""
    spent = dict.fromkeys((*names, "operations"), 0.0)
    kept = {name: getattr(demons, name) for name in names}

    def timed(name: str) -> Callable[..., torch.Tensor]:
        def call(images: torch.Tensor, *arguments: Any) -> torch.Tensor:
            started = time.perf_counter()
            result: torch.Tensor = kept[name](images, *arguments)
            spent[name] += time.perf_counter() - started
            if name == "smooth":
                rows, columns = images.shape[-2:]
                spent["operations"] += 2.0 * images.numel() * (rows + columns)
            return result

        return call

    try:
        for name in names:
            setattr(demons, name, timed(name))
        started = time.perf_counter()
        correct_slice(moving.images, moving.times, moving.spacing)
        spent["all"] = time.perf_counter() - started
    finally:
        for name, function in kept.items():
            setattr(demons, name, function)
    return spent


if __name__ == "__main__":
    main()
