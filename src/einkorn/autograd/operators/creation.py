"""Tensors made from sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd.operators.common import as_shape
from einkorn.autograd.promotion import as_dtype, default_dtype, scalar_dtype
from einkorn.autograd.tensor import Tensor, check_device, tensor

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "scalar_tensor",
    "tril_indices",
    "triu_indices",
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
    chosen = _chosen(dtype, np.dtype(np.int64) if whole else default_dtype)
    if step == 0 or (end - start) * (1 if step > 0 else -1) < 0:
        raise RuntimeError(f"step: {step} does not lead from {start} to {end}")
    if chosen.kind in "iu":
        start, end, step = int(start), int(end), int(step)
    array = np.arange(start, end, step).astype(chosen)
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
    for name, value in (("start", start), ("end", end)):
        if np.ndim(value):
            raise RuntimeError(f"{name}: expected a number, got shape {np.shape(value)}")
    start, end = (x.item() if isinstance(x, Tensor) else x for x in (start, end))
    chosen = _chosen(dtype)
    array = (
        _whole_steps(start, end, steps) if chosen.kind in "iu" else np.linspace(start, end, steps)
    )
    return _new(array.astype(chosen), device, requires_grad)


def _whole_steps(start: Any, end: Any, steps: int) -> Any:
    """Return `steps` integers, rounded towards zero, counted from the nearer end."""
    first, last = int(start), int(end)
    step = (last - first) / (steps - 1) if steps > 1 else 0.0
    number = np.arange(steps)
    values = np.where(
        number < steps // 2, first + step * number, last - step * (steps - 1 - number)
    )
    return np.trunc(values) if steps > 1 else np.full(steps, first)


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


def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return powers of `base` with exponents at equal distances from `start` to `end`."""
    chosen = _chosen(dtype)
    if chosen.kind in "iu":
        start, end = int(start), int(end)
    exponents = linspace(start, end, steps, dtype=np.float64)._data
    with np.errstate(invalid="ignore", over="ignore"):
        powers = (np.asarray(float(base)) ** exponents).astype(chosen)
    return _new(powers, device, requires_grad)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: DTypeLike | None = None, device: Any = None
) -> Tensor:
    """Return the rows and columns, two lines, of the lower triangle of a matrix."""
    found = np.stack(np.tril_indices(row, offset, col))
    return _new(found.astype(_chosen(dtype, np.dtype(np.int64))), device, False)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: DTypeLike | None = None, device: Any = None
) -> Tensor:
    """Return the rows and columns, two lines, of the upper triangle of a matrix."""
    found = np.stack(np.triu_indices(row, offset, col))
    return _new(found.astype(_chosen(dtype, np.dtype(np.int64))), device, False)


def scalar_tensor(
    s: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a number as a tensor without dimensions, by default of float32."""
    return full((), s, dtype=_chosen(dtype), device=device, requires_grad=requires_grad)


def new_zeros(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """Return a tensor of zeros, by default of this tensor's dtype."""
    return zeros(*size, **{"dtype": self.dtype, **_given(options)})


def new_ones(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """Return a tensor of ones, by default of this tensor's dtype."""
    return ones(*size, **{"dtype": self.dtype, **_given(options)})


def new_empty(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """Return a tensor of unspecified values, by default of this tensor's dtype."""
    return empty(*size, **{"dtype": self.dtype, **_given(options)})


def new_full(self: Tensor, size: Any, fill_value: Any, **options: Any) -> Tensor:
    """Return a tensor filled with one value, by default of this tensor's dtype."""
    return full(size, fill_value, **{"dtype": self.dtype, **_given(options)})


def new_tensor(self: Tensor, data: Any, **options: Any) -> Tensor:
    """Return a tensor with a copy of `data`, by default of this tensor's dtype."""
    return tensor(data, **{"dtype": self.dtype, **_given(options)})


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
