"""Extremes with their places, and orders: maxima, sorting, the greatest few."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from einkorn.autograd.operators.common import as_dim, to_tensor
from einkorn.autograd.operators.reduction import amax, amin, refuse_empty
from einkorn.autograd.operators.selection import maximum, minimum
from einkorn.autograd.operators.shape import reshape
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "argmax",
    "argmin",
    "argsort",
    "max",
    "min",
    "sort",
    "topk",
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


def _with_indices(find: Any, x: Tensor, dim: int, keepdim: bool) -> ValuesIndices:
    """Return the elements that `find` (argmax or argmin) chooses along `dim`, and where."""
    if not x.ndim:
        return ValuesIndices(x * 1, Tensor(np.zeros((), np.int64)))
    d = as_dim(dim, x.ndim)
    refuse_empty(find, x, (d,))
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
