"""Sums and means over axes."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
Axis = int | tuple[int, ...] | None


def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the sum over axes.

    >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), 0).tolist()
    [4.0, 6.0]
    """
    return np.asarray(np.asarray(x, np.float64).sum(axis=axis, keepdims=keepdims))


def mean(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the mean over axes, NaN where there is nothing.

    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), 1).tolist()
    [1.5, 3.5]
    """
    total = sum(x, axis, keepdims)
    with np.errstate(invalid="ignore"):
        return total / np.float64(np.size(x) / total.size if total.size else 1)
