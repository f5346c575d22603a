"""Diagonals and triangles of matrices."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, normal, rows

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(2, 3, 4)
    yield from rows("tril triu", call(normal(3, 4)), call(x, 1), call(normal(3, 3), -1))
    yield from rows("diagonal", call(normal(3, 4)), call(normal(3, 4), 1), call(x, -1, 1, 2))
    yield from rows("trace", call(normal(3, 4)))
    yield from rows("diag", call(normal(3)), call(normal(3, 4), 1), call(normal(2), -1))
    yield from rows(
        "diag_embed", call(normal(2, 3)), call(normal(3), 1), call(normal(2, 3), -1, 0, 2)
    )
    yield from rows("diagflat", call(normal(2, 2)), call(normal(3), 1))
