"""Extremes over axes, and where they are."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
Axis = int | tuple[int, ...] | None


def amax(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the greatest elements over axes; NaN is beyond every number.

    >>> amax(np.array([[1.0, 2.0], [4.0, 3.0]]), 1).tolist()
    [2.0, 4.0]
    """
    return np.asarray(np.max(np.asarray(x, np.float64), axis=axis, keepdims=keepdims))


def amin(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the smallest elements over axes; NaN is beyond every number.

    >>> amin(np.array([[1.0, 2.0], [4.0, 3.0]]), 1).tolist()
    [1.0, 3.0]
    """
    return -amax(-np.asarray(x, np.float64), axis, keepdims)


def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return where the greatest elements are: the first NaN, or else the first of equals.

    >>> argmax(np.array([[1.0, 2.0], [3.0, 3.0]]), 1).tolist()
    [1, 0]
    """
    x = np.asarray(x, np.float64)
    if axis is None:
        found = argmax(x.reshape(-1), 0)
        return found.reshape((1,) * x.ndim) if keepdims else found
    rows = np.moveaxis(x, axis, -1)
    result = np.empty(rows.shape[:-1], np.int64)
    for index in np.ndindex(result.shape):
        row = rows[index]
        beyond = np.isnan(row) if np.isnan(row).any() else row == max(row)
        result[index] = np.flatnonzero(beyond)[0]
    return np.expand_dims(result, axis) if keepdims else result


def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return where the smallest elements are: the first NaN, or else the first of equals.

    >>> argmin(np.array([[1.0, 2.0], [3.0, 3.0]]), 1).tolist()
    [0, 0]
    """
    return argmax(-np.asarray(x, np.float64), axis, keepdims)
