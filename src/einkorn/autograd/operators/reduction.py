"""Reductions: sums, means, extremes and norms, over everything or over some dimensions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd.operators.arithmetic import abs as _abs
from einkorn.autograd.operators.arithmetic import maximum, minimum, sign, sqrt, square, where
from einkorn.autograd.operators.common import (
    as_dim,
    as_dims,
    cast,
    namespace,
    to_floating,
    to_tensor,
)
from einkorn.autograd.operators.shape import expand, reshape, unsqueeze
from einkorn.autograd.promotion import as_dtype
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "argsort",
    "count_nonzero",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "sort",
    "std",
    "sum",
    "topk",
    "trace",
    "var",
]


class ValuesIndices(NamedTuple):
    """Extreme or sorted values and where they were found."""

    values: Tensor
    indices: Tensor


def _kept(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return `shape` with size 1 along `dims`."""
    return tuple([1 if i in dims else n for i, n in enumerate(shape)])


def _spread(grad: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
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
        return x.sum(self.dims, keepdims=self.keepdim)

    def backward(self, grad: Any) -> Any:
        return _spread(grad, self.shape, self.dims)


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
            return x.sum(self.dims, keepdims=self.keepdim) / np.asarray(count, x.dtype)

    def backward(self, grad: Any) -> Any:
        return _spread(grad / self.count, self.shape, self.dims)


class Prod(Operator):
    """The product over some dimensions."""

    __slots__ = ("dims", "keepdim")
    retain = retain_inputs

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        return x.prod(self.dims, keepdims=self.keepdim)

    def backward(self, grad: Any, x: Any) -> Any:
        # The product of all others, from both sides: exact also where factors are 0.
        grad = _spread(grad, x.shape, self.dims)
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
        return self.function(x, self.dims, keepdims=self.keepdim)

    def backward(self, grad: Any, x: Any) -> Any:
        values = np.asarray(x)
        chosen = values == self.function(values, self.dims, keepdims=True)
        share = chosen / chosen.sum(self.dims, keepdims=True)
        return _spread(grad, x.shape, self.dims) * share.astype(x.dtype)


class Pick(Operator):
    """The elements at given positions along one dimension, each taken once per row."""

    __slots__ = ("dim", "indices", "shape")

    def __init__(self, indices: Any, dim: int) -> None:
        self.indices = indices
        self.dim = dim

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return np.take_along_axis(x, self.indices, self.dim)

    def backward(self, grad: Any) -> Any:
        if isinstance(grad, Tensor):
            return Place(self.indices, self.dim, self.shape).apply(grad)
        result = np.zeros(self.shape, grad.dtype)
        np.put_along_axis(result, self.indices, grad, self.dim)
        return result


class Place(Operator):
    """The adjoint of :class:`Pick`: zeros with the elements put at the given positions."""

    __slots__ = ("dim", "indices", "shape")

    def __init__(self, indices: Any, dim: int, shape: tuple[int, ...]) -> None:
        self.indices = indices
        self.dim = dim
        self.shape = shape

    def forward(self, x: Any) -> Any:
        result = np.zeros(self.shape, x.dtype)
        np.put_along_axis(result, self.indices, x, self.dim)
        return result

    def backward(self, grad: Any) -> Any:
        if isinstance(grad, Tensor):
            return Pick(self.indices, self.dim).apply(grad)
        return np.take_along_axis(grad, self.indices, self.dim)


class CumSum(Operator):
    """Running sums along one dimension."""

    __slots__ = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return x.cumsum(self.dim, dtype=x.dtype)

    def backward(self, grad: Any) -> Any:
        xp = namespace(grad)
        return xp.flip(xp.cumsum(xp.flip(grad, self.dim), self.dim), self.dim)


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
        grad = _spread(grad, x.shape, self.dims)
        if isinstance(x, Tensor):
            return grad * (x - LogSumExp(self.dims, True).apply(x)).exp()
        return grad * np.exp(x - self._kept(x))


def _widened(value: Any, dtype: DTypeLike | None) -> Tensor:
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
    x = _widened(input, dtype)
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
    x = _widened(input, dtype)
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
    _refuse_empty(function, x, dims)
    return Extreme(function, dims, keepdim).apply(x)


def _refuse_empty(function: Any, x: Tensor, dims: tuple[int, ...]) -> None:
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


def _with_indices(find: Any, x: Tensor, dim: int, keepdim: bool) -> ValuesIndices:
    """Return the elements that `find` (argmax or argmin) chooses along `dim`, and where."""
    if not x.ndim:
        return ValuesIndices(x * 1, Tensor(np.zeros((), np.int64)))
    d = as_dim(dim, x.ndim)
    _refuse_empty(find, x, (d,))
    indices = np.expand_dims(find(x._data, d), d)
    values, places = Pick(indices, d).apply(x), Tensor(indices)
    if keepdim:
        return ValuesIndices(values, places)
    rest = x.shape[:d] + x.shape[d + 1 :]
    return ValuesIndices(reshape(values, rest), reshape(places, rest))


def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Return the greatest value, or the greatest along `dim` with their indices.

    ``max(input)`` is one value; ``max(input, dim)`` is ``(values, indices)``;
    ``max(input, other)`` with a Tensor is :func:`maximum`. The first of equals is found.

    Examples
    --------
    >>> import einkorn as ek
    >>> values, indices = ek.tensor([[1.0, 5.0], [7.0, 2.0]]).max(1)
    >>> values.tolist(), indices.tolist()
    ([5.0, 7.0], [1, 0])
    """
    other = dim if isinstance(dim, (Tensor, np.ndarray)) else other
    if other is not None:
        return maximum(input, other)
    if dim is None:
        return amax(input)
    return _with_indices(np.argmax, to_tensor(input), dim, keepdim)


def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Return the smallest value, or the smallest along `dim` with their indices; as :func:`max`."""
    other = dim if isinstance(dim, (Tensor, np.ndarray)) else other
    if other is not None:
        return minimum(input, other)
    if dim is None:
        return amin(input)
    return _with_indices(np.argmin, to_tensor(input), dim, keepdim)


def _arg(find: Any, input: Any, dim: int | None, keepdim: bool) -> Tensor:
    x = to_tensor(input)._data
    if dim is None:
        found = np.asarray(find(x))
        return Tensor(found.reshape((1,) * x.ndim) if keepdim else found)
    if not x.ndim:
        return Tensor(np.zeros((), np.int64))
    return Tensor(np.asarray(find(x, as_dim(dim, x.ndim), keepdims=keepdim)))


def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the greatest value is: the first one, in the flattened input or along `dim`."""
    return _arg(np.argmax, input, dim, keepdim)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the smallest value is: the first one, in the flattened input or along `dim`."""
    return _arg(np.argmin, input, dim, keepdim)


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


def norm(
    input: Any,
    p: float | str | None = "fro",
    dim: Any = None,
    keepdim: bool = False,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Return the vector norm of order `p` over everything or over `dim`.

    Parameters
    ----------
    input : Tensor
    p : float, inf, -inf or "fro"
        ``"fro"`` is 2.
    dim : int or tuple of int, optional
    keepdim : bool
    dtype : dtype, optional

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([3.0, 4.0]).norm()
    tensor(5.)
    """
    x = to_floating(input) if dtype is None else cast(to_tensor(input), as_dtype(dtype))
    dims = as_dims(dim, x.ndim)
    if p is None or p == "fro":
        p = 2.0
    if isinstance(p, str):
        raise ValueError(f"p: expected a number or 'fro', got {p!r}")
    if p == 2:
        return Norm(dims, keepdim).apply(x)
    if p == math.inf:
        return amax(_abs(x), dims, keepdim)
    if p == -math.inf:
        return amin(_abs(x), dims, keepdim)
    if p == 0:
        return Sum(dims, keepdim).apply(_abs(sign(x)))
    size = _abs(x)
    if p == 1:
        return Sum(dims, keepdim).apply(size)
    total = Sum(dims, keepdim).apply(_power(size, p))
    return _power(total, 1 / p)


def _power(x: Tensor, exponent: float) -> Tensor:
    """Return ``x ** exponent`` with gradient 0 at 0, where it may be infinite."""
    zero = x == 0
    return where(zero, 0.0, where(zero, 1.0, x) ** exponent)


class Norm(Operator):
    """The Euclidean norm over some dimensions, with gradient 0 at 0."""

    __slots__ = ("dims", "keepdim")
    retain = retain_inputs

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        return np.sqrt((x * x).sum(self.dims, keepdims=self.keepdim))

    def backward(self, grad: Any, x: Any) -> Any:
        grad = _spread(grad, x.shape, self.dims)
        if isinstance(x, Tensor):
            size = Norm(self.dims, True).apply(x)
            return grad * x / (size + (size == 0))
        size = np.sqrt((x * x).sum(self.dims, keepdims=True))
        return grad * x / (size + (size == 0))


def cumsum(input: Any, dim: int, *, dtype: DTypeLike | None = None) -> Tensor:
    """Return the running sums along `dim`."""
    x = _widened(input, dtype)
    return CumSum(as_dim(dim, x.ndim)).apply(x) if x.ndim else x * 1


def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False
) -> ValuesIndices:
    """Return the values sorted along `dim`, and where they were; always stable."""
    x = to_tensor(input)
    if not x.ndim:
        return ValuesIndices(x * 1, Tensor(np.zeros((), np.int64)))
    d = as_dim(dim, x.ndim)
    if descending:
        # Sorting the reversed input and reversing the result keeps equals in their order.
        order = np.flip(np.argsort(np.flip(x._data, d), d, kind="stable"), d)
        order = x.shape[d] - 1 - order
    else:
        order = np.argsort(x._data, d, kind="stable")
    return ValuesIndices(Pick(order, d).apply(x), Tensor(order))


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Return the indices that sort `input` along `dim`; always stable."""
    return sort(input, dim, descending).indices


def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesIndices:
    """Return the `k` greatest (or smallest) values along `dim`, in order, and where they were.

    Raises
    ------
    RuntimeError
        If there are fewer than `k`.
    """
    x = to_tensor(input)
    d = as_dim(dim, x.ndim)
    extent = x.shape[d] if x.ndim else 1
    if not 0 <= k <= extent:
        raise RuntimeError(f"k: expected in [0, {extent}], got {k}")
    order = sort(x.detach(), d, descending=largest).indices._data
    indices = order.take(range(k), d) if x.ndim else order
    values = Pick(indices, d).apply(x) if x.ndim else x * 1
    return ValuesIndices(values, Tensor(indices))


def trace(input: Any) -> Tensor:
    """Return the sum of the diagonal of a matrix.

    Raises
    ------
    RuntimeError
        If `input` has not two dimensions.
    """
    x = to_tensor(input)
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, got shape {x.shape}")
    return sum(x.diagonal())


def count_nonzero(input: Any, dim: Any = None) -> Tensor:
    """Return the number of elements that are not zero."""
    x = to_tensor(input)._data
    return Tensor(np.asarray(np.count_nonzero(x, as_dims(dim, x.ndim))))
