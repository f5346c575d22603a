"""Tensors joined and taken apart."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, normal, rows

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(2, 3, 4)
    yield from rows(
        "cat", call([normal(2, 3), normal(1, 3)]), call([normal(2, 3), normal(2, 1)], 1)
    )
    yield from rows("stack", call([normal(2, 3), normal(2, 3)]), call([normal(2), normal(2)], -1))
    yield from rows("split", call(x, 2, 2), call(x, [1, 2], 1), call(normal(5), 2))
    yield from rows("chunk", call(x, 3, 1), call(normal(5), 3))
    yield from rows("unbind", call(x, 1), call(normal(3)))
    two, line = [normal(2, 3), normal(2, 3)], [normal(3), normal(3)]
    yield from rows("hstack vstack dstack column_stack", call(two), call(line))
    yield from rows("tensor_split", call(x, 3, 2), call(x, (1, 2), 1), call(normal(7), 3))
    yield from rows("hsplit", call(x, 3), call(normal(4), (1, 3)))
    yield from rows("vsplit", call(x, 2))
    yield from rows("dsplit", call(x, (1, 3)))
    yield from rows("split_with_sizes", call(x, [1, 2], 1))
    yield from rows(
        "meshgrid",
        call(normal(3), normal(2), indexing="ij"),
        call([normal(3), normal()], indexing="xy"),
    )
    yield from rows("block_diag", call(normal(2, 3), normal(2), normal()))
