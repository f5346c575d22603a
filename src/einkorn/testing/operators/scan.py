"""Running sums and their kin."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, distinct, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(3, 4, 2)
    yield from rows("cumsum", call(x, 1), call(whole(5, 4), 0))
    yield from rows("cumprod logcumsumexp", call(x, 1), call(normal(3, 4), -1), call(normal(), 0))
    yield from rows("cummax cummin", call(distinct(3, 4), 0), call(distinct(3, 4), 1))
    yield from rows("diff", call(x), call(x, 2, 1), call(x, 1, 0, normal(1, 4, 2), normal(2, 4, 2)))
