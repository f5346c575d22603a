"""Averages under windows."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, distinct, functional, positive

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x, line, volume = distinct(2, 3, 6, 5), distinct(2, 3, 7), distinct(2, 2, 4, 3, 5)
    yield from functional(
        "avg_pool2d",
        call(x, 2),
        call(x, 3, 2, 1),
        call(x, 3, 2, 1, count_include_pad=False),
        call(x, 3, 2, 1, True),
        call(x, (2, 3), divisor_override=5),
        call(x, [2], [], [1], divisor_override=-2),
        call(distinct(3, 6, 5), 2),
    )
    yield from functional(
        "avg_pool1d", call(line, 3, 2, 1), call(line, 3, 2, 1, True, False), call(distinct(3, 7), 2)
    )
    yield from functional(
        "avg_pool3d",
        call(volume, 2),
        call(volume, (3, 2, 3), 2, 1, True, False),
        call(volume, (2, 3, 1), (1, 1, 2), divisor_override=5),
        call(distinct(2, 4, 3, 5), 2),
    )
    yield from functional(
        "adaptive_avg_pool2d",
        call(x, 1),
        call(x, (3, 2)),
        call(x, (None, 7)),
        call(distinct(3, 6, 5), 2),
    )
    yield from functional("adaptive_avg_pool1d", call(line, 3), call(distinct(3, 7), 2))
    yield from functional(
        "adaptive_avg_pool3d",
        call(volume, 1),
        call(volume, (3, None, 2)),
        call(distinct(2, 4, 3, 5), 2),
    )
    yield from functional("lp_pool1d", call(positive(2, 3, 7), 2, 3), call(positive(3, 7), 3, 2, 1))
    yield from functional(
        "lp_pool2d", call(positive(2, 3, 6, 5), 2, (2, 3)), call(positive(3, 6, 5), 1.5, 2, 2, True)
    )
    yield from functional("lp_pool3d", call(positive(2, 2, 4, 3, 5), 2, (2, 1, 3), 1))
