"""Dropout."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, functional, normal

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    facts = {"differentiable": False, "deterministic": False}
    for name, shape in (
        ("dropout", (3, 4)),
        ("dropout1d", (2, 3, 4)),
        ("dropout2d", (2, 3, 4, 4)),
        ("dropout3d", (2, 3, 2, 2, 2)),
        ("alpha_dropout", (3, 4)),
        ("feature_alpha_dropout", (2, 3, 4)),
    ):
        yield from functional(name, call(fixed(normal(*shape)), 0.5), **facts)
