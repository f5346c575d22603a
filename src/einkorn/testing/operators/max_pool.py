"""Largest elements of windows, and unpooling."""

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
    x, line, volume = distinct(2, 3, 6, 5), distinct(2, 3, 7), distinct(2, 2, 4, 3, 5)
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
    yield from functional(
        "max_pool1d max_pool1d_with_indices",
        call(line, 3, 2, 1),
        call(line, 2, None, 0, 2, True),
        call(distinct(3, 7), 3, 1),
    )
    yield from functional("max_pool2d_with_indices", call(x, 2), call(distinct(3, 6, 5), 2))
    yield from functional(
        "max_pool3d max_pool3d_with_indices",
        call(volume, 2),
        call(volume, (3, 2, 3), 2, 1, 1, True),
        call(volume, 2, (1, 1, 2), 1, (2, 1, 2)),
        call(distinct(2, 4, 3, 5), 2),
    )
    yield from functional(
        "max_unpool1d",
        call(normal(2, 3, 2), Places((2, 3, 2), 4, 1), 2),
        call(normal(3, 2), Places((3, 2), 5, 1), 2, 2, 0, (5,)),
    )
    places = Places((2, 3, 2, 2), 16, 2)
    yield from functional(
        "max_unpool2d",
        call(normal(2, 3, 2, 2), places, 2),
        call(normal(2, 3, 2, 2), places, 2, 2, 0, (5, 5)),
    )
    yield from functional(
        "max_unpool3d",
        call(normal(2, 3, 1, 2, 2), Places((2, 3, 1, 2, 2), 32, 3), 2),
        call(normal(3, 1, 2, 2), Places((3, 1, 2, 2), 32, 3), 2, 2, 0, (2, 5, 4)),
    )


class Places(Draw):
    """Flat indices, different ones in each plane of the last `dims` dimensions."""

    dims: int

    def __init__(self, shape: tuple[int, ...], high: int, dims: int) -> None:
        super().__init__("whole", shape, high)
        object.__setattr__(self, "dims", dims)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the indices."""
        planes, size = self.shape[: -self.dims], self.shape[-self.dims :]
        order = generator.random((*planes, self.high)).argsort(-1)
        return order[..., : int(np.prod(size))].reshape(self.shape)
