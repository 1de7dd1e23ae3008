"""A MONAI Label server with the bundle as it is: inference equals the bundle's own, training lowers the loss.

Usage, in the environment that environment.sh makes: check_server.py BUNDLE CASES, with the cases of make_cases.py.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import requests

NAME = "cardiac_perfusion"
EPOCHS = 4
STARTING_S = 600
ANSWER_S = 1800
TASKS = ("train", "infer")


def main() -> None:
    """Check all, print what was found; any exit code but 0 is a failure."""
    bundle, cases = (Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run(
            server("apps", "--download", "--name", "monaibundle", "--output", str(folder / "apps")), check=True
        )
        # A copy: training replaces the weights.
        model = folder / "apps/monaibundle/model" / NAME
        shutil.copytree(bundle, model)
        studies = folder / "studies"
        studies.mkdir()
        for case in sorted(cases.glob("*.nii.gz")):
            shutil.copy(case, studies)
        expected = own_inference(bundle, cases, folder / "own")
        log = folder / "server.log"
        with running_server(folder, studies, log) as url:
            info = requests.get(f"{url}/info/", timeout=60).json()
            print("server:", info["name"], info["version"], "models:", sorted(info["models"]))
            check_inference(url, studies, expected)
            check_training(url, cases, log)


def server(*arguments: str) -> list[str]:
    """Command line of the server's program."""
    return [sys.executable, str(Path(__file__).with_name("serve.py")), *arguments]


def own_inference(bundle: Path, cases: Path, output: Path) -> dict[str, np.ndarray]:
    """Labels by case as the bundle writes them, run in a folder that isn't its own."""
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", "configs/inference.json"]
    command += ["--meta_file", "configs/metadata.json", "--dataset_dir", str(cases), "--output_dir", str(output)]
    subprocess.run(command, cwd=bundle, check=True, stdout=subprocess.DEVNULL)
    return {path.name.replace("_seg.nii.gz", ""): labels_of(path) for path in sorted(output.glob("*_seg.nii.gz"))}


def labels_of(path: Path) -> np.ndarray:
    """A label map, shape (X, Y, slice)."""
    return np.asarray(nib.load(path).dataobj).squeeze()


class running_server:
    """Inside, a server answers at the address; afterwards it is stopped."""

    def __init__(self, folder: Path, studies: Path, log: Path) -> None:
        self.log = log
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = server("start_server", "--app", str(folder / "apps/monaibundle"), "--studies", str(studies))
        command += ["--conf", "models", NAME, "--conf", "zoo_source", "local", "--conf", "sam2", "false"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        with log.open("w") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def __enter__(self) -> str:
        until = time.monotonic() + STARTING_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/info/", timeout=30).ok:
                    return self.url
            except requests.ConnectionError:
                time.sleep(1)
        self.__exit__()
        raise SystemExit(f"the server did not start: {self.log.read_text()[-3000:]}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)


def check_inference(url: str, studies: Path, expected: dict[str, np.ndarray]) -> None:
    """The server's labels are the bundle's own, voxel by voxel."""
    assert expected, "the bundle wrote no labels"
    for case, own in expected.items():
        address = f"{url}/infer/{NAME}?image={case}&output=image"
        answer = requests.post(address, data={"params": "{}"}, timeout=ANSWER_S)
        answer.raise_for_status()
        path = studies.parent / f"{case}_answer.nii.gz"
        path.write_bytes(answer.content)
        found = labels_of(path)
        assert found.shape == own.shape, (found.shape, own.shape)
        differing = int((found != own).sum())
        counts = ", ".join(str(int((own == label).sum())) for label in range(1, 4))
        print(
            f"infer {case}: shape {found.shape}, labelled pixels {counts}, differing from the bundle's own: {differing}"
        )
        assert own.any(), "nothing was labelled"
        assert differing == 0


def check_training(url: str, cases: Path, log: Path) -> None:
    """On the cases with their labels, the last epoch's loss is below the first's."""
    for label in sorted((cases / "labels").glob("*.nii.gz")):
        case = label.name.removesuffix(".nii.gz")
        with label.open("rb") as file:
            address = f"{url}/datastore/label?image={case}&tag=final"
            requests.put(
                address, files={"label": (label.name, file)}, data={"params": "{}"}, timeout=60
            ).raise_for_status()
    request = {"max_epochs": EPOCHS, "val_split": 0.25, "device": "cpu", "multi_gpu": False}
    answer = requests.post(f"{url}/train/{NAME}?run_sync=true", json=request, timeout=ANSWER_S)
    answer.raise_for_status()
    losses: dict[int, list[float]] = {}
    for epoch, value in re.findall(r"Epoch: (\d+)/\d+, Iter: \d+/\d+ -- (?:train_)?loss: ([0-9.]+)", log.read_text()):
        losses.setdefault(int(epoch), []).append(float(value))
    means = [float(np.mean(losses[epoch])) for epoch in sorted(losses)]
    print("train: mean loss by epoch", " ".join(f"{mean:.4f}" for mean in means))
    assert len(means) == EPOCHS, log.read_text()[-4000:]
    assert means[-1] < means[0]


if __name__ == "__main__":
    main()
