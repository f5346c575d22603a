"""Circular and hyperbolic functions, the error function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from einkorn.testing.operators.rows import Draw, Row, call, fixed, normal, positive, rows, unit

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    pairs = (call(normal(3, 4), normal(3, 4)), call(normal(3, 1), normal(2, 1, 4)))
    plain = (call(normal(3, 4)), call(normal()), call(normal(0, 2)))
    yield from rows("sin cos sinh cosh asinh atan erf erfc deg2rad rad2deg", *plain)
    # Near 0 PyTorch's gradient in float32 is a difference of equals.
    yield from rows("sinc", call(positive(3, 4)), call(fixed(normal(3))))
    yield from rows("tan asin acos atanh", call(unit(3, 4)))
    yield from rows("acosh", call(Beyond(3, 4)))
    yield from rows("atan2 hypot", *pairs)


class Beyond(Draw):
    """Numbers from 1.5 to 3."""

    def __init__(self, *shape: int) -> None:
        super().__init__("positive", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the numbers."""
        return np.asarray(super().draw(generator, dtype) + 1, dtype)
