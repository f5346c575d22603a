"""Brackets and the named forms of indexing."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, flags, method, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(4, 5)
    keys = [
        1,
        -1,
        slice(1, 3),
        (slice(None), slice(None, None, 2)),
        (None, 0),
        (Ellipsis, 2),
        [0, 0, 3],
        (whole(4, 3), whole(5, 3)),
        (slice(None), whole(5, 2, 2)),
        flags(4),
        flags(4, 5),
    ]
    yield from rows("getitem", *[call(x, key) for key in keys], reference=method("__getitem__"))
    yield from rows("gather", call(x, 1, whole(5, 4, 3)), call(x, 0, whole(4, 2, 5)))
    yield from rows("take_along_dim", call(x, whole(5, 4, 2), 1), call(x, whole(20, 3)))
    yield from rows("index_select", call(x, 0, whole(4, 6)), call(x, -1, whole(5, 2)))
    yield from rows("select", call(x, 1, 2), call(x, 0, -1))
    yield from rows("narrow", call(x, 1, 2, 3))
    yield from rows("masked_fill", call(x, flags(4, 5), 2.0), call(x, flags(5), -1))
    yield from rows("masked_select", call(x, flags(4, 5)), call(x, flags(5)))
    yield from rows(
        "nonzero", call(whole(2, 3, 4)), call(whole(2, 5), as_tuple=True), differentiable=False
    )
    yield from rows("take", call(x, whole(20, 3)), call(x, whole(20, 2, 2)))
    yield from rows("argwhere", call(whole(2, 3, 4)), differentiable=False)
