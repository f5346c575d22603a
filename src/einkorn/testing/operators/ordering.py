"""Extremes with their places, and orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from einkorn.testing.operators.rows import Draw, Row, call, distinct, fixed, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    yield from rows(
        "max min",
        call(distinct(3, 4)),
        call(distinct(3, 4), 1),
        call(distinct(3, 4), 0, True),
        call(distinct(5), fixed(normal(5))),
    )
    yield from rows(
        "argmax argmin",
        call(fixed(distinct(3, 4))),
        call(fixed(distinct(3, 4)), 1),
        call(fixed(distinct(3, 4)), -2, True),
        differentiable=False,
    )
    yield from rows("sort", call(distinct(3, 4)), call(distinct(3, 4), 0, True))
    yield from rows("argsort", call(fixed(distinct(3, 4)), 0), differentiable=False)
    yield from rows("topk", call(distinct(3, 4), 2), call(distinct(3, 4), 2, 0, False))
    yield from rows("msort", call(distinct(3, 4)))
    yield from rows("kthvalue", call(distinct(3, 5), 2), call(distinct(3, 5), 3, 0, True))
    yield from rows(
        "median nanmedian",
        call(distinct(3, 4)),
        call(distinct(3, 5), 1),
        call(distinct(3, 4), 0, True),
    )
    yield from rows(
        "bincount", call(whole(5, 9)), call(whole(5, 4), fixed(normal(4)), 8), differentiable=False
    )
    yield from rows(
        "unique",
        call(whole(4, 9)),
        call(whole(3, 4, 2), return_inverse=True, return_counts=True),
        call(whole(2, 5, 2), dim=0),
        differentiable=False,
    )
    lines = (Increasing(3, 5), fixed(normal(3, 4)))
    yield from rows(
        "searchsorted",
        call(*lines),
        call(Increasing(5), fixed(normal(2, 3)), right=True),
        call(*lines, out_int32=True),
        differentiable=False,
    )
    yield from rows(
        "bucketize",
        call(fixed(normal(2, 3)), Increasing(5)),
        call(whole(5, 3), whole(1, 1)),
        differentiable=False,
    )


class Increasing(Draw):
    """Numbers that increase along the last dimension."""

    def __init__(self, *shape: int) -> None:
        super().__init__("normal", shape, constant=True)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the numbers."""
        return np.sort(super().draw(generator, dtype), -1)
