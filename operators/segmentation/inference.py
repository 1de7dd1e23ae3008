"""Run the bundle on a scan's slices, in memory, through the bundle's own configuration.

The configuration's preprocessing, network, inferer and postprocessing are used as they stand; nothing that the bundle
defines (frames, grid, network) is repeated here.
"""

from __future__ import annotations

import importlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from operators.errors import IncompleteSeriesError, ModelError
from operators.framework import prepare
from operators.segmentation.bundle_folder import METADATA, find_bundle, importable
from operators.segmentation.confidence import Answer, check_confidence, consistency, own_dice, read_calibration
from operators.segmentation.physiology import check_filling, without_right
from operators.segmentation.sanity import check_slice, check_stack
from operators.series import LPS_TO_RAS, FloatArray, GadoliniumSeries, ImageSeries, Label, QualityFlag, Segmentation

logger = logging.getLogger(__name__)

STEPS = ("preprocessing", "network", "inferer", "postprocessing")
NOT_DRAWN = frozenset(
    {
        "frames_alternate",
        "no_first_pass",
        "arrival_order",
        "not_cardiac",
        "no_myocardium",
        "no_ring",
        "long_axis",
        "segmentation_hopeless",
    }
)
"""Codes of flags with which a slice's contours are left out: a wrong contour is worse than none."""


class Segmenter:
    """The bundle's network, loaded once.

    Attributes:
        bundle_version: from the bundle's metadata.
        model_sha256: of the weights, checked against the recorded digest before loading.
    """

    def __init__(self, bundle: Path) -> None:
        """Check and load.

        Args:
            bundle: the bundle's folder, or the folder that holds it.

        Raises:
            ModelError: the bundle is missing, incomplete, altered, or its weights don't fit its network.
        """
        root = find_bundle(bundle)
        self.bundle_version = _version(root)
        with importable(root):
            self._steps, self._device, self.model_sha256 = _load(root)
        self._calibration = read_calibration(root, self.model_sha256)
        logger.info("bundle %s, weights %s", self.bundle_version, self.model_sha256[:12])

    def segment(self, gadolinium: GadoliniumSeries) -> Segmentation:
        """LV cavity, myocardium and RV of every slice.

        Raises:
            IncompleteSeriesError: a slice never changes, or holds values that aren't numbers.
        """
        series = gadolinium.series
        answers, flags = list[Answer](), list[QualityFlag]()
        for index in range(series.n_slices):
            _check_content(series, index)
            answer = self.ask(series.pixels[index], series.affines[index])
            labels = without_right(series.pixels[index], series.times[index], answer.labels)
            answer = replace(answer, labels=labels)
            found = self._check(series, answer, index)
            flags.extend(found)
            answers.append(_nothing(answer) if NOT_DRAWN & {flag.code for flag in found} else answer)
        drawn = np.stack([answer.labels for answer in answers])
        return Segmentation(
            labels=drawn,
            probabilities=np.stack([answer.probabilities for answer in answers]),
            bundle_version=self.bundle_version,
            model_sha256=self.model_sha256,
            flags=(*flags, *check_stack(drawn, series.affines)),
            confidence=None if self._calibration is None else np.array([answer.expected_dice for answer in answers]),
        )

    def ask(self, frames: FloatArray, affine: FloatArray) -> Answer:
        """What the network draws in one slice, unchecked.

        Args:
            frames: shape (time, row, col).
            affine: pixel (row, col, 0, 1) to LPS mm, shape (4, 4).
        """
        data = self.prepare(frames, affine)
        with torch.inference_mode():
            image = data["image"][None].to(self._device)
            answers = self._steps["inferer"].answers(image, self.network)
        logits = torch.stack([one[0].cpu() for one in answers])
        mean = logits.mean(0)
        sureness = consistency(*(one[..., 0].numpy().argmax(0) for one in logits))
        sureness *= own_dice(mean[..., 0].softmax(0).numpy())
        expected = float("nan") if self._calibration is None else self._calibration.expect(sureness)
        return Answer(*self.finish(data, mean), sureness, expected)

    @property
    def network(self) -> torch.nn.Module:
        """The network alone, in evaluation mode."""
        network: torch.nn.Module = self._steps["network"]
        return network

    def prepare(self, frames: FloatArray, affine: FloatArray) -> dict[str, Any]:
        """A slice as the bundle's preprocessing hands it to the network, under ``image`` (frame, row, col, 1)."""
        from monai.data import MetaTensor

        volume = torch.tensor(np.moveaxis(frames, 0, -1)[:, :, None])
        image = MetaTensor(volume, affine=torch.from_numpy(LPS_TO_RAS @ affine))
        prepared: dict[str, Any] = self._steps["preprocessing"]({"image": image})
        return prepared

    def finish(self, prepared: dict[str, Any], logits: torch.Tensor) -> tuple[npt.NDArray[np.uint8], FloatArray]:
        """Labels (row, col) and probabilities (label, row, col) on the slice's own grid, by the bundle."""
        with torch.inference_mode():
            done = self._steps["postprocessing"]({**prepared, "pred": logits})
        return np.asarray(done["pred"], np.uint8)[0, ..., 0], np.asarray(done["probabilities"])[..., 0]

    def _check(self, series: ImageSeries, answer: Answer, index: int) -> tuple[QualityFlag, ...]:
        """Flags of a slice; one that says that nothing is drawn stands alone."""
        flags = check_filling(series.pixels[index], series.times[index], answer.labels, index)
        if flags:
            return flags
        flags = check_confidence(answer, self._calibration, index)
        if NOT_DRAWN & {flag.code for flag in flags}:
            return flags
        return (*check_slice(answer.labels, index, series.pixel_spacing), *flags)


def _nothing(answer: Answer) -> Answer:
    """The answer with background all over."""
    probabilities = np.zeros_like(answer.probabilities)
    probabilities[Label.BACKGROUND] = 1
    return replace(answer, labels=np.zeros_like(answer.labels), probabilities=probabilities)


def _version(root: Path) -> str:
    try:
        return str(json.loads((root / METADATA).read_text(encoding="utf-8"))["version"])
    except (ValueError, KeyError) as error:
        raise ModelError("The bundle's metadata names no version.", where=str(root / METADATA)) from error


def _load(root: Path) -> tuple[dict[str, Any], Any, str]:
    """The configuration's steps, device and the weights' digest; the bundle's scripts must be importable."""
    # Where the deployment SDK is installed, this import brings the graph framework with it.
    prepare()
    from monai.bundle import ConfigParser

    weights = importlib.import_module("scripts.weights")
    parser = ConfigParser()
    try:
        parser.read_config(root / "configs/inference.json")
        parser["bundle_root"] = str(root)
        steps = {name: parser.get_parsed_content(name) for name in STEPS}
        device = parser.get_parsed_content("device")
        if not hasattr(steps["inferer"], "answers"):
            raise AttributeError("its inferer asks the network once only, so nothing would tell how sure it is")
        digest: str = weights.load_weights(steps["network"], parser.get_parsed_content("checkpoint"))
    except weights.WeightsError as error:
        raise ModelError(
            f"The bundle's weights can't be used: {error}.",
            where=str(root),
            hint="Install the released bundle again; after a training of your own, record the new weights' digest with "
            "`python -m scripts.weights models/model.pt` in the bundle's folder.",
        ) from error
    except (KeyError, ValueError, RuntimeError, ImportError, AttributeError, TypeError) as error:
        raise ModelError(
            f"The bundle's configuration can't be used: {error}",
            where=str(root / "configs/inference.json"),
            hint="Install the released bundle again.",
        ) from error
    steps["network"].eval()
    return steps, device, digest


def _check_content(series: ImageSeries, index: int) -> None:
    frames = series.pixels[index]
    if not np.isfinite(frames).all() or frames.max() == frames.min():
        raise IncompleteSeriesError(
            f"Slice {index + 1} is blank or holds values that aren't numbers.",
            where=series.series_instance_uids[min(index, len(series.series_instance_uids) - 1)],
            hint="Export the complete series again, or leave this slice out.",
        )
