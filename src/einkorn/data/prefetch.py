"""Batches made ahead of their use by threads, and given out in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["prefetched"]

Made = TypeVar("Made")


def prefetched(
    make: Callable[[int], Made], numbers: Iterable[int], workers: int, ahead: int
) -> Iterator[Made]:
    """Give ``make(number)`` for each number, in order, up to `ahead` of them made in advance.

    An error of `make` is raised where its result would have been given. Breaking off waits for what
    is being made and drops what is not begun, so no thread outlives the iteration.

    Examples
    --------
    >>> list(prefetched(lambda number: number**2, range(5), workers=2, ahead=3))
    [0, 1, 4, 9, 16]
    """
    pending: deque[Future[Made]] = deque()
    remaining = iter(numbers)
    with ThreadPoolExecutor(workers, thread_name_prefix="einkorn-loader") as pool:
        try:
            pending.extend(pool.submit(make, number) for number in islice(remaining, ahead))
            while pending:
                made = pending.popleft().result()
                pending.extend(pool.submit(make, number) for number in islice(remaining, 1))
                yield made
        finally:
            for future in pending:
                future.cancel()
