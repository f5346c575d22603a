"""Copies with some elements changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from einkorn.testing.operators.rows import Draw, Row, call, flags, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(4, 5)
    yield from rows("scatter_add", call(x, 1, whole(5, 4, 3), normal(4, 3)))
    # Different places: which of several values stays is not said.
    places = Different(4, 3, high=5)
    yield from rows(
        "scatter",
        call(x, 1, places, normal(4, 3)),
        call(x, 1, places, 2.0),
    )
    yield from rows(
        "index_add",
        call(x, 0, whole(4, 6), normal(6, 5)),
        call(x, -1, whole(5, 2), normal(4, 2), alpha=2),
    )
    yield from rows("index_copy", call(x, 1, Different(2, high=5), normal(4, 2)))
    yield from rows("index_fill", call(x, 0, whole(4, 2), 2.0), call(x, 1, whole(5, 2), normal()))
    keys = (Different(3, high=4), whole(5, 3))
    yield from rows(
        "index_put", call(x, keys, normal(3)), call(x, (whole(4, 6),), normal(5), accumulate=True)
    )
    yield from rows(
        "put", call(x, Different(3, high=20), normal(3)), call(x, whole(20, 4), normal(4), True)
    )
    yield from rows(
        "masked_scatter", call(x, flags(4, 5), normal(20)), call(x, flags(5), normal(4, 5))
    )
    yield from rows(
        "slice_scatter", call(x, normal(2, 5), 0, 1, 3), call(x, normal(4, 3), 1, 0, None, 2)
    )
    yield from rows("select_scatter", call(x, normal(5), 0, 2), call(x, normal(4), 1, -1))


class Different(Draw):
    """Integers below `high`, different ones along the last dimension."""

    def __init__(self, *shape: int, high: int) -> None:
        super().__init__("whole", shape, high)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the integers."""
        order = generator.random((*self.shape[:-1], self.high)).argsort(-1)
        return order[..., : self.shape[-1]]
