"""Rows of tables."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, functional, normal, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    yield from functional("embedding", call(whole(5, 2, 4), normal(5, 3)))
    yield from functional(
        "one_hot", call(whole(4, 5)), call(whole(4, 2, 3), 6), differentiable=False
    )
