"""Norms."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, normal, rows

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(3, 4, 2)
    yield from rows(
        "norm",
        *[call(x, *a) for a in ((), (1,), (2, 1), (3, (0, 1), True), (float("inf"), 2))],
        call(x, float("-inf"), 0),
    )
