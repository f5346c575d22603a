"""Activations."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, functional, normal, rows, unit

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    plain = (call(normal(3, 4)), call(normal(2, 3, 4)), call(normal()))
    yield from rows("relu sigmoid tanh celu selu", *plain)
    yield from functional("leaky_relu", *plain, call(normal(5), 0.3))
    yield from functional("elu", *plain, call(normal(5), 0.3))
    yield from functional("gelu", *plain, call(normal(5), approximate="tanh"))
    yield from functional(
        "hardsigmoid hardswish hardtanh logsigmoid mish relu6 silu softplus softsign tanhshrink",
        *plain,
    )
    yield from functional("glu", call(normal(3, 4)), call(normal(4, 3), 0))
    yield from functional("threshold", call(normal(3, 4), 0.1, 20.0))
    yield from rows("prelu", call(normal(3, 4), unit(1)), call(normal(2, 3, 4), unit(3)))
    yield from rows("softmax log_softmax", call(normal(3, 4), 1), call(normal(2, 3, 4), -2))
    yield from functional("softmin", call(normal(3, 4), 1))
    yield from functional("hardshrink softshrink", *plain, call(normal(5), 0.1))
    yield from functional("rrelu", *plain, call(normal(5), 0.1, 0.9))
    yield from functional(
        "gumbel_softmax", call(fixed(normal(3, 4))), differentiable=False, deterministic=False
    )
