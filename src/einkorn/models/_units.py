"""Arrays of a Boltzmann machine's units: checked, drawn, and multiplied as what they are.

Units that have been drawn are zeros and ones, and products of many rows of such are sums that
tables hold (`einkorn.kernels.binary_matmul`), at half the time of a product of matrices. Which of
the two runs follows from the number of rows and from what the units are, nothing else.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from einkorn import kernels
from einkorn.autograd import Tensor
from einkorn.autograd.random import draw_seed

Array = np.ndarray

#: Rows from which on the tables of sums, made once for all of them, pay off.
ROWS_PAY_OFF = 32


def affine(
    units: Array,
    weight: Array,
    bias: Array,
    activation: Literal["sigmoid"] | None,
    binary: bool,
) -> Array:
    """Return the activation of ``units @ weight + bias``; `binary` units are zeros and ones."""
    if binary and len(units) >= ROWS_PAY_OFF:
        return kernels.binary_matmul(units, weight, bias=bias, activation=activation)
    return kernels.linear(units, weight.T, bias, activation=activation)


def correlate(
    hidden: Array, visible: Array, out: Array, *, alpha: float, beta: float, binary: bool
) -> None:
    """Write ``alpha * hidden.T @ visible + beta * out``; `binary` visible units are 0 and 1."""
    if binary and visible.shape[1] >= ROWS_PAY_OFF:
        kernels.binary_matmul(visible.T, hidden, alpha=alpha, beta=beta, out=out.T)
    else:
        kernels.matmul(hidden, visible, transpose_a=True, alpha=alpha, beta=beta, out=out)


def is_binary(units: Array) -> bool:
    """Return whether all are 0 or 1."""
    return bool(np.equal(units * units, units).all())


def tossed(mean: Array, generator: np.random.Generator | None) -> Array:
    """Draw zeros and ones of these chances, in place of them."""
    return kernels.bernoulli(mean, draw_seed(generator), out=mean)


def matrix(value: Any, name: str, columns: int, dtype: Any) -> Array:
    """Return `value`, a row a sample, as an array of `dtype`."""
    array = np.asarray(value.detach() if isinstance(value, Tensor) else value)
    if array.ndim != 2 or array.shape[1] != columns or len(array) == 0:
        raise ValueError(f"{name}: expected shape (N, {columns}) with N > 0, got {array.shape}")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected real numbers, got {array.dtype}")
    return np.ascontiguousarray(array, dtype)


def check_positive(**settings: int) -> None:
    """Raise an error that names a setting which is no positive int."""
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name}: expected an int, got {value!r}")
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
