"""Pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from einkorn.testing.operators.rows import (
    Draw,
    Row,
    call,
    distinct,
    functional,
    normal,
)

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = distinct(2, 3, 6, 5)
    yield from functional(
        "max_pool2d",
        call(x, 2),
        call(x, 3, 2, 1),
        call(x, (3, 2), (1, 2), (1, 0), (1, 2)),
        call(x, [3], (), [1], [2]),
        call(x, 2, ceil_mode=True),
        call(x, 2, return_indices=True),
        call(distinct(3, 6, 5), 2),
    )
    yield from functional("max_pool1d", call(distinct(2, 3, 7), 3, 2, 1))
    yield from functional(
        "avg_pool2d",
        call(x, 2),
        call(x, 3, 2, 1),
        call(x, 3, 2, 1, count_include_pad=False),
        call(x, 3, 2, 1, True),
        call(x, (2, 3), divisor_override=5),
        call(x, [2], [], [1], divisor_override=-2),
        call(distinct(3, 6, 5), 2),
    )
    yield from functional("avg_pool1d", call(distinct(2, 3, 7), 3, 2, 1))
    yield from functional(
        "adaptive_avg_pool2d",
        call(x, 1),
        call(x, (3, 2)),
        call(x, (None, 7)),
        call(distinct(3, 6, 5), 2),
    )
    yield from functional("adaptive_avg_pool1d", call(distinct(2, 3, 7), 3))
    places = Places((2, 3, 2, 2), 16)
    yield from functional(
        "max_unpool2d",
        call(normal(2, 3, 2, 2), places, 2),
        call(normal(2, 3, 2, 2), places, 2, 2, 0, (5, 5)),
    )


class Places(Draw):
    """Flat indices, different ones in each plane of the last two dimensions."""

    def __init__(self, shape: tuple[int, ...], high: int) -> None:
        super().__init__("whole", shape, high)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the indices."""
        *planes, height, width = self.shape
        order = generator.random((*planes, self.high)).argsort(-1)
        return order[..., : height * width].reshape(self.shape)
