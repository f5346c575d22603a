"""Tensors made from sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd.operators.common import as_shape
from einkorn.autograd.promotion import as_dtype, default_dtype, scalar_dtype
from einkorn.autograd.tensor import Tensor, check_device

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def _new(array: Any, device: Any, requires_grad: bool) -> Tensor:
    check_device(device)
    return Tensor(array).requires_grad_(requires_grad)


def _chosen(dtype: DTypeLike | None, default: np.dtype[Any] = default_dtype) -> np.dtype[Any]:
    return default if dtype is None else as_dtype(dtype)


def zeros(
    *size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of zeros; `size` is given one by one or as one sequence.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.zeros(2, 3).shape
    (2, 3)
    """
    return _new(np.zeros(as_shape(size), _chosen(dtype)), device, requires_grad)


def ones(
    *size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of ones; `size` is given one by one or as one sequence."""
    return _new(np.ones(as_shape(size), _chosen(dtype)), device, requires_grad)


def empty(
    *size: Any, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of unspecified values; `size` is given one by one or as one sequence."""
    return _new(np.empty(as_shape(size), _chosen(dtype)), device, requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor filled with one value, by default of the dtype that suits the value."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    natural = scalar_dtype(value) or default_dtype
    return _new(np.full(as_shape((size,)), value, _chosen(dtype, natural)), device, requires_grad)


def _like(
    make: Any, input: Any, dtype: DTypeLike | None, device: Any, requires_grad: bool
) -> Tensor:
    source = np.asarray(input)
    return _new(make(source.shape, _chosen(dtype, source.dtype)), device, requires_grad)


def zeros_like(
    input: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return zeros of the shape and dtype of `input`."""
    return _like(np.zeros, input, dtype, device, requires_grad)


def ones_like(
    input: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return ones of the shape and dtype of `input`."""
    return _like(np.ones, input, dtype, device, requires_grad)


def empty_like(
    input: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return unspecified values of the shape and dtype of `input`."""
    return _like(np.empty, input, dtype, device, requires_grad)


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of the shape and dtype of `input` filled with one value."""
    source = np.asarray(input)
    array = np.full(source.shape, np.asarray(fill_value), _chosen(dtype, source.dtype))
    return _new(array, device, requires_grad)


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``start, start + step, ...`` below `end`; with one argument, from 0.

    int64 if all arguments are integers, else float32.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.arange(1, 2.5, 0.5)
    tensor([1. , 1.5, 2. ])
    """
    if end is None:
        start, end = 0, start
    whole = all(isinstance(n, (int, np.integer)) for n in (start, end, step))
    natural = np.dtype(np.int64) if whole else default_dtype
    array = np.arange(start, end, step).astype(_chosen(dtype, natural))
    return _new(array, device, requires_grad)


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `steps` values at equal distances from `start` to `end`, both included."""
    return _new(np.linspace(start, end, steps).astype(_chosen(dtype)), device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the identity matrix of `n` rows and `m` (default: `n`) columns."""
    return _new(np.eye(n, m, dtype=_chosen(dtype)), device, requires_grad)
