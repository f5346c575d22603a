"""Spatial arguments: one number for both axes, or one for each."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

__all__ = ["Size2d", "pair"]

Size2d = int | Sequence[int]


def pair(name: str, value: Any) -> tuple[int, int]:
    """Return ``value`` as a pair, repeating a single number.

    Raises
    ------
    ValueError
        If it is neither an integer nor two of them.
    """
    try:
        if isinstance(value, Sequence):
            first, second = (operator.index(item) for item in value)
            return first, second
        size = operator.index(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an int or a pair of ints, got {value!r}") from None
    return size, size
