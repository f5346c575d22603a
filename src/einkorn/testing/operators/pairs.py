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
    pair, line = (normal(5, 4), normal(5, 4)), (normal(4), normal(4))
    yield from functional("cosine_similarity", call(*pair), call(*line, dim=0), call(*pair, -2))
    yield from functional(
        "pairwise_distance", call(*pair), call(*pair, p=1.0, keepdim=True), call(*line)
    )
    powers = (2.0, 1.0, 3.0)
    yield from functional("pdist", *[call(normal(4, 3), p) for p in powers])
    yield from rows(
        "cdist",
        *[call(normal(2, 4, 3), normal(2, 5, 3), p) for p in powers],
        call(normal(4, 3), normal(2, 5, 3)),
    )
