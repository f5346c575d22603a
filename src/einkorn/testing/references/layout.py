"""The same elements in other places."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def copy(x: Array) -> Array:
    """Return a contiguous copy, element by element.

    >>> copy(np.array([[1.0, 2.0], [3.0, 4.0]]).T).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    source = np.asarray(x)
    result = np.empty(source.shape)
    for index in np.ndindex(source.shape):
        result[index] = source[index]
    return result
