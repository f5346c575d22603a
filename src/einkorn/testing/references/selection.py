"""Limits, and choices by a condition."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def clamp(x: Array, min: float | None = None, max: float | None = None) -> Array:
    """Return elements limited to [min, max]; NaN stays.

    >>> clamp(np.array([-2.0, 0.5, 3.0]), 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    y = np.asarray(x, np.float64)
    y = y if min is None else np.where(y < min, min, y)
    return y if max is None else np.where(y > max, max, y)


def clamp_grad(grad: Array, x: Array, min: float | None = None, max: float | None = None) -> Array:
    """Return the gradient where x is within the limits, 0 elsewhere.

    >>> clamp_grad(np.ones(3), np.array([-2.0, 0.5, 1.0]), 0, 1).tolist()
    [0.0, 1.0, 1.0]
    """
    x = np.asarray(x, np.float64)
    low, high = -np.inf if min is None else min, np.inf if max is None else max
    return np.where((x >= low) & (x <= high), np.asarray(grad, np.float64), 0)


def where(condition: Array, a: Array, b: Array) -> Array:
    """Return a where the condition holds, else b.

    >>> where(np.array([True, False]), np.array([1.0, 2.0]), np.array(0.0)).tolist()
    [1.0, 0.0]
    """
    return np.where(condition, np.asarray(a, np.float64), np.asarray(b, np.float64))
