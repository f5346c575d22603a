"""Reductions: sums, means, variances and extremes, over everything or over some dimensions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from einkorn import kernels
from einkorn.autograd.operators.arithmetic import square
from einkorn.autograd.operators.common import (
    as_dim,
    as_dims,
    cast,
    sum_over,
    to_floating,
    to_tensor,
)
from einkorn.autograd.operators.elementary import sqrt
from einkorn.autograd.operators.selection import where
from einkorn.autograd.operators.shape import expand, reshape, unsqueeze
from einkorn.autograd.promotion import as_dtype
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "amax",
    "amin",
    "aminmax",
    "count_nonzero",
    "logsumexp",
    "mean",
    "nanmean",
    "nansum",
    "prod",
    "std",
    "std_mean",
    "sum",
    "var",
    "var_mean",
]


def _kept(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return `shape` with size 1 along `dims`."""
    return tuple([1 if i in dims else n for i, n in enumerate(shape)])


def spread(grad: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    """Broadcast the gradient of a reduction of `shape` over `dims` back to `shape`."""
    if isinstance(grad, Tensor):
        return expand(reshape(grad, _kept(shape, dims)), shape)
    return np.broadcast_to(grad.reshape(_kept(shape, dims)), shape)


class Sum(Operator):
    """The sum over some dimensions."""

    __slots__ = ("dims", "keepdim", "shape")

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return sum_over(x, self.dims, self.keepdim)

    def backward(self, grad: Any) -> Any:
        return spread(grad, self.shape, self.dims)


class Mean(Operator):
    """The mean over some dimensions."""

    __slots__ = ("count", "dims", "keepdim", "shape")

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        shape = self.shape = x.shape
        count = 1
        for dim in self.dims:
            count *= shape[dim]
        self.count = count
        with np.errstate(invalid="ignore"):
            # Division by a 0-d array of the dtype gives NaN for no elements, as a float would not.
            return sum_over(x, self.dims, self.keepdim) / np.asarray(count, x.dtype)

    def backward(self, grad: Any) -> Any:
        return spread(grad / self.count, self.shape, self.dims)


class Prod(Operator):
    """The product over some dimensions."""

    __slots__ = ("dims", "keepdim")
    retain = retain_inputs

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        return x.prod(self.dims, dtype=x.dtype, keepdims=self.keepdim)

    def backward(self, grad: Any, x: Any) -> Any:
        # The product of all others, from both sides: exact also where factors are 0.
        grad = spread(grad, x.shape, self.dims)
        if not self.dims:
            return grad
        rest = [d for d in range(x.ndim) if d not in self.dims]
        order = (*rest, *self.dims)
        moved = x.permute(order) if isinstance(x, Tensor) else x.transpose(order)
        count = math.prod([x.shape[d] for d in self.dims])
        flat = moved.reshape((*[x.shape[d] for d in rest], count))
        others = _products_of_others(flat).reshape(moved.shape)
        back = sorted(range(x.ndim), key=order.__getitem__)
        return grad * (others.permute(back) if isinstance(x, Tensor) else others.transpose(back))


def _products_of_others(x: Any) -> Any:
    """Return for each element the product of the others along the last dimension."""
    if not isinstance(x, Tensor):
        one = np.ones_like(x[..., :1])
        before = np.cumprod(np.concatenate([one, x[..., :-1]], -1), -1)
        after = np.cumprod(np.concatenate([one, x[..., :0:-1]], -1), -1)[..., ::-1]
        return before * after
    n = x.shape[-1]
    repeated = expand(unsqueeze(x, -2), (*x.shape[:-1], n, n))
    return prod(where(np.eye(n, dtype=bool), 1.0, repeated), -1)


class Extreme(Operator):
    """The greatest or smallest value over some dimensions; ties share the gradient."""

    __slots__ = ("dims", "function", "keepdim")
    retain = retain_inputs

    def __init__(self, function: Any, dims: tuple[int, ...], keepdim: bool) -> None:
        self.function = function
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        return self._best(x, self.keepdim)

    def _best(self, x: Any, keepdim: bool) -> Any:
        if x.__class__ is np.ndarray and x.dtype.char in "fd" and x.flags.c_contiguous:
            kernel = kernels.amax if self.function is np.max else kernels.amin
            return kernel(x, self.dims, keepdim)
        return self.function(x, self.dims, keepdims=keepdim)

    def backward(self, grad: Any, x: Any) -> Any:
        values = np.asarray(x)
        chosen = values == self._best(values, True)
        share = chosen / chosen.sum(self.dims, keepdims=True)
        return spread(grad, x.shape, self.dims) * share.astype(x.dtype)


class LogSumExp(Operator):
    """``log(sum(exp(x)))`` over some dimensions, without overflow."""

    __slots__ = ("dims", "keepdim")
    retain = retain_inputs

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        result = self._kept(x)
        return result if self.keepdim else result.squeeze(self.dims)

    def _kept(self, x: Any) -> Any:
        high = x.max(self.dims, keepdims=True, initial=-np.inf)
        high = np.where(np.isfinite(high), high, 0).astype(x.dtype)
        with np.errstate(divide="ignore", over="ignore"):
            return np.log(np.exp(x - high).sum(self.dims, keepdims=True)) + high

    def backward(self, grad: Any, x: Any) -> Any:
        grad = spread(grad, x.shape, self.dims)
        if isinstance(x, Tensor):
            return grad * (x - LogSumExp(self.dims, True).apply(x)).exp()
        return grad * np.exp(x - self._kept(x))


def widened(value: Any, dtype: DTypeLike | None) -> Tensor:
    """Return `value` in `dtype`, by default in int64 where it is an integer or bool."""
    x = to_tensor(value)
    if dtype is not None:
        return cast(x, as_dtype(dtype))
    return x if x._data.dtype.kind == "f" else cast(x, np.dtype(np.int64))


def sum(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DTypeLike | None = None
) -> Tensor:
    """Return the sum over everything or over `dim`.

    Parameters
    ----------
    input : Tensor
        Integers and bools are summed as int64.
    dim : int or tuple of int, optional
        What to sum over; None or () for all dimensions.
    keepdim : bool
        Keep the summed dimensions with size 1.
    dtype : dtype, optional
        Convert to this dtype first.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([[1.0, 2.0], [3.0, 4.0]]).sum(0)
    tensor([4., 6.])
    """
    x = widened(input, dtype)
    return Sum(as_dims(dim, x._data.ndim), keepdim).apply(x)


def mean(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DTypeLike | None = None
) -> Tensor:
    """Return the mean over everything or over `dim`.

    Raises
    ------
    RuntimeError
        If `input` is not floating point and no `dtype` is given.
    """
    x = to_tensor(input) if dtype is None else cast(to_tensor(input), as_dtype(dtype))
    if x._data.dtype.kind != "f":
        raise RuntimeError(f"mean: expected a floating point tensor, got {x.dtype}; give a dtype")
    return Mean(as_dims(dim, x._data.ndim), keepdim).apply(x)


def prod(
    input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: DTypeLike | None = None
) -> Tensor:
    """Return the product over everything or over one dimension."""
    x = widened(input, dtype)
    return Prod(as_dims(dim, x.ndim), keepdim).apply(x)


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Return the variance over everything or over `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        None or () for all dimensions.
    unbiased : bool, optional
        Older way to say ``correction=1`` (True) or ``correction=0``.
    keepdim : bool
        Keep the dimensions with size 1.
    correction : float
        What is subtracted from the number of elements in the divisor. Default: 1.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([1.0, 2.0, 3.0, 4.0]).var(correction=0)
    tensor(1.25)
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    x = to_tensor(input)
    dims = as_dims(dim, x.ndim)
    count = math.prod([x.shape[d] for d in dims])
    deviation = square(x - mean(x, dims, True)) if dims else x * 0
    total = Sum(dims, keepdim).apply(deviation)
    divisor = np.asarray(count - correction if count > correction else 0, x.dtype)
    return total / divisor


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Return the standard deviation over everything or over `dim`; parameters as :func:`var`."""
    return sqrt(var(input, dim, unbiased, keepdim, correction=correction))


def _extreme(function: Any, input: Any, dim: Any, keepdim: bool) -> Tensor:
    x = to_tensor(input)
    dims = as_dims(dim, x.ndim)
    refuse_empty(function, x, dims)
    return Extreme(function, dims, keepdim).apply(x)


def refuse_empty(function: Any, x: Tensor, dims: tuple[int, ...]) -> None:
    if any(x.shape[d] == 0 for d in dims):
        raise IndexError(f"{function.__name__}: of no elements, in shape {x.shape} over {dims}")


def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Return the greatest values over `dim`; equal ones share the gradient.

    Raises
    ------
    IndexError
        If there are no elements to choose from.
    """
    return _extreme(np.max, input, dim, keepdim)


def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Return the smallest values over `dim`; equal ones share the gradient.

    Raises
    ------
    IndexError
        If there are no elements to choose from.
    """
    return _extreme(np.min, input, dim, keepdim)


def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Tensor:
    """Return ``log(sum(exp(input)))`` over `dim`, without overflow.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.logsumexp(ek.tensor([1000.0, 1000.0]), 0)
    tensor(1000.693...)
    """
    x = to_floating(input)
    return LogSumExp(as_dims(dim, x.ndim), keepdim).apply(x)


def count_nonzero(input: Any, dim: Any = None) -> Tensor:
    """Return the number of elements that are not zero."""
    x = to_tensor(input)._data
    return Tensor(np.asarray(np.count_nonzero(x, as_dims(dim, x.ndim))))


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the variance and the mean; parameters as :func:`var`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    spread_ = var(input, dim, unbiased, keepdim, correction=correction)
    return spread_, mean(input, dim, keepdim)


def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the standard deviation and the mean; parameters as :func:`var`."""
    spread_, middle = var_mean(input, dim, unbiased, keepdim, correction=correction)
    return sqrt(spread_), middle


def nansum(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DTypeLike | None = None
) -> Tensor:
    """Return the sum of what is not NaN; parameters as :func:`sum`."""
    x = to_tensor(input)
    return sum(where(np.isnan(x._data), 0, x), dim, keepdim, dtype=dtype)


def nanmean(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DTypeLike | None = None
) -> Tensor:
    """Return the mean of what is not NaN; parameters as :func:`mean`."""
    x = to_tensor(input) if dtype is None else cast(to_tensor(input), as_dtype(dtype))
    if x._data.dtype.kind != "f":
        raise RuntimeError(f"nanmean: expected a floating point tensor, got {x.dtype}")
    count = (~np.isnan(x._data)).sum(as_dims(dim, x.ndim), keepdims=keepdim)
    return nansum(x, dim, keepdim) / np.asarray(count, x.dtype)


class Extremes(NamedTuple):
    """The smallest and the greatest values."""

    min: Tensor
    max: Tensor


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Extremes:
    """Return the smallest and the greatest values over everything or over `dim`."""
    x = to_tensor(input)
    dims = () if dim is None else (as_dim(dim, x.ndim),)
    if not x.numel() and dim is None:
        raise RuntimeError("aminmax: of no elements; give a dim")
    if dim is None and keepdim:
        low, high = amin(x), amax(x)
        return Extremes(reshape(low, (1,) * x.ndim), reshape(high, (1,) * x.ndim))
    return Extremes(amin(x, dims, keepdim), amax(x, dims, keepdim))
