"""Comparisons and logic."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, flags, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    pairs = (
        call(fixed(normal(3, 4)), fixed(normal(4))),
        call(whole(3, 9), whole(3, 9)),
        call(fixed(normal(3)), 0),
    )
    yield from rows("eq ne lt le gt ge", *pairs, differentiable=False)
    yield from rows(
        "logical_and logical_or logical_xor",
        call(flags(3, 4), flags(4)),
        call(fixed(normal(3)), whole(2, 3)),
        differentiable=False,
    )
    yield from rows(
        "bitwise_and bitwise_or bitwise_xor",
        call(flags(3, 4), flags(4)),
        call(whole(9, 5), whole(9, 5)),
        differentiable=False,
    )
    single = (call(flags(3, 4)), call(whole(2, 5)))
    yield from rows("logical_not bitwise_not", *single, differentiable=False)
    yield from rows("all any", *single, call(flags(3, 4), 1, True), differentiable=False)
    numbers = (call(fixed(normal(3, 4))),)
    yield from rows("isnan isinf isfinite", *numbers, differentiable=False)
    alike = (call(fixed(normal(3)), fixed(normal(3))),)
    yield from rows("equal isclose allclose", *alike, differentiable=False)
    shifts = (call(whole(9, 5), whole(3, 5)),)
    yield from rows("bitwise_left_shift bitwise_right_shift", *shifts, differentiable=False)
    yield from rows("isposinf isneginf", *numbers, differentiable=False)
    yield from rows(
        "isin",
        call(whole(5, 3, 4), whole(5, 3)),
        call(whole(5, 4), whole(5, 2), invert=True),
        differentiable=False,
    )
