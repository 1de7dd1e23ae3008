"""Run the bundle on a scan's slices, in memory, through the bundle's own configuration.

The configuration's preprocessing, network, inferer and postprocessing are used as they stand; nothing that the bundle
defines (frames, grid, network) is repeated here.
"""

from __future__ import annotations

import importlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from operators.errors import IncompleteSeriesError, ModelError
from operators.framework import prepare
from operators.segmentation.bundle_folder import METADATA, find_bundle, importable
from operators.segmentation.sanity import check_slice
from operators.series import FloatArray, GadoliniumSeries, ImageSeries, QualityFlag, Segmentation

logger = logging.getLogger(__name__)

STEPS = ("preprocessing", "network", "inferer", "postprocessing")
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


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
        logger.info("bundle %s, weights %s", self.bundle_version, self.model_sha256[:12])

    def segment(self, gadolinium: GadoliniumSeries) -> Segmentation:
        """LV cavity, myocardium and RV of every slice.

        Raises:
            IncompleteSeriesError: a slice never changes, or holds values that aren't numbers.
        """
        series = gadolinium.series
        labels, probabilities, flags = [], [], list[QualityFlag]()
        for index in range(series.n_slices):
            _check_content(series, index)
            label, probability = self._segment_slice(series.pixels[index], series.affines[index])
            labels.append(label)
            probabilities.append(probability)
            flags.extend(check_slice(label, probability, index))
        return Segmentation(
            labels=np.stack(labels),
            probabilities=np.stack(probabilities),
            bundle_version=self.bundle_version,
            model_sha256=self.model_sha256,
            flags=tuple(flags),
        )

    def _segment_slice(self, frames: FloatArray, affine: FloatArray) -> tuple[Any, FloatArray]:
        """Labels (row, col) and probabilities (class, row, col) of one slice's frames (time, row, col)."""
        from monai.data import MetaTensor

        volume = torch.tensor(np.moveaxis(frames, 0, -1)[:, :, None])
        image = MetaTensor(volume, affine=torch.from_numpy(LPS_TO_RAS @ affine))
        with torch.inference_mode():
            data = self._steps["preprocessing"]({"image": image})
            batch = data["image"][None].to(self._device)
            data["pred"] = self._steps["inferer"](batch, self._steps["network"])[0].cpu()
            data = self._steps["postprocessing"](data)
        return np.asarray(data["pred"])[0, ..., 0], np.asarray(data["probabilities"])[..., 0]


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
