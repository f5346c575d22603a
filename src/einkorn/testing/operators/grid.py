"""Samples at given places, affine maps."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, functional, normal, unit

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x, volume = normal(2, 3, 5, 4), normal(2, 2, 3, 2, 4)
    inside, wide, deep = unit(2, 3, 2, 2), normal(2, 3, 2, 2), normal(2, 2, 1, 3, 3)
    yield from functional(
        "grid_sample",
        call(x, inside, align_corners=False),
        call(x, wide, align_corners=True),
        call(x, wide, "bilinear", "border", False),
        call(x, wide, "bilinear", "reflection", True),
        call(x, wide, "bilinear", "reflection", False),
        call(x, wide, "nearest", "zeros", False),
        call(x, wide, "nearest", "border", True),
        call(x, inside, "bicubic", "zeros", True),
        call(x, wide, "bicubic", "border", False),
        call(x, wide, "bicubic", "reflection", False),
        call(volume, deep, align_corners=False),
        call(volume, deep, "bilinear", "border", True),
        call(volume, deep, "nearest", "reflection", True),
    )
    yield from functional(
        "affine_grid",
        call(normal(2, 2, 3), (2, 1, 3, 4), align_corners=False),
        call(normal(2, 2, 3), (2, 3, 2, 4), True),
        call(normal(1, 3, 4), (1, 2, 3, 2, 4), False),
    )
