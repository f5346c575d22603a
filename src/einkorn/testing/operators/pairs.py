"""Functions of pairs of vectors."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, functional, normal, rows

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    yield from functional(
        "bilinear",
        call(normal(4, 3), normal(4, 2), normal(5, 3, 2), normal(5)),
        call(normal(2, 4, 3), normal(2, 4, 2), normal(1, 3, 2)),
        call(normal(3), normal(2), normal(5, 3, 2)),
    )
    powers = (2.0, 1.0, 3.0)
    yield from functional("pdist", *[call(normal(4, 3), p) for p in powers])
    yield from rows(
        "cdist",
        *[call(normal(2, 4, 3), normal(2, 5, 3), p) for p in powers],
        call(normal(4, 3), normal(2, 5, 3)),
    )
