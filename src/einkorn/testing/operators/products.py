"""Products of matrices and sums over named dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, functional, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    yield from rows(
        "matmul",
        call(normal(3, 4), normal(4, 2)),
        call(normal(4), normal(4)),
        call(normal(3, 4), normal(4)),
        call(normal(4), normal(4, 2)),
        call(normal(2, 3, 4), normal(4, 5)),
        call(normal(2, 3, 4), normal(4)),
        call(normal(2, 1, 3, 4), normal(5, 4, 2)),
        call(normal(3, 4), normal(2, 4, 2)),
        call(whole(5, 2, 3), whole(5, 3, 2)),
    )
    yield from rows(
        "einsum",
        call("ij,jk->ik", normal(3, 4), normal(4, 2)),
        call("bij,bjk", normal(2, 3, 4), normal(2, 4, 2)),
        call("i,j,k->ikj", normal(2), normal(3), normal(4)),
        call("ij,k->i", normal(2, 3), normal(4)),
        call("...i,...i->...", normal(2, 3, 4), normal(3, 4)),
        call("...ij,...j", normal(1, 3, 4), normal(2, 4)),
        call("ii->i", normal(3, 3)),
        call("iij,j->", normal(3, 3, 2), normal(2)),
        call("ij->ji", normal(2, 3)),
    )
    yield from rows("mm", call(normal(3, 4), normal(4, 2)))
    yield from rows("mv", call(normal(3, 4), normal(4)))
    yield from rows("bmm", call(normal(2, 3, 4), normal(2, 4, 2)))
    yield from rows("dot", call(normal(4), normal(4)))
    yield from rows("inner", call(normal(3, 4), normal(2, 4)), call(normal(4), normal(4)))
    yield from rows("outer", call(normal(3), normal(4)))
    addmm = (normal(2), normal(3, 4), normal(4, 2))
    yield from rows("addmm", call(*addmm), call(*addmm, beta=0.5, alpha=2))
    batches = (normal(2, 3, 4), normal(2, 4, 5))
    yield from rows("addmv", call(normal(3), normal(3, 4), normal(4), beta=0.5, alpha=2))
    yield from rows("addr", call(normal(4), normal(3), normal(4)))
    yield from rows(
        "baddbmm addbmm", call(normal(3, 5), *batches), call(normal(5), *batches, beta=0)
    )
    yield from rows("vdot", call(normal(4), normal(4)))
    yield from rows("kron", call(normal(2, 3), normal(3, 2)), call(normal(2), normal(2, 1, 3)))
    yield from rows(
        "tensordot",
        call(normal(2, 3, 4), normal(3, 4, 2)),
        call(normal(2, 3), normal(4, 3), ([1], [1])),
        call(normal(2), normal(3), 0),
    )
    yield from rows(
        "cross", call(normal(4, 3), normal(4, 3), -1), call(normal(3, 2), normal(3, 2), 0)
    )
    yield from functional(
        "linear",
        call(normal(3, 4), normal(2, 4), normal(2)),
        call(normal(3, 4), normal(2, 4)),
        call(normal(2, 3, 4), normal(5, 4), normal(5)),
        call(normal(4), normal(2, 4), normal(2)),
    )
