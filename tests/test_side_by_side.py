"""Working on slices at the same time."""

from __future__ import annotations

import time

import pytest
import torch

from operators.side_by_side import side_by_side


def test_results_come_in_the_order_of_the_slices() -> None:
    def late(place: int, wait: float) -> int:
        time.sleep(wait)
        return place

    assert side_by_side(late, range(4), (0.04, 0.0, 0.02, 0.0)) == [0, 1, 2, 3]
    assert side_by_side(late, (), ()) == []


def test_torch_keeps_to_one_thread_within_and_to_its_own_number_after() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert side_by_side(lambda _: torch.get_num_threads(), range(3)) == [1, 1, 1]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_an_error_in_a_slice_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda one: 1 / one, (1, 0, 2))
