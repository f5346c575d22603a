"""Arithmetic of arrays, by kernels where these are large: NumPy adds with one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn import kernels

__all__ = [
    "added",
    "by_kernel",
    "chosen",
    "divided",
    "greatest",
    "multiplied",
    "smallest",
    "subtracted",
]

#: Elements from which a kernel is quicker than NumPy.
SMALLEST = 1 << 14


def _suits(x: Any) -> bool:
    return x.__class__ is np.ndarray and x.dtype.char in "fd" and x.flags.c_contiguous


def by_kernel(x: Any) -> bool:
    """Whether this is a large array that kernels read as it lies."""
    return _suits(x) and x.size >= SMALLEST


def chosen(condition: Any, a: Any, b: Any) -> Any:
    """Return ``where(condition, a, b)``."""
    large = condition.size >= SMALLEST and a.dtype == b.dtype and _suits(a) and _suits(b)
    if large and a.shape in ((), condition.shape) and b.shape in ((), condition.shape):
        return kernels.where(condition, a, b)
    return np.where(condition, a, b)


def _by_kernel(a: Any, b: Any) -> bool:
    """Whether these are two large arrays of one shape, or a large one and a number."""
    large = a if a.size >= b.size else b
    if large.size < SMALLEST or a.dtype != b.dtype or not (_suits(a) and _suits(b)):
        return False
    return a.shape == b.shape or a.ndim == 0 or b.ndim == 0


def _bias_axis(x: Any, bias: Any) -> int | None:
    """Return the only axis of `x` that `bias` varies along, or None where no kernel adds it."""
    if not _suits(x) or bias.__class__ is not np.ndarray or bias.dtype != x.dtype:
        return None
    along = [i - bias.ndim for i, n in enumerate(bias.shape) if n != 1]
    if bias.ndim > x.ndim or len(along) != 1 or bias.size != x.shape[along[0]]:
        return None
    return along[0]


def added(a: Any, b: Any) -> Any:
    """Return ``a + b``."""
    if _by_kernel(a, b):
        return kernels.add(a, b)
    x, bias = (a, b) if a.size >= b.size else (b, a)
    if x.size >= SMALLEST and x.size > bias.size:
        axis = _bias_axis(x, bias)
        if axis is not None:
            return kernels.bias_activation(x, bias.reshape(-1), axis=axis)
    return a + b


def _either(kernel: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, b: Any) -> Any:
        return kernel(a, b) if _by_kernel(a, b) else function(a, b)

    return call


subtracted = _either(kernels.subtract, np.subtract)
multiplied = _either(kernels.multiply, np.multiply)
divided = _either(kernels.divide, np.divide)
greatest = _either(kernels.maximum, np.maximum)
smallest = _either(kernels.minimum, np.minimum)
