"""Negative log-likelihoods of counts and of measurements."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, functional, normal, positive

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    reductions = ("mean", "sum", "none")
    yield from functional(
        "poisson_nll_loss",
        *[call(normal(5), fixed(positive(5)), reduction=how) for how in reductions],
        call(positive(5), fixed(positive(5)), False),
        call(normal(5), fixed(positive(5)), full=True),
    )
    yield from functional(
        "gaussian_nll_loss",
        *[call(normal(5, 2), normal(5, 2), positive(5, 2), reduction=how) for how in reductions],
        call(normal(5, 2), normal(5, 2), positive(5, 1), True),
        call(normal(5, 2), normal(5, 2), positive(5)),
    )
