"""Extremes with their places, and orders: maxima, sorting, the greatest few."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import as_dim, to_tensor
from einkorn.autograd.operators.conversion import clone
from einkorn.autograd.operators.reduction import amax, amin, refuse_empty
from einkorn.autograd.operators.selection import maximum, minimum, where
from einkorn.autograd.operators.shape import reshape
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "argmax",
    "argmin",
    "argsort",
    "bincount",
    "bucketize",
    "kthvalue",
    "max",
    "median",
    "min",
    "msort",
    "nanmedian",
    "searchsorted",
    "sort",
    "topk",
    "unique",
]


class ValuesIndices(NamedTuple):
    """Extreme or sorted values and where they were found."""

    values: Tensor
    indices: Tensor


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


def _scalar(x: Tensor, dim: int) -> ValuesIndices:
    """Return the one element of a tensor without dimensions, and its place."""
    as_dim(dim, 0)
    return ValuesIndices(clone(x), Tensor(np.zeros((), np.int64)))


def _with_indices(find: Any, x: Tensor, dim: int, keepdim: bool) -> ValuesIndices:
    """Return the elements that `find` (argmax or argmin) chooses along `dim`, and where."""
    if not x.ndim:
        return _scalar(x, dim)
    d = as_dim(dim, x.ndim)
    refuse_empty(find, x, (d,))
    indices = _places(find, x._data, d, True)
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


def _places(find: Any, x: Any, dim: int | None, keepdim: bool) -> Any:
    """Return what `find`, argmax or argmin, gives for an array that is not empty."""
    if x.size and x.dtype.char in "fd" and x.flags.c_contiguous:
        kernel = kernels.argmax if find is np.argmax else kernels.argmin
        return kernel(x, dim, keepdim)
    return np.asarray(find(x, dim, keepdims=keepdim))


def _arg(find: Any, input: Any, dim: int | None, keepdim: bool) -> Tensor:
    x = to_tensor(input)._data
    if not x.ndim and dim is not None:
        return Tensor(np.zeros((), np.int64))
    return Tensor(_places(find, x, dim if dim is None else as_dim(dim, x.ndim), keepdim))


def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the greatest value is: the first one, in the flattened input or along `dim`."""
    return _arg(np.argmax, input, dim, keepdim)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the smallest value is: the first one, in the flattened input or along `dim`."""
    return _arg(np.argmin, input, dim, keepdim)


def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False
) -> ValuesIndices:
    """Return the values sorted along `dim`, and where they were; always stable."""
    x = to_tensor(input)
    if not x.ndim:
        return _scalar(x, dim)
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
    values = Pick(indices, d).apply(x) if x.ndim else clone(x)
    return ValuesIndices(values, Tensor(indices))


def msort(input: Any) -> Tensor:
    """Return the values sorted along the first dimension."""
    return sort(input, 0).values


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """Return the `k`-th smallest values along `dim`, counted from 1, and where they are.

    Raises
    ------
    RuntimeError
        If there are fewer than `k`.
    """
    x = to_tensor(input)
    d = as_dim(dim, x.ndim)
    extent = x.shape[d] if x.ndim else 1
    if not 1 <= k <= extent:
        raise RuntimeError(f"k: expected in [1, {extent}], got {k}")
    if not x.ndim:
        return _scalar(x, dim)
    return _at(x, np.argsort(x._data, d, kind="stable").take([k - 1], d), d, keepdim)


def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the lower median, or the medians along `dim` with their indices; NaN wins.

    Of all elements, equal ones share the gradient.
    """
    return _median(input, dim, keepdim, ignore_nan=False)


def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the lower median of what is not NaN; as :func:`median`."""
    return _median(input, dim, keepdim, ignore_nan=True)


def _median(input: Any, dim: int | None, keepdim: bool, *, ignore_nan: bool) -> Any:
    x = to_tensor(input)
    if dim is None:
        if not x.numel():
            if x._data.dtype.kind != "f":
                raise RuntimeError("median: of no integers")
            return Tensor(np.asarray(np.nan, x.dtype))
        flat = reshape(x, -1)
        found = _middle(flat._data, 0, ignore_nan)
        return _even_choice(flat, flat._data[found])
    if not x.ndim:
        return _scalar(x, dim)
    d = as_dim(dim, x.ndim)
    refuse_empty(np.median, x, (d,))
    return _at(x, _middle(x._data, d, ignore_nan), d, keepdim)


def _middle(values: Any, dim: int, ignore_nan: bool) -> Any:
    """Return where the lower medians along `dim` are, which is kept with size 1."""
    order = np.argsort(values, dim, kind="stable")
    count = np.asarray(values.shape[dim])
    if values.dtype.kind == "f":
        # NaN is sorted last.
        numbers = (~np.isnan(values)).sum(dim, keepdims=True)
        first_nan = np.where(numbers < count, numbers, (count - 1) // 2)
        place = np.maximum(numbers - 1, 0) // 2 if ignore_nan else first_nan
    else:
        shape = (*values.shape[:dim], 1, *values.shape[dim + 1 :])
        place = np.full(shape, (count - 1) // 2)
    return np.take_along_axis(order, place, dim)


def _even_choice(x: Tensor, value: Any) -> Tensor:
    """Return `value`, elements of `x` equal to which share the gradient."""
    same = np.isnan(x._data) if value != value else x._data == value
    if x._data.dtype.kind != "f":
        return Tensor(np.asarray(value).reshape(()))
    share = (same / same.sum()).astype(x.dtype)
    return where(same, x, 0).mul(share).sum() if np.isfinite(value) else where(same, x, 0).sum()


def _at(x: Tensor, indices: Any, d: int, keepdim: bool) -> ValuesIndices:
    """Return the elements at `indices`, one along `d`, and these."""
    values, places = Pick(indices, d).apply(x), Tensor(indices)
    if keepdim:
        return ValuesIndices(values, places)
    rest = x.shape[:d] + x.shape[d + 1 :]
    return ValuesIndices(reshape(values, rest), reshape(places, rest))


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Tensor:
    """Return how often each integer from 0 appears, or the sums of the `weights` of each.

    Raises
    ------
    RuntimeError
        For negative integers.
    """
    values = to_tensor(input)._data
    if values.ndim != 1 or values.dtype.kind not in "iu" or (values < 0).any():
        raise RuntimeError("input: expected integers from 0 in one dimension")
    if weights is None:
        return Tensor(np.bincount(values, minlength=minlength))
    factors = np.asarray(weights)
    sums = np.bincount(values, factors, minlength)
    return Tensor(sums.astype(factors.dtype if factors.dtype.kind == "f" else np.float64))


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the different elements in order, or the different slices along `dim`.

    Parameters
    ----------
    input : Tensor
    sorted : bool
        Accepted; the result is always sorted.
    return_inverse, return_counts : bool
        Return also where each element of `input` is in the result; how often it appears.
    dim : int, optional
    """
    wanted: dict[str, Any] = {"return_inverse": return_inverse, "return_counts": return_counts}
    found: Any = np.unique(to_tensor(input)._data, **wanted, axis=dim)
    if not (return_inverse or return_counts):
        return Tensor(found)
    return tuple([Tensor(np.asarray(part)) for part in found])


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Tensor:
    """Return where `input` would have to be inserted to keep a sequence sorted.

    Parameters
    ----------
    sorted_sequence : Tensor of shape (*, N)
    input : Tensor of shape (*, M) or number
        Of any shape where the sequence has one dimension.
    out_int32 : bool
        Return int32 instead of int64.
    right : bool
        Insert after equal elements; the same as ``side="right"``.
    side : {"left", "right"}, optional
    sorter : int64 Tensor, optional
        Indices that sort `sorted_sequence`, where it is not sorted.
    """
    if side not in (None, "left", "right") or (right and side == "left"):
        raise RuntimeError(f"side: expected 'left' or 'right' to fit right={right}, got {side!r}")
    edges, values = np.asarray(sorted_sequence), np.asarray(input)
    if sorter is not None:
        order = np.asarray(sorter)
        if order.shape != edges.shape or order.dtype != np.int64:
            raise RuntimeError(f"sorter: expected int64 of shape {edges.shape}, got {order.shape}")
        edges = np.take_along_axis(edges, order, -1)
    place: Any = "right" if right or side == "right" else "left"
    if edges.ndim == 1:
        found = np.asarray(np.searchsorted(edges, values, place))
    else:
        if edges.shape[:-1] != values.shape[:-1]:
            raise RuntimeError(f"input: shape {values.shape} does not fit {edges.shape}")
        count = math.prod(edges.shape[:-1])
        rows = zip(
            edges.reshape(count, edges.shape[-1]),
            values.reshape(count, values.shape[-1]),
            strict=True,
        )
        lines = [np.searchsorted(edge, value, place) for edge, value in rows]
        found = np.reshape(np.asarray(lines, np.int64), values.shape)
    return Tensor(found.astype(np.int32 if out_int32 else np.int64))


def bucketize(
    input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Return the number of the interval between `boundaries` in which each value lies."""
    edges = np.asarray(boundaries)
    if edges.ndim != 1:
        raise RuntimeError(f"boundaries: expected one dimension, got shape {edges.shape}")
    return searchsorted(edges, input, out_int32=out_int32, right=right)
