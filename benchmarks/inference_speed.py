"""Time of the network by run time: ``python -m benchmarks.inference_speed [--repeats N] [--slices N] [--write]``.

PyTorch in float32 and bfloat16, torch.compile, OpenVINO and ONNX Runtime side by side, each with the Dice of its labels
on the network's own grid, so that nobody picks speed that costs contours. Then what a user waits for: one slice and
three through the application's own segmentation, and three with loading the model.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.cases import DIGITAL, Labelled, digital_scans
from benchmarks.record import BUNDLE, Record, parser
from benchmarks.surroundings import REPOSITORY
from operators.segmentation.inference import Segmenter
from operators.series import FloatArray, Label
from perf_app.evaluation.contours import overlap

Runner = Callable[[Tensor], Tensor]
"""Input (1, frame, row, col) to logits (1, label, row, col)."""


def main() -> None:
    """Print the tables."""
    options = parser("Time of the network by run time, with its Dice.")
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--slices", type=int, default=12, help="digital slices for the Dice")
    arguments = options.parse_args()
    record = Record("timing", "benchmarks.inference_speed", arguments.write, BUNDLE)
    segmenter = Segmenter(REPOSITORY / "bundle")
    population = next(iter(DIGITAL))
    scans = list(digital_scans(population, -(-arguments.slices // 3)))[: arguments.slices]
    cases = [network_input(segmenter, scan) for scan in scans]
    record.say(
        f"Weights {segmenter.model_sha256[:12]}, {torch.get_num_threads()} threads; Dice on {len(cases)} slices.\n"
    )
    rows = []
    for name, make in runners(segmenter.network).items():
        try:
            started = perf_counter()
            run = make()
            run(cases[0][0])
            ready = perf_counter() - started
        except ImportError as error:
            rows.append([name, f"not installed ({error.name})", "", "", ""])
            continue
        seconds = times(run, cases[0][0], arguments.repeats)
        scores = [dice_of(run(image), truth) for image, truth in cases]
        milliseconds = (f"{1000 * np.quantile(seconds, share):.0f}" for share in (0.5, 0.9))
        rows.append([name, *milliseconds, f"{ready:.1f}", f"{np.mean(scores):.4f}"])
    record.table(["run time", "ms a slice, median", "90th percentile", "s until ready", "Dice myocardium"], rows)
    record.say(waiting(scans, arguments.repeats))
    record.close()


def network_input(segmenter: Segmenter, scan: Labelled) -> tuple[Tensor, Tensor]:
    """First slice on the network's grid: image (1, frame, row, col) and true labels (row, col)."""
    series = scan.series.series
    prepared = segmenter.prepare(series.pixels[0], series.affines[0])
    image = prepared["image"].as_tensor()[None, ..., 0].contiguous()
    grid = prepared["image_grid"][0].numpy()
    at = np.stack(np.meshgrid(*(np.arange(n) for n in image.shape[2:]), indexing="ij"))
    rows, cols = np.rint(np.tensordot(grid[:, :2], at, 1) + grid[:, 2:, None]).astype(int)
    inside = (rows >= 0) & (rows < scan.truth.shape[1]) & (cols >= 0) & (cols < scan.truth.shape[2])
    labels = np.zeros(rows.shape, np.int64)
    labels[inside] = scan.truth[0][rows[inside], cols[inside]]
    return image, torch.from_numpy(labels)


def runners(network: nn.Module) -> dict[str, Callable[[], Runner]]:
    """What makes each run time ready, by name."""
    return {
        "PyTorch float32": lambda: _pytorch(network),
        "PyTorch float32, channels last": lambda: _channels_last(_pytorch(network)),
        "PyTorch bfloat16, channels last": lambda: _bfloat16(_channels_last(_pytorch(network))),
        "torch.compile float32, channels last": lambda: _channels_last(_pytorch(_compiled(network))),
        "torch.compile bfloat16, channels last": lambda: _bfloat16(_channels_last(_pytorch(_compiled(network)))),
        "ONNX Runtime float32": lambda: _onnx_runtime(network),
        "OpenVINO float32": lambda: _openvino(network, "f32"),
        "OpenVINO bfloat16": lambda: _openvino(network, "bf16"),
    }


def times(run: Runner, image: Tensor, repeats: int) -> FloatArray:
    """Seconds of each repeat."""
    seconds = []
    for _ in range(repeats):
        started = perf_counter()
        run(image)
        seconds.append(perf_counter() - started)
    return np.array(seconds)


def dice_of(logits: Tensor, truth: Tensor) -> float:
    """Of the myocardium, on the network's grid."""
    found = logits[0].argmax(0).numpy()
    return overlap(truth.numpy() == Label.MYOCARDIUM, found == Label.MYOCARDIUM)["dice"]


def waiting(scans: list[Labelled], repeats: int) -> str:
    """One slice and three through the application's segmentation, checks included, and three with loading."""
    started = perf_counter()
    segmenter = Segmenter(REPOSITORY / "bundle")
    loading = perf_counter() - started
    seconds = []
    for _ in range(repeats):
        started = perf_counter()
        segmenter.segment(scans[0].series)
        seconds.append(perf_counter() - started)
    one = float(np.median(seconds))
    started = perf_counter()
    for scan in scans[:3]:
        segmenter.segment(scan.series)
    three = perf_counter() - started
    return (
        f"In the application, heart finding, confidence and checks included: one slice {1000 * one:.0f} ms (median), "
        f"three slices {1000 * three:.0f} ms, three slices with loading the model {1000 * (loading + three):.0f} ms."
    )


def _pytorch(network: Runner) -> Runner:
    def run(image: Tensor) -> Tensor:
        with torch.inference_mode():
            return network(image)

    return run


def _channels_last(run: Runner) -> Runner:
    return lambda image: run(image.contiguous(memory_format=torch.channels_last))


def _bfloat16(run: Runner) -> Runner:
    def half(image: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return run(image).float()

    return half


def _compiled(network: nn.Module) -> Runner:
    if shutil.which("g++") is None:
        raise ImportError("torch.compile needs a C++ compiler", name="g++")
    compiled: Runner = torch.compile(network)
    return compiled


def _exported(network: nn.Module) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        example = torch.zeros(1, 48, 176, 176)
        torch.onnx.export(network, (example,), str(path), input_names=["image"], output_names=["pred"], dynamo=False)
        yield path


def _onnx_runtime(network: nn.Module) -> Runner:
    import onnxruntime

    (session,) = (onnxruntime.InferenceSession(path.read_bytes()) for path in _exported(network))
    return lambda image: torch.from_numpy(session.run(None, {"image": image.numpy()})[0])


def _openvino(network: nn.Module, precision: str) -> Runner:
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    (model,) = (core.compile_model(core.read_model(path), "CPU", settings) for path in _exported(network))
    return lambda image: torch.from_numpy(model(image.numpy())[0])


if __name__ == "__main__":
    main()
