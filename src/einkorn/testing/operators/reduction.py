"""Reductions and orderings."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, distinct, flags, normal, rows, whole

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
    yield from rows("logsumexp", call(x, 1), call(x, (0, 2), True))
    yield from rows(
        "count_nonzero", call(whole(2, 3, 4)), call(whole(2, 3, 4), 1), differentiable=False
    )
    yield from rows(
        "var_mean std_mean", call(x), call(x, 1), call(x, (0, 2), correction=0, keepdim=True)
    )
    yield from rows("nansum nanmean", call(x), call(x, 1), call(x, (0, 2), True))
    yield from rows("aminmax", call(distinct(3, 4)), call(distinct(3, 4), dim=1, keepdim=True))
