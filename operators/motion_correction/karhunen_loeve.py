"""Model of a perfusion series with little of its motion: the first modes of the Karhunen-Loeve transform over time.

Contrast passes smoothly and through large regions, so a few modes carry it; breathing is spread over many more. A
series of the same contrast with the heart nearly still is thus had by keeping the first modes only (Xue et al., MICCAI
2008; Xue et al., Magn Reson Med 2020). Frame by frame, image and model look alike and can be registered directly.
"""

from __future__ import annotations

import torch


def low_rank(series: torch.Tensor, rank: int) -> torch.Tensor:
    """The series' best approximation by `rank` images with a time course each.

    Args:
        series: images, shape (time, row, col).
        rank: modes kept; all of them where it exceeds the number of frames.

    Returns:
        The model series, same shape and type.
    """
    flat = series.flatten(1).double()
    _, modes = torch.linalg.eigh(flat @ flat.T)
    kept = modes[:, -min(rank, len(flat)) :]
    model: torch.Tensor = kept @ (kept.T @ flat)
    return model.to(series.dtype).reshape(series.shape)
