"""Random tensors."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, normal, positive, rows, unit

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    facts = {"differentiable": False, "deterministic": False}
    yield from rows("rand randn", call(2, 3), call((2, 3)), **facts)
    yield from rows("rand_like randn_like", call(fixed(normal(2, 3))), **facts)
    yield from rows("randint", call(5, (2, 3)), call(2, 5, (3,)), **facts)
    yield from rows("randperm", call(5), **facts)
    yield from rows(
        "normal", call(0.0, 1.0, (2, 3)), call(fixed(normal(3)), fixed(positive(3))), **facts
    )
    yield from rows("bernoulli", call(fixed(unit(3, 4))), **facts)
