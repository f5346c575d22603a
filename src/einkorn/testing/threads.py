"""Run what a test computes with a given number of kernel threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


@contextmanager
def kernel_threads(count: int) -> Iterator[None]:
    """Let kernels use `count` threads within the ``with`` block."""
    from einkorn import kernels

    before = kernels.get_num_threads()
    kernels.set_num_threads(count)
    try:
        yield
    finally:
        kernels.set_num_threads(before)


def assert_same_for_threads(compute: Callable[[], T], counts: Sequence[int] = (1, 2, 3)) -> T:
    """Assert that a result is the same bit for bit with each number of kernel threads.

    Parameters
    ----------
    compute : callable
        Gives arrays and numbers, alone or in tuples and lists, the same number each time.
    counts : sequence of int

    Returns
    -------
    object
        What it gave with the first number.

    Raises
    ------
    AssertionError
        If shapes, dtypes or values differ.
    """
    results = []
    for count in counts:
        with kernel_threads(count):
            results.append(compute())
    for result in results[1:]:
        for ours, theirs in zip(_parts(result), _parts(results[0]), strict=True):
            np.testing.assert_array_equal(ours, theirs, strict=True)
    return results[0]


def _parts(result: Any) -> Iterator[Any]:
    """Arrays and numbers of nested tuples and lists."""
    if isinstance(result, tuple | list):
        for part in result:
            yield from _parts(part)
    else:
        yield result
