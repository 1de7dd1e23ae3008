"""From a first-pass series to what the network takes, and back to the series' own grid.

What the network sees, and so what it must be trained on: the first 48 frames from the first saturation-recovery image
(a shorter series holds its last frame), pixels of 1 mm by bilinear interpolation, 176 x 176 about the left ventricle,
brightness scaled by percentiles of all frames' pixels inside the field of view (see `ScaleByPercentilesd`), and zero
where the crop reaches beyond the field of view.

Arrays are (frame, row, col, slice): NIfTI files (X, Y, S, T) after channel-first. Each slice is treated on its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor, NibabelReader
from monai.transforms import MapTransform
from torch import Tensor
from torch.nn import functional

from .cleaning import keep_heart
from .grids import crop_grid, display_turn, finer, invert, sample
from .heart_finding import find_left_ventricle

Data = dict[Hashable, Any]


class LoadNiftid(MapTransform):
    """Read NIfTI files; what is a tensor already is taken as it is."""

    def __call__(self, data: Mapping[Hashable, Any]) -> Data:
        result = dict(data)
        reader = NibabelReader()
        for key in self.key_iterator(result):
            if not isinstance(result[key], Tensor):
                values, meta = reader.get_data(reader.read(result[key]))
                # What is written for this series is named after its file.
                meta["filename_or_obj"] = str(result[key])
                result[key] = MetaTensor.ensure_torch_and_prune_meta(values.astype(np.float32), meta)
        return result


class FirstFramesd(MapTransform):
    """Exactly `n_frames` channels: the first ones, the last one repeated where there are fewer.

    Raises:
        ValueError: the array isn't (frame, row, col, slice).
    """

    def __init__(self, keys: KeysCollection, n_frames: int = 48) -> None:
        super().__init__(keys)
        self.n_frames = n_frames

    def __call__(self, data: Mapping[Hashable, Any]) -> Data:
        result = dict(data)
        for key in self.key_iterator(result):
            series = result[key]
            if series.ndim != 4:
                raise ValueError(f"{key} has shape {tuple(series.shape)}, expected (frame, row, col, slice)")
            frames = torch.arange(self.n_frames).clamp(max=len(series) - 1)
            result[key] = series[frames]
        return result


class CropAboutHeartd(MapTransform):
    """Square of fixed size and pixel size about the LV, found by rule in the first key; NaN beyond the field of view.

    Leaves ``<key>_grid`` (slice, 2, 3), ``<key>_shape`` and ``<key>_affine`` of the first key for the way back. Further
    keys are labels: they get the same crops by nearest neighbour, and background beyond the field of view.

    Args:
        keys: the series, then labels on the same grid.
        size: rows and columns of the crop.
        spacing: pixel size of the crop [mm].
    """

    def __init__(self, keys: KeysCollection, size: tuple[int, int] = (176, 176), spacing: float = 1.0) -> None:
        super().__init__(keys)
        self.size, self.spacing = (size[0], size[1]), spacing

    def __call__(self, data: Mapping[Hashable, Any]) -> Data:
        result = dict(data)
        first, *labels = self.key_iterator(result)
        series = result[first]
        affine = np.asarray(series.affine, dtype=np.float64)
        grids = self._grids(np.asarray(series), affine)
        crops = [sample(series[..., s].as_tensor(), grid, self.size) for s, grid in enumerate(grids)]
        outside = torch.stack([~inside for _, inside in crops], dim=-1)
        image = torch.stack([crop for crop, _ in crops], dim=-1).masked_fill(outside, torch.nan)
        result[first] = _with_meta(image, series, series.affine @ _step(grids[0]))
        result[f"{first}_grid"] = torch.stack(grids)
        result[f"{first}_shape"] = torch.tensor(series.shape[1:3])
        result[f"{first}_affine"] = torch.from_numpy(affine)
        for key in labels:
            crops = [sample(result[key][..., s], grid, self.size, "nearest") for s, grid in enumerate(grids)]
            label = torch.stack([crop * inside for crop, inside in crops], dim=-1)
            result[key] = _with_meta(label, result[key], series.affine @ _step(grids[0]))
        return result

    def _grids(self, series: np.ndarray[Any, Any], affine: np.ndarray[Any, Any]) -> list[Tensor]:
        down, right = np.linalg.norm(affine[:3, :2], axis=0)
        spacing = (float(down), float(right))
        turn = display_turn(affine)
        centers = (find_left_ventricle(series[..., s], spacing) for s in range(series.shape[-1]))
        return [crop_grid(center, spacing, turn, self.size, self.spacing) for center in centers]


class ScaleByPercentilesd(MapTransform):
    """Map two percentiles of each slice's series to 0 and 1 and clip; NaN (beyond the field of view) becomes 0.

    Where a short bolus stands far out of a dark series, as in Gd, blood would be cut off at the clip, and its edge with
    it: then the upper percentile of each pixel's peak over time becomes 1 / `peak` instead.

    Args:
        keys: series (frame, row, col, slice).
        lower: percentile that becomes 0.
        upper: percentile that becomes 1, also of the peaks over time.
        clip: what lies beyond is cut off.
        peak: least value of the upper end, as a share of the peaks' percentile, both above the lower end.
        every: percentiles are taken over every so many rows and columns, for speed.

    Raises:
        ValueError: a series is constant, so that it can't be scaled.
    """

    def __init__(
        self,
        keys: KeysCollection,
        lower: float = 2.0,
        upper: float = 98.5,
        clip: tuple[float, float] = (-0.5, 2.0),
        peak: float = 0.6,
        every: int = 3,
    ) -> None:
        super().__init__(keys)
        self.shares = torch.tensor([lower / 100, upper / 100])
        self.clip, self.peak, self.every = clip, peak, every

    def __call__(self, data: Mapping[Hashable, Any]) -> Data:
        result = dict(data)
        for key in self.key_iterator(result):
            series = result[key]
            few = torch.as_tensor(series[:, :: self.every, :: self.every])
            # NaN in one frame is NaN in all: beyond the field of view.
            peaks, few = few.amax(0).flatten(0, 1), few.flatten(0, 2)
            low, high = torch.nanquantile(few, self.shares.to(few), dim=0)
            high = torch.maximum(
                high, low + self.peak * (torch.nanquantile(peaks, self.shares[1].to(few), dim=0) - low)
            )
            if not bool((high > low).all()):
                raise ValueError(f"{key}: the series is constant")
            result[key] = ((series - low) / (high - low)).clamp(*self.clip).nan_to_num(0.0)
        return result


class RestoreSourceGridd(MapTransform):
    """Class probabilities back to the grid the reference had before `CropAboutHeartd`; background elsewhere.

    A pixel larger than the crop's gets the mean over its area, so that the likeliest class is the one that fills most
    of it.

    Args:
        keys: probabilities (class, row, col, slice) on the crop's grid, class 0 the background.
        reference: the key that `CropAboutHeartd` cropped.
    """

    def __init__(self, keys: KeysCollection, reference: str = "image") -> None:
        super().__init__(keys)
        self.reference = reference

    def __call__(self, data: Mapping[Hashable, Any]) -> Data:
        result = dict(data)
        grids, affine = result[f"{self.reference}_grid"], result[f"{self.reference}_affine"]
        rows, cols = (int(n) for n in result[f"{self.reference}_shape"])
        for key in self.key_iterator(result):
            crop = torch.as_tensor(result[key])
            background = torch.zeros(len(crop), 1, 1)
            background[0] = 1
            slices = []
            for s, grid in enumerate(grids):
                back = invert(torch.as_tensor(grid))
                parts = max(1, round(float(back[:, :2].norm(dim=0).max())))
                values, inside = sample(crop[..., s], finer(back, parts), (parts * rows, parts * cols))
                mean = functional.avg_pool2d(torch.where(inside, values, background.to(values)), parts)
                slices.append(mean)
            result[key] = _with_meta(torch.stack(slices, dim=-1), result[self.reference], torch.as_tensor(affine))
        return result


class KeepHeartd(MapTransform):
    """One heart in each slice of a label map (1, row, col, slice); see `cleaning.keep_heart`."""

    def __call__(self, data: Mapping[Hashable, Any]) -> Data:
        result = dict(data)
        for key in self.key_iterator(result):
            labels = result[key]
            slices = np.moveaxis(np.asarray(labels[0]), -1, 0)
            clean = np.stack([keep_heart(one) for one in slices], axis=-1)
            result[key] = _with_meta(torch.from_numpy(clean[None]), labels, labels.affine)
        return result


def _with_meta(values: Tensor, source: MetaTensor, affine: Tensor) -> MetaTensor:
    """Values with the source's meta data, but an affine of their own."""
    result = MetaTensor(values, meta=dict(source.meta))
    result.affine = affine
    return result


def _step(grid: Tensor) -> Tensor:
    """A grid as a 4 x 4 matrix; crops of further slices have other origins, which one affine can't tell."""
    step = torch.eye(4, dtype=torch.float64)
    step[:2, :2], step[:2, 3] = grid[:, :2], grid[:, 2]
    return step
