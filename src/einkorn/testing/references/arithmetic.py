"""Arithmetic of two arrays, or of an array and a number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def _of(function: Callable[..., Array]) -> Callable[[Array, Array], Array]:
    def reference(a: Array, b: Array) -> Array:
        with np.errstate(all="ignore"):
            return function(np.asarray(a, np.float64), np.asarray(b, np.float64))

    return reference


add = _of(np.add)
subtract = _of(np.subtract)
multiply = _of(np.multiply)
divide = _of(np.divide)
maximum = _of(np.maximum)
minimum = _of(np.minimum)
