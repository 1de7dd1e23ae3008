"""Weighted cross-entropy plus intersection over union, the loss of the paper."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.losses.dice import DiceLoss
from monai.networks.utils import one_hot
from torch import Tensor, nn


class CrossEntropyIoULoss(nn.Module):
    """``cross-entropy(class weights) + iou_weight * (1 - soft IoU)``, the IoU averaged over the classes, unweighted.

    The intersections and unions are summed over the batch, so that a class missing in one image (the right ventricle at
    the apex) doesn't decide that image's loss. For labels that are shares of a pixel the IoU is the one that is best
    where the prediction equals the shares (Wang et al., MICCAI 2023), as MONAI computes it.

    Args:
        class_weights: weight of each class in the cross-entropy; None: all alike.
        iou_weight: weight of the IoU term.
        include_background: whether the background counts in the IoU.
    """

    class_weights: Tensor | None

    def __init__(
        self, class_weights: Sequence[float] | None = None, iou_weight: float = 1.0, include_background: bool = True
    ) -> None:
        super().__init__()
        weights = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
        self.register_buffer("class_weights", weights)
        self.iou = DiceLoss(
            include_background=include_background, softmax=True, jaccard=True, batch=True, soft_label=True
        )
        self.iou_weight = iou_weight

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of logits (batch, class, row, col) against classes (batch, 1, row, col) or shares of each, like logits.

        The cross-entropy is divided by the sum of the pixels' weights, as PyTorch does it with classes.
        """
        logits = logits.float()
        shares = one_hot(labels, logits.shape[1]) if labels.shape[1] == 1 else labels
        weighted = shares if self.class_weights is None else shares * self.class_weights.to(logits)[:, None, None]
        entropy = -(weighted * logits.log_softmax(1)).sum() / weighted.sum()
        total: Tensor = entropy + self.iou_weight * self.iou(logits, shares)
        return total
