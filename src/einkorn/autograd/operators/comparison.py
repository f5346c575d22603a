"""Comparisons and logic: bool tensors, without gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import as_dims, operands, refuse_numbers, to_tensor
from einkorn.autograd.tensor import Tensor

__all__ = [
    "all",
    "allclose",
    "any",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "le",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "ne",
    "not_equal",
]


def _compare(function: np.ufunc, input: Any, other: Any) -> Tensor:
    a, b = operands(input, other)
    return Tensor(np.asarray(function(a._data, b._data)))


def eq(input: Any, other: Any) -> Tensor:
    """Return where ``input == other``, broadcast."""
    refuse_numbers(input=input)
    return _compare(np.equal, input, other)


def ne(input: Any, other: Any) -> Tensor:
    """Return where ``input != other``, broadcast."""
    refuse_numbers(input=input)
    return _compare(np.not_equal, input, other)


def lt(input: Any, other: Any) -> Tensor:
    """Return where ``input < other``, broadcast."""
    refuse_numbers(input=input)
    return _compare(np.less, input, other)


def le(input: Any, other: Any) -> Tensor:
    """Return where ``input <= other``, broadcast."""
    refuse_numbers(input=input)
    return _compare(np.less_equal, input, other)


def gt(input: Any, other: Any) -> Tensor:
    """Return where ``input > other``, broadcast."""
    refuse_numbers(input=input)
    return _compare(np.greater, input, other)


def ge(input: Any, other: Any) -> Tensor:
    """Return where ``input >= other``, broadcast."""
    refuse_numbers(input=input)
    return _compare(np.greater_equal, input, other)


def logical_and(input: Any, other: Any) -> Tensor:
    """Return where both are non-zero."""
    refuse_numbers(input=input, other=other)
    return _compare(np.logical_and, input, other)


def logical_or(input: Any, other: Any) -> Tensor:
    """Return where at least one is non-zero."""
    refuse_numbers(input=input, other=other)
    return _compare(np.logical_or, input, other)


def logical_xor(input: Any, other: Any) -> Tensor:
    """Return where exactly one is non-zero."""
    refuse_numbers(input=input, other=other)
    return _compare(np.logical_xor, input, other)


def logical_not(input: Any) -> Tensor:
    """Return where `input` is zero."""
    return Tensor(np.asarray(np.logical_not(to_tensor(input)._data)))


def bitwise_and(input: Any, other: Any) -> Tensor:
    """Return the bitwise, for bool the logical, conjunction."""
    return _compare(np.bitwise_and, input, other)


def bitwise_or(input: Any, other: Any) -> Tensor:
    """Return the bitwise, for bool the logical, disjunction."""
    return _compare(np.bitwise_or, input, other)


def bitwise_xor(input: Any, other: Any) -> Tensor:
    """Return the bitwise, for bool the logical, exclusive disjunction."""
    return _compare(np.bitwise_xor, input, other)


def bitwise_not(input: Any) -> Tensor:
    """Return the bitwise, for bool the logical, negation."""
    return Tensor(np.asarray(np.invert(to_tensor(input)._data)))


def isnan(input: Any) -> Tensor:
    """Return where `input` is NaN."""
    return Tensor(np.asarray(np.isnan(to_tensor(input)._data)))


def isinf(input: Any) -> Tensor:
    """Return where `input` is infinite."""
    return Tensor(np.asarray(np.isinf(to_tensor(input)._data)))


def isfinite(input: Any) -> Tensor:
    """Return where `input` is neither NaN nor infinite."""
    return Tensor(np.asarray(np.isfinite(to_tensor(input)._data)))


def all(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Return whether all elements are non-zero, over everything or over `dim`."""
    x = to_tensor(input)._data
    return Tensor(np.asarray(np.all(x, as_dims(dim, x.ndim), keepdims=keepdim)))


def any(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Return whether some element is non-zero, over everything or over `dim`."""
    x = to_tensor(input)._data
    return Tensor(np.asarray(np.any(x, as_dims(dim, x.ndim), keepdims=keepdim)))


def equal(input: Any, other: Any) -> bool:
    """Return whether the two have the same shape and elements."""
    return bool(np.array_equal(np.asarray(input), np.asarray(other)))


def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Return where ``|input - other| <= atol + rtol * |other|``."""
    refuse_numbers(input=input, other=other)
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name}: expected at least 0, got {value}")
    dtypes = [np.asarray(x).dtype for x in (input, other)]
    if dtypes[0] != dtypes[1]:
        raise RuntimeError(f"other: expected dtype {dtypes[0]} as that of input, got {dtypes[1]}")
    close = np.isclose(np.asarray(input), np.asarray(other), rtol, atol, equal_nan)
    return Tensor(np.asarray(close))


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Return whether :func:`isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._data.all())


def bitwise_left_shift(input: Any, other: Any) -> Tensor:
    """Return the integers ``input << other``, broadcast."""
    return _compare(np.left_shift, input, other)


def bitwise_right_shift(input: Any, other: Any) -> Tensor:
    """Return the integers ``input >> other``, broadcast."""
    return _compare(np.right_shift, input, other)


def isposinf(input: Any) -> Tensor:
    """Return where `input` is positive infinity."""
    return Tensor(np.asarray(to_tensor(input)._data == np.inf))


def isneginf(input: Any) -> Tensor:
    """Return where `input` is negative infinity."""
    return Tensor(np.asarray(to_tensor(input)._data == -np.inf))


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Return where `elements` are among `test_elements`; with `invert`, where they are not."""
    found = np.isin(np.asarray(elements), np.asarray(test_elements), assume_unique, invert)
    return Tensor(np.asarray(found))


greater, greater_equal = gt, ge
less, less_equal = lt, le
not_equal = ne
