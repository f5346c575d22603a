"""Attention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from einkorn.testing.operators.rows import Draw, Row, call, functional, normal

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    q, k, v = normal(2, 3, 4, 5), normal(2, 3, 6, 5), normal(2, 3, 6, 2)
    yield from functional(
        "scaled_dot_product_attention",
        call(q, k, v),
        call(q, k, v, is_causal=True),
        call(q, k, v, normal(4, 6), scale=0.3),
        call(q, k, v, Diagonals(4, 6)),
        call(normal(2, 6, 4, 5), k, v, enable_gqa=True),
        call(normal(4, 5), normal(6, 5), normal(6, 2)),
    )


class Diagonals(Draw):
    """True on and below the diagonal, so that every row has one."""

    def __init__(self, *shape: int) -> None:
        super().__init__("flags", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the mask."""
        return np.tril(np.ones(self.shape, bool))
