"""Normalisation."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, fixed, functional, normal, positive

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x, per_channel = normal(4, 3, 2, 2), (positive(3), normal(3))
    mean, var = fixed(normal(3)), fixed(positive(3))
    yield from functional(
        "batch_norm",
        call(x, None, None, *per_channel, True),
        call(x, None, None, None, None, True, 0.1, 1e-3),
        call(normal(5, 3), mean, var, *per_channel, True),
        call(x, mean, var, *per_channel),
        call(normal(5, 3), mean, var),
    )
    yield from functional(
        "layer_norm", call(x, (2, 2), positive(2, 2), normal(2, 2)), call(x, (2,))
    )
    yield from functional(
        "group_norm", call(normal(3, 4, 2), 2, positive(4), normal(4)), call(normal(3, 8), 2)
    )
    yield from functional(
        "instance_norm",
        call(x, None, None, *per_channel),
        call(x, mean, var, *per_channel),
        call(x, mean, var, None, None, False),
    )
    yield from functional("rms_norm", call(x, (2, 2), positive(2, 2)), call(x, (2,), eps=0.1))
    yield from functional(
        "local_response_norm", call(x, 2), call(normal(2, 5, 3), 3, 0.5, 0.6, 2.0)
    )
    yield from functional("normalize", call(normal(3, 4)), call(normal(3, 4), 1.0, 0))
