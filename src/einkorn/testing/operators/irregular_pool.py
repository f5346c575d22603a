"""Adaptive and fractional max pooling."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Draw, Row, call, distinct, fixed, functional, unit

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x, line, volume = distinct(2, 3, 6, 5), distinct(2, 3, 7), distinct(2, 2, 4, 3, 5)
    yield from functional(
        "adaptive_max_pool1d adaptive_max_pool1d_with_indices",
        call(line, 3),
        call(distinct(3, 7), 2),
    )
    yield from functional(
        "adaptive_max_pool2d adaptive_max_pool2d_with_indices",
        call(x, (3, 5)),
        call(x, (4, None)),
        call(x, 2, True),
        call(distinct(3, 6, 5), 3),
    )
    yield from functional(
        "adaptive_max_pool3d adaptive_max_pool3d_with_indices",
        call(volume, (3, 2, None)),
        call(distinct(2, 4, 3, 5), 2, True),
    )
    places: Draw = fixed(unit(2, 3, 2))
    yield from functional(
        "fractional_max_pool2d fractional_max_pool2d_with_indices",
        call(x, 2, (4, 3), _random_samples=places),
        call(x, (2, 3), output_ratio=(0.5, 0.6), _random_samples=places),
        call(distinct(3, 6, 5), 2, 3, None, True, fixed(unit(1, 3, 2))),
    )
    yield from functional(
        "fractional_max_pool3d fractional_max_pool3d_with_indices",
        call(volume, (2, 1, 2), (2, 2, 3), _random_samples=fixed(unit(2, 2, 3))),
        call(distinct(2, 4, 3, 5), 2, output_ratio=0.5, _random_samples=fixed(unit(1, 2, 3))),
    )
