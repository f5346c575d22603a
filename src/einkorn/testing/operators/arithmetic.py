"""Elementwise arithmetic."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import (
    Row,
    call,
    distinct,
    fixed,
    flags,
    normal,
    positive,
    rows,
    unit,
    whole,
)

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    pairs = (call(normal(3, 4), normal(3, 4)), call(normal(3, 1), normal(2, 1, 4)))
    plain = (call(normal(3, 4)), call(normal()), call(normal(0, 2)))
    above = (call(positive(3, 4)), call(positive()))
    yield from rows("add sub", *pairs, call(normal(2), 3), call(normal(2), normal(2), alpha=2))
    yield from rows("rsub", *pairs, call(normal(2), 3.5))
    yield from rows("mul", *pairs, call(normal(2), 3), call(normal(2), whole(5, 2)))
    yield from rows("div", call(normal(3, 4), positive(4)), call(normal(3), 2))
    yield from rows(
        "floor_divide", call(fixed(normal(3, 4)), fixed(positive(4))), differentiable=False
    )
    yield from rows("remainder fmod", call(normal(3, 4), fixed(positive(4))), call(normal(3), 0.7))
    yield from rows("pow", call(positive(3, 4), normal(4)), call(normal(3), 3), call(normal(3), 2))
    yield from rows("neg positive abs sign exp expm1 sin cos square", *plain)
    yield from rows("floor ceil trunc round", *plain)
    yield from rows("tan", call(unit(3, 4)))
    yield from rows("log log2 log10 log1p sqrt rsqrt reciprocal", *above)
    yield from rows("logaddexp", *pairs)
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
    yield from rows("lerp", call(normal(3), normal(3), 0.3), call(normal(3), normal(3), unit(3)))
