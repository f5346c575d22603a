"""Exponentials, logarithms, roots."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, normal, positive, rows, unit

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    pairs = (call(normal(3, 4), normal(3, 4)), call(normal(3, 1), normal(2, 1, 4)))
    plain = (call(normal(3, 4)), call(normal()), call(normal(0, 2)))
    above = (call(positive(3, 4)), call(positive()))
    yield from rows("exp exp2 expm1", *plain)
    yield from rows("log log2 log10 log1p sqrt rsqrt reciprocal", *above)
    yield from rows("logaddexp logaddexp2", *pairs)
    yield from rows("logit", call(unit(3, 4)), call(unit(3), 0.2))
    yield from rows("xlogy", call(normal(3, 4), positive(4)), call(normal(3), 2.0))
