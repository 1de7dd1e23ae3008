"""Slices, or other pieces of the same kind, worked on at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

Result = TypeVar("Result")


def side_by_side(function: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """Like `map`, in as many threads as torch may take, in each of which it keeps to one.

    A piece takes many small steps: threads that share each of them wait for one another most of the time, those that
    have a piece each don't. Nor do numbers then depend on how many cores there are.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(function, *arguments))
    finally:
        torch.set_num_threads(threads)  # what the workers set would hold for threads started later too
