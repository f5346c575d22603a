"""Choices between values."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, distinct, fixed, flags, normal, rows, unit

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    pairs = (call(normal(3, 4), normal(3, 4)), call(normal(3, 1), normal(2, 1, 4)))
    yield from rows("maximum minimum", *pairs)
    yield from rows(
        "clamp",
        call(normal(3, 4), -0.5, 0.5),
        call(normal(3), min=0),
        call(normal(3), max=0.1),
        call(distinct(3), fixed(unit(3)), None),
    )
    yield from rows("clamp_min clamp_max", call(normal(3, 4), 0.1))
    yield from rows(
        "where", call(flags(3, 4), normal(3, 4), normal(4)), call(flags(3), normal(3), 1.0)
    )
    yield from rows("fmax fmin", *pairs)
    yield from rows("heaviside", call(fixed(normal(3, 4)), fixed(normal(4))), differentiable=False)
    yield from rows("nan_to_num", call(normal(3, 4)), call(normal(3), 1.0, 2.0, 3.0))
