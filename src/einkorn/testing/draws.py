"""What the builders of valid calls draw with a random generator; see `calls`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .references.geometry import Pair

__all__ = ["Arguments", "Array", "Rng", "any_shape", "normal", "pair", "size"]

Array = np.ndarray
Rng = np.random.Generator
Arguments = dict[str, Any]


def normal(rng: Rng, dtype: DTypeLike, *shape: int) -> Array:
    """Return normal numbers."""
    return rng.standard_normal(shape).astype(dtype)


def size(rng: Rng, high: int = 9) -> int:
    """Return a size from 1 to below `high`."""
    return int(rng.integers(1, high))


def pair(rng: Rng, low: int, high: int) -> Pair:
    """Return two numbers from `low` to below `high`."""
    return int(rng.integers(low, high)), int(rng.integers(low, high))


def any_shape(rng: Rng) -> tuple[int, ...]:
    """Return a shape of one to three small sizes."""
    return tuple(size(rng) for _ in range(size(rng, 4)))
