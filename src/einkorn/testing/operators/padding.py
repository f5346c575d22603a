"""Padding."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, functional, normal

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    yield from functional(
        "pad",
        call(normal(2, 3), (1, 2)),
        call(normal(2, 3), (1, -1, 0, 2), value=1.5),
        call(normal(2, 3, 4), (1, 2), "reflect"),
        call(normal(2, 3, 4), (1, 2), "replicate"),
        call(normal(2, 3, 4), (1, 2), "circular"),
    )
