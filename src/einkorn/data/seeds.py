"""What a `seed` argument may be."""

from __future__ import annotations

import operator

import numpy as np

from einkorn.autograd.random import draw_seed

__all__ = ["Seed", "as_seed"]

Seed = int | np.random.Generator | None


def as_seed(seed: Seed) -> int:
    """Give a non-negative integer: the one given, or one drawn.

    It is drawn from the given generator or, for None, from the one that `einkorn.manual_seed` sets.

    Raises
    ------
    TypeError, ValueError
        `seed` is neither a generator nor a non-negative integer.
    """
    if seed is None:
        return draw_seed()
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    number = operator.index(seed)
    if number < 0:
        raise ValueError(f"seed: expected a non-negative integer, got {number}")
    return number
