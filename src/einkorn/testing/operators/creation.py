"""Tensors made from sizes."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, normal, rows, whole

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    facts = {"differentiable": False}
    yield from rows("zeros ones", call(2, 3), call((2, 3)), **facts)
    yield from rows("empty", call(2, 3), deterministic=False, **facts)
    yield from rows("zeros_like ones_like", call(fixed(normal(2, 3))), call(whole(3, 2)), **facts)
    yield from rows("empty_like", call(fixed(normal(2, 3))), deterministic=False, **facts)
    yield from rows("full", call((2, 3), 1.5), call((2,), 3), call((), True), **facts)
    yield from rows("full_like", call(fixed(normal(2)), 3), **facts)
    yield from rows("arange", call(5), call(1, 2.5, 0.5), call(5, 1, -2), **facts)
    yield from rows("linspace", call(0, 1, 5), **facts)
    yield from rows("eye", call(3), call(2, 3), **facts)
    yield from rows("logspace", call(0, 1, 5), call(0.0, 2.0, 3, 2.0), **facts)
    yield from rows("tril_indices triu_indices", call(3, 4), call(4, 3, 1), **facts)
    yield from rows("scalar_tensor", call(1.5), **facts)
