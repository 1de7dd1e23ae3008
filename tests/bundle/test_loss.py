"""Weighted cross-entropy plus IoU, against sums by hand."""

from __future__ import annotations

import math

import torch
from scripts.loss import CrossEntropyIoULoss


def logits_of(probabilities: list[list[float]]) -> torch.Tensor:
    """Logits of shape (1, class, 1, pixel) from a list of pixels' class probabilities."""
    return torch.tensor(probabilities).log().T[None, :, None]


def test_the_value_is_the_one_worked_out_by_hand() -> None:
    logits = logits_of([[0.8, 0.2], [0.4, 0.6]])
    labels = torch.tensor([[[[0.0, 1.0]]]])
    entropy = (1 * -math.log(0.8) + 3 * -math.log(0.6)) / (1 + 3)
    background = 0.8 / (1 + 1.2 - 0.8)
    foreground = 0.6 / (1 + 0.8 - 0.6)
    loss = CrossEntropyIoULoss([1, 3], iou_weight=0.5)
    torch.testing.assert_close(
        loss(logits, labels).item(), entropy + 0.5 * (1 - (background + foreground) / 2), atol=1e-4, rtol=0
    )
    without = CrossEntropyIoULoss([1, 3], iou_weight=0.5, include_background=False)
    torch.testing.assert_close(without(logits, labels).item(), entropy + 0.5 * (1 - foreground), atol=1e-4, rtol=0)


def test_a_perfect_answer_costs_nothing_and_any_other_more() -> None:
    labels = torch.randint(0, 4, (2, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    perfect = 40 * torch.nn.functional.one_hot(labels[:, 0], 4).movedim(-1, 1).float()
    loss = CrossEntropyIoULoss()
    assert loss(perfect, labels) < 1e-4
    assert loss(perfect.roll(1, 1), labels) > 1


def test_a_class_missing_in_one_image_of_the_batch_does_no_harm() -> None:
    labels = torch.zeros(2, 1, 4, 4)
    labels[0, 0, 0] = 1
    perfect = 40 * torch.nn.functional.one_hot(labels[:, 0].long(), 2).movedim(-1, 1).float()
    assert CrossEntropyIoULoss()(perfect, labels) < 1e-4


def test_soft_labels_count_as_shares() -> None:
    """Where a pixel is half of each class, the best answer says so, and classes are one way to give shares."""
    shares = torch.tensor([[0.5, 1.0], [0.5, 0.0]])[None, :, None]
    loss = CrossEntropyIoULoss(iou_weight=2.0)
    exact, sharper = (loss(logits_of([[p, 1 - p], [1 - 1e-6, 1e-6]]), shares) for p in (0.5, 0.9))
    assert exact < sharper
    torch.testing.assert_close(exact.item(), math.log(2) / 2, atol=1e-4, rtol=0)
    labels = torch.randint(0, 4, (2, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    logits = torch.randn(2, 4, 8, 8)
    hard = torch.nn.functional.one_hot(labels[:, 0], 4).movedim(-1, 1).float()
    weighted = CrossEntropyIoULoss([1, 2, 3, 1])
    torch.testing.assert_close(weighted(logits, labels), weighted(logits, hard))
