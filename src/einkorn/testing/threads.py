"""Run what a test computes with a given number of kernel threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
