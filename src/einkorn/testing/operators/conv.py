"""Convolutions."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, normal, rows

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x, w, b = normal(2, 4, 6, 5), normal(6, 4, 3, 2), normal(6)
    b3 = normal(3)
    yield from rows(
        "conv2d",
        call(x, w, b),
        call(x, w, None, 2, 1),
        call(x, normal(6, 2, 3, 3), b, (2, 1), (1, 2), (1, 2), 2),
        call(x, normal(4, 1, 3, 3), None, 1, 1, 1, 4),
        call(x, w, b, padding="same"),
        call(x, w, b, padding="valid"),
        call(normal(4, 6, 5), w, b),
        call(x, normal(3, 4, 1, 1)),
        call(x, normal(3, 4, 6, 5), b3),
        call(x, normal(3, 4, 6, 5), None, 2),
    )
    up = normal(2, 4, 3, 3)
    yield from rows(
        "conv_transpose2d",
        call(up, normal(4, 3, 3, 2), normal(3)),
        call(up, normal(4, 3, 4, 4), None, 2, 1),
        call(up, normal(4, 3, 3, 3), normal(6), 2, 1, 1, 2),
        call(up, normal(4, 3, 2, 2), None, (2, 1), 0, (1, 0), 1, 2),
        call(normal(4, 3, 3), normal(4, 3, 3, 2), normal(3)),
    )
    line = normal(2, 4, 7)
    yield from rows(
        "conv1d",
        call(line, normal(3, 4, 3), normal(3), 2, 1),
        call(line, normal(4, 2, 3), groups=2),
        call(line, normal(3, 4, 2), padding="same", dilation=(3,)),
        call(normal(4, 7), normal(3, 4, 3), normal(3)),
    )
    yield from rows(
        "conv_transpose1d",
        call(line, normal(4, 3, 3), normal(3), 2, 1, 1),
        call(normal(4, 7), normal(4, 2, 3), None, (2,), 1, 0, 2),
    )
    volume, filters = normal(2, 4, 4, 3, 5), normal(6, 4, 2, 3, 2)
    yield from rows(
        "conv3d",
        call(volume, filters, normal(6)),
        call(volume, normal(4, 2, 3, 2, 2), None, 2, 1, 1, 2),
        call(volume, normal(4, 1, 2, 2, 2), normal(4), (1, 2, 1), (1, 0, 1), (2, 1, 3), 4),
        call(volume, filters, padding="same"),
        call(volume, normal(3, 4, 3, 1, 1), None, (2, 1, 1), (1, 0, 0)),
        call(normal(4, 4, 3, 5), filters, normal(6)),
    )
    up = normal(2, 4, 2, 3, 2)
    yield from rows(
        "conv_transpose3d",
        call(up, normal(4, 3, 3, 2, 2), normal(3)),
        call(up, normal(4, 2, 2, 2, 3), normal(4), 2, (0, 1, 1), 1, 2),
        call(up, normal(4, 3, 2, 2, 2), None, (2, 1, 1), 0, (1, 0, 0), 1, (1, 2, 1)),
        call(normal(4, 2, 3, 2), normal(4, 3, 2, 1, 1), normal(3)),
    )
