"""Rearrangement."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, method, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(2, 3, 4)
    yield from rows("reshape", call(x, (4, -1)), call(normal(), (1, 1)), call(normal(0, 3), (3, 0)))
    yield from rows("view", call(x, 6, 4), call(x, (-1,)), reference=method("view"))
    yield from rows("reshape_as view_as", call(normal(6), fixed(normal(2, 3))), reference=None)
    yield from rows("flatten", call(x), call(x, 1), call(x, 0, 1), call(normal()))
    yield from rows("unflatten", call(x, 2, (2, 2)))
    yield from rows("ravel", call(x))
    yield from rows("permute", call(x, (2, 0, 1)))
    yield from rows("transpose", call(x, 0, -1))
    yield from rows("movedim", call(x, 0, 2), call(x, (0, 1), (-1, 0)))
    yield from rows("t", call(normal(3, 4)), call(normal(3)))
    yield from rows(
        "squeeze", call(normal(1, 3, 1)), call(normal(1, 3, 1), 0), call(normal(1, 3), 1)
    )
    yield from rows("unsqueeze", call(x, 0), call(x, -1))
    yield from rows("expand", call(normal(3, 1), 2, -1, 4), reference=method("expand"))
    yield from rows(
        "expand_as", call(normal(3, 1), fixed(normal(2, 3, 4))), reference=method("expand_as")
    )
    yield from rows("broadcast_to", call(normal(3, 1), (3, 4)))
    yield from rows("broadcast_tensors", call(normal(3, 1), normal(4)))
    yield from rows("clone", call(x))
    yield from rows("contiguous", call(x), reference=method("contiguous"))
    yield from rows("flip", call(x, (0, 2)), call(x, (-1,)), call(x, dims=[1]))
    yield from rows("roll", call(x, 1, 0), call(x, (1, -2), (1, 2)), call(x, 5))
    yield from rows("repeat", call(normal(2, 3), 2, 1, 2), reference=method("repeat"))
    yield from rows("tile", call(normal(2, 3), (2,)), call(normal(2), dims=(2, 3)))
    yield from rows("atleast_1d", call(normal()), call(normal(3)))
    yield from rows("to", call(normal(3), "cpu"), reference=None)
    yield from rows("type_as", call(normal(3), fixed(normal(2))), reference=method("type_as"))
    yield from rows(
        "atleast_2d atleast_3d", call(normal()), call(normal(3)), call(normal(3), normal(2, 3))
    )
    yield from rows("fliplr flipud", call(normal(3, 4)))
    yield from rows("rot90", *[call(normal(3, 4), k) for k in range(4)], call(x, 1, (1, 2)))
    yield from rows("sum_to_size", call(x, 3, 1), call(x, 1, 3, 4), reference=method("sum_to_size"))
    yield from rows(
        "repeat_interleave",
        call(x, 2, 1),
        call(x, whole(3, 4), 2),
        call(normal(2, 2), 3),
        call(whole(3, 4)),
    )
    yield from rows("broadcast_shapes", call((3, 1), (4,)), differentiable=False, reference=None)
