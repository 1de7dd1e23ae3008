"""Motion left in corrected series: ``python -m benchmarks.motion [--patients N] [--peers N] [--write]``.

Digital (simulated) hearts breathe 2 to 12 mm, partly non-rigidly, while contrast passes; their motion is known. Other
programs correct some of the same slices in the same run. Real series have no known motion: they are judged by how
smoothly pixels change with time, and by how far a reader's contour would be carried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.io import loadmat

from benchmarks.moving_slices import MovingSlice, breathing, rms, slices_of, worst
from benchmarks.record import Record, parser
from benchmarks.registration_peers import peers
from benchmarks.surroundings import real_series
from operators.motion_correction.correction import SliceMotion, correct_slice
from operators.motion_correction.displacement import jacobian, pull
from operators.motion_correction.proton_density import find_shift
from operators.series import BoolArray, FloatArray

FIRST_SEED = 601
AMPLITUDES = (2.0, 12.0)
"""Of breathing [mm], spread evenly over the patients."""
HARD: dict[str, dict[str, float]] = {
    "breath held": {"amplitude": 0.0},
    "breath held, three times the noise": {"amplitude": 0.0, "noise": 3.0},
    "breathing 6 mm, three times the noise": {"amplitude": 6.0, "noise": 3.0},
    "breathing 6 mm, every tenth beat early": {"amplitude": 6.0, "ectopic": 0.1},
    "breathing 6 mm, every eighth trigger missed": {"amplitude": 6.0, "missed": 0.125},
}
HARD_SEEDS = (631, 632)
USUAL = (1.5, 3.5)
"""RMS motion [mm] that a series comes with as a rule, and for which the bars are meant."""
SAME = 0.02
"""A residual larger by less than this is no worse [mm]."""


@dataclass(frozen=True)
class Outcome:
    """Of one slice [mm]."""

    before: float
    after: float
    """Against the reference frame."""
    about_before: float
    about_after: float
    """About each point's mean place: what is left moving, wherever the reference frame lay."""
    worst_frame: float
    stretch: float
    """Least determinant of the Jacobian within the ventricle: 0 or less would be a fold."""
    seconds: float


def main() -> None:
    """Print the tables."""
    options = parser("Motion correction on hearts of known motion, beside other programs, and on real series.")
    options.add_argument("--patients", type=int, default=20, help="digital patients, three slices each")
    options.add_argument("--first-seed", type=int, default=FIRST_SEED)
    options.add_argument("--peers", type=int, default=3, help="slices that other programs correct too")
    arguments = options.parse_args()
    record = Record("motion", "benchmarks.motion", arguments.write)
    chosen: list[MovingSlice] = []
    outcomes, density = [], []
    order = np.random.default_rng(arguments.first_seed).permutation(arguments.patients)
    for number, place in enumerate(order):
        part = place / max(1, arguments.patients - 1)
        amplitude = AMPLITUDES[0] + float(part) * (AMPLITUDES[1] - AMPLITUDES[0])
        slices = slices_of(*breathing(arguments.first_seed + number, amplitude))
        for one in slices:
            outcome, found = corrected(one)
            outcomes.append(outcome)
            density += shifts(one, found)
        if number < arguments.peers:
            chosen.append(slices[1])
    usual = [one for one in outcomes if USUAL[0] <= one.before <= USUAL[1]]
    rows = [
        cells(f"breathing 2 to 12 mm, {len(outcomes)} slices", outcomes),
        cells(f"of those, {USUAL[0]} to {USUAL[1]} mm before, {len(usual)} slices", usual),
    ]
    for name, changes in HARD.items():
        hard = [corrected(one)[0] for seed in HARD_SEEDS for one in slices_of(*breathing(seed, **changes))]
        rows.append(cells(f"{name}, {len(hard)} slices", hard))
    record.say("RMS motion of the left ventricle's points against the reference frame [mm], median and 90th percentile")
    record.say("of slices; *about the mean*: about each point's mean place; *worst frame*: the frame with the largest")
    record.say("RMS of each slice. Bars: 0.6 and 0.9 mm, worst frame 2 mm, no fold (Jacobian above 0), none worse.\n")
    record.table(NAMES, rows)
    tell_density(record, density)
    if arguments.peers:
        compare(record, chosen)
    data = real_series()
    if data is not None:
        tell_real(record, data)
    path = record.picture("motion.png", "Motion of each slice before and after correction")
    if path is not None:
        plot(outcomes, path)
    record.close()


NAMES = ["", "before", "after", "before, about the mean", "after", "worst frame: median, largest", "least Jacobian",
         "slices worse than before"]  # fmt: skip


def cells(name: str, outcomes: list[Outcome]) -> list[str]:
    """A row."""

    def spread(values: list[float]) -> str:
        return f"{np.median(values):.2f}, {np.percentile(values, 90):.2f}"

    frames = [one.worst_frame for one in outcomes]
    return [
        name,
        spread([one.before for one in outcomes]),
        spread([one.after for one in outcomes]),
        spread([one.about_before for one in outcomes]),
        spread([one.about_after for one in outcomes]),
        f"{np.median(frames):.2f}, {max(frames):.2f}",
        f"{min(one.stretch for one in outcomes):.2f}",
        str(sum(one.after > one.before + SAME for one in outcomes)),
    ]


def corrected(one: MovingSlice) -> tuple[Outcome, SliceMotion]:
    """What the motion correction room makes of a slice."""
    start = time.perf_counter()
    found = correct_slice(one.images, one.times, one.spacing)
    seconds = time.perf_counter() - start
    return outcome(one, found.displacement, found.reference, seconds), found


def outcome(one: MovingSlice, displacement: FloatArray, reference: int, seconds: float) -> Outcome:
    """Of a displacement against the truth."""
    before, after = (one.left(field, reference) for field in (np.zeros_like(displacement), displacement))
    return Outcome(
        rms(before),
        rms(after),
        rms(before - before.mean(axis=0)),
        rms(after - after.mean(axis=0)),
        worst(after),
        float(jacobian(displacement, one.spacing)[:, one.ventricle].min()),
        seconds,
    )


def shifts(one: MovingSlice, found: SliceMotion) -> list[tuple[float, float]]:
    """Of each proton-density frame, its ventricle's mean offset from the reference, before and after alignment [mm]."""
    size = one.ventricle.shape[0], one.ventricle.shape[1]
    truth = one.motion.displacement(size).numpy()[:, :, one.ventricle].mean(axis=2)
    wanted = truth[: len(one.density)] - truth[len(one.density) + found.reference]
    target = found.pixels.mean(axis=0)
    offsets = [find_shift(frame, target, found.heart, one.spacing) for frame in one.density]
    return [
        (float(np.hypot(*true)), float(np.hypot(*(true - offset))))
        for true, offset in zip(wanted, offsets, strict=True)
    ]


def tell_density(record: Record, density: list[tuple[float, float]]) -> None:
    """Print how proton-density frames come to lie."""
    before, after = np.array(density).T
    worse = int((after > before + SAME).sum())
    record.say(
        f"Offset of {len(before)} proton-density frames, which are shifted as a whole: median "
        f"{np.median(before):.2f} -> {np.median(after):.2f} mm, 90th percentile {np.percentile(before, 90):.2f} "
        f"-> {np.percentile(after, 90):.2f} mm; {worse} lie worse than before.\n"
    )


def compare(record: Record, chosen: list[MovingSlice]) -> None:
    """Print what other programs leave of the same slices' motion."""
    ours, found = zip(*(corrected(one) for one in chosen), strict=True)
    results: dict[str, list[Outcome]] = {"this": list(ours)}
    for name, corrector in peers().items():
        results[name] = [peer(one, motion.reference, corrector) for one, motion in zip(chosen, found, strict=True)]
    rows = []
    for name, outcomes in results.items():
        left = [f"{one.about_after:.2f}" for one in outcomes]
        rows.append([name, ", ".join(left), f"{np.median([one.seconds for one in outcomes]):.1f}"])
    before = ", ".join(f"{one.about_before:.2f}" for one in ours)
    record.say(
        f"The same {len(chosen)} slices by other programs: RMS about each point's mean place [mm], since MIA has no "
        "reference frame; its displacement is read off its images, to about 0.15 mm.\n"
    )
    record.table(["program", "left in each slice", "s a slice"], [["nothing done", before, ""], *rows])


def peer(one: MovingSlice, reference: int, corrector: Callable[..., FloatArray]) -> Outcome:
    """Outcome of another program."""
    start = time.perf_counter()
    displacement = corrector(one.images, reference, one.spacing)
    return outcome(one, np.asarray(displacement, np.float32), reference, time.perf_counter() - start)


def tell_real(record: Record, data: Path) -> None:
    """Print what happens to real series that were corrected before, and to another group's breathing phantom."""
    rows = []
    for file in sorted((data / "daugs").glob("*.npz")):
        series = np.load(file)
        images, contour = np.asarray(series["image"], np.float32), series["mask"] > 0
        motion = correct_slice(images, np.arange(len(images)) * 0.8, (1.0, 1.0))
        carried = pull(np.broadcast_to(contour, images.shape).astype(np.float32), motion.displacement, (1.0, 1.0)) > 0.5
        dice = [2 * (frame & contour).sum() / (frame.sum() + contour.sum()) for frame in carried]
        rough = [roughness(one, contour) for one in (images, motion.pixels)]
        rows.append([file.stem, f"{motion.before:.2f}", f"{rough[0]:.4f}", f"{rough[1]:.4f}", f"{np.mean(dice):.3f}"])
    record.say(
        "Real series that had been corrected before publication (pixels taken as 1 mm). Roughness: mean size of the "
        "second difference over time within the contour, as a fraction of the mean; contour: Dice of the reader's "
        "contour with itself carried along in each frame.\n"
    )
    record.table(["series", "motion found [mm]", "roughness before", "after", "contour"], rows)
    images = np.moveaxis(np.asarray(loadmat(data / "pincat" / "aperiodic_pincat.mat")["new"], np.float32), -1, 0)
    times, spacing = np.arange(len(images)) * 0.8, (1.9, 1.9)
    motion = correct_slice(images, times, spacing)
    rough = [roughness(one, motion.heart) for one in (images, motion.pixels)]
    record.say(
        f"Another group's numerical phantom that breathes (pixels taken as 1.9 mm): motion found "
        f"{motion.before:.1f} mm RMS, roughness about the LV {rough[0]:.4f} -> {rough[1]:.4f}.\n"
    )
    path = record.picture("motion_pincat.png", "A column through the heart over time, before and after correction")
    if path is not None:
        profile(images, motion, path)


def roughness(images: FloatArray, region: BoolArray) -> float:
    """Mean size of the second difference over time, as a fraction of the mean signal."""
    curves = images[:, region]
    return float(np.abs(np.diff(curves, n=2, axis=0)).mean() / curves.mean())


def profile(images: FloatArray, motion: SliceMotion, path: Path) -> None:
    """One image column over time."""
    rows, columns = np.nonzero(motion.heart)
    top, bottom, column = max(0, rows.min() - 15), rows.max() + 15, round(columns.mean())
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained", width_ratios=(1, 1.4, 1.4))
    axes[0].imshow(motion.pixels[motion.reference], cmap="gray")
    axes[0].axvline(column, color="tab:orange", linewidth=1)
    axes[0].set(title="reference frame", xticks=[], yticks=[])
    for axis, one, title in zip(axes[1:], (images, motion.pixels), ("before", "after"), strict=True):
        axis.imshow(one[:, top:bottom, column].T, cmap="gray", aspect="auto", vmax=np.percentile(images, 99))
        axis.set(title=f"that column, {title}", xlabel="frame", yticks=[])
    figure.savefig(path, dpi=100)
    plt.close(figure)


def plot(outcomes: list[Outcome], path: Path) -> None:
    """Residual by motion."""
    figure, axis = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
    axis.plot([one.before for one in outcomes], [one.after for one in outcomes], "o", markersize=4)
    top = max(one.before for one in outcomes) * 1.05
    axis.plot([0, top], [0, top], color="0.6", linewidth=0.8)
    axis.set(xlabel="RMS motion before [mm]", ylabel="after [mm]", xlim=(0, top), ylim=(0, max(2.0, top / 3)))
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
