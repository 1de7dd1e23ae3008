"""Weighted cross-entropy plus intersection over union, the loss of the paper."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.losses.dice import DiceLoss
from torch import Tensor, nn


class CrossEntropyIoULoss(nn.Module):
    """``cross-entropy(class weights) + iou_weight * (1 - soft IoU)``, the IoU averaged over the classes, unweighted.

    The intersections and unions are summed over the batch, so that a class missing in one image (the right ventricle at
    the apex) doesn't decide that image's loss.

    Args:
        class_weights: weight of each class in the cross-entropy; None: all alike.
        iou_weight: weight of the IoU term.
        include_background: whether the background counts in the IoU.
    """

    def __init__(
        self, class_weights: Sequence[float] | None = None, iou_weight: float = 1.0, include_background: bool = True
    ) -> None:
        super().__init__()
        self.cross_entropy = nn.CrossEntropyLoss(
            None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
        )
        self.iou = DiceLoss(
            include_background=include_background, to_onehot_y=True, softmax=True, jaccard=True, batch=True
        )
        self.iou_weight = iou_weight

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of logits (batch, class, row, col) against class indices (batch, 1, row, col)."""
        logits = logits.float()
        entropy = self.cross_entropy(logits, labels.squeeze(1).long())
        total: Tensor = entropy + self.iou_weight * self.iou(logits, labels)
        return total
