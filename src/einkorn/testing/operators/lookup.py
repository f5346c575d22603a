"""Rows of tables."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, distinct, functional, normal, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    yield from functional("embedding", call(whole(5, 2, 4), normal(5, 3)))
    starts = whole(1, 3)
    yield from functional(
        "embedding_bag",
        call(whole(5, 7), normal(5, 3), starts, mode="sum"),
        call(whole(5, 7), normal(5, 3), starts, mode="sum", per_sample_weights=normal(7)),
        call(whole(5, 7), normal(5, 3), starts),
        call(whole(5, 2, 4), distinct(5, 3), mode="max"),
        call(whole(5, 2, 4), normal(5, 3), padding_idx=1),
    )
    yield from functional(
        "one_hot", call(whole(4, 5)), call(whole(4, 2, 3), 6), differentiable=False
    )
