"""Spatial arguments: one number for all axes, or one for each."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

__all__ = ["Size", "Size2d", "pair", "spatial_sizes"]

Size = int | Sequence[int]
Size2d = Size
_FORMS = {1: "an int or one in a tuple", 2: "an int or a pair of ints", 3: "an int or three ints"}


def spatial_sizes(name: str, value: Any, dims: int) -> tuple[int, ...]:
    """Return ``value`` as a tuple of ``dims`` numbers, repeating a single one.

    Raises
    ------
    ValueError
        If it is neither an integer nor so many of them.
    """
    try:
        if isinstance(value, Sequence):
            sizes = tuple([operator.index(item) for item in value])
        else:
            sizes = (operator.index(value),) * dims
    except TypeError:
        sizes = ()
    if len(sizes) != dims:
        raise ValueError(f"{name} must be {_FORMS[dims]}, got {value!r}")
    return sizes


def pair(name: str, value: Any) -> tuple[int, ...]:
    """Return ``value`` as a pair, repeating a single number; as `spatial_sizes`."""
    return spatial_sizes(name, value, 2)
