"""Reductions and orderings."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, distinct, fixed, flags, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(3, 4, 2)
    over = (call(x), call(x, 1), call(x, (0, 2), True), call(x, -1, keepdim=True), call(normal()))
    yield from rows("sum", *over, call(whole(5, 3, 4), 0), call(flags(5)))
    yield from rows("mean", *over)
    yield from rows("var std", *over[:4], call(x, 1, correction=0), call(x, (0, 1), unbiased=False))
    yield from rows("amax amin", *[call(distinct(3, 4), *a) for a in ((), (1,), (0, True))])
    yield from rows("prod", call(normal(3, 4)), call(normal(3, 4), 1), call(normal(3, 4), 0, True))
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
    yield from rows("logsumexp", call(x, 1), call(x, (0, 2), True))
    yield from rows(
        "norm",
        *[call(x, *a) for a in ((), (1,), (2, 1), (3, (0, 1), True), (float("inf"), 2))],
        call(x, float("-inf"), 0),
    )
    yield from rows("cumsum", call(x, 1), call(whole(5, 4), 0))
    yield from rows("sort", call(distinct(3, 4)), call(distinct(3, 4), 0, True))
    yield from rows("argsort", call(fixed(distinct(3, 4)), 0), differentiable=False)
    yield from rows("topk", call(distinct(3, 4), 2), call(distinct(3, 4), 2, 0, False))
    yield from rows("trace", call(normal(3, 4)))
    yield from rows(
        "count_nonzero", call(whole(2, 3, 4)), call(whole(2, 3, 4), 1), differentiable=False
    )
