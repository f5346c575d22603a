"""Elementwise arithmetic."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import (
    Row,
    call,
    fixed,
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
    yield from rows("add sub", *pairs, call(normal(2), 3), call(normal(2), normal(2), alpha=2))
    yield from rows("rsub", *pairs, call(normal(2), 3.5))
    yield from rows("mul", *pairs, call(normal(2), 3), call(normal(2), whole(5, 2)))
    yield from rows("div", call(normal(3, 4), positive(4)), call(normal(3), 2))
    yield from rows(
        "floor_divide", call(fixed(normal(3, 4)), fixed(positive(4))), differentiable=False
    )
    yield from rows("remainder fmod", call(normal(3, 4), fixed(positive(4))), call(normal(3), 0.7))
    yield from rows("pow", call(positive(3, 4), normal(4)), call(normal(3), 3), call(normal(3), 2))
    yield from rows("neg positive abs sign square", *plain)
    yield from rows("floor ceil trunc round frac", *plain)
    yield from rows("lerp", call(normal(3), normal(3), 0.3), call(normal(3), normal(3), unit(3)))
    parts = (normal(3, 4), normal(4), positive(3, 1))
    yield from rows("addcmul addcdiv", call(*parts), call(*parts, value=0.5))
    yield from rows(
        "float_power", call(positive(3, 4), normal(4)), call(positive(3), 2), widened=True
    )
    yield from rows("copysign", call(normal(3, 4), fixed(normal(4))), call(normal(3), -1.0))
    yield from rows("signbit", call(fixed(normal(3, 4))), differentiable=False)
