"""Indexing: what NumPy's brackets take, and the named forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import as_dim, cast, to_tensor
from einkorn.autograd.operators.conversion import clone
from einkorn.autograd.operators.selection import where
from einkorn.autograd.operators.shape import as_view
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor, as_tensor

__all__ = [
    "argwhere",
    "gather",
    "getitem",
    "index_select",
    "masked_fill",
    "masked_select",
    "narrow",
    "nonzero",
    "select",
    "take",
    "take_along_dim",
]


class GetItem(Operator):
    """``x[key]``, with NumPy's meaning."""

    __slots__ = ("key", "repeats", "shape")

    def __init__(self, key: Any, repeats: bool) -> None:
        self.key = key
        self.repeats = repeats

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return x[self.key]

    def backward(self, grad: Any) -> Any:
        if isinstance(grad, Tensor):
            return Scatter(self.key, self.repeats, self.shape).apply(grad)
        return _scattered(grad, self.key, self.repeats, self.shape)


class Scatter(Operator):
    """The adjoint of :class:`GetItem`: zeros, with values added at ``[key]``."""

    __slots__ = ("key", "repeats", "shape")

    def __init__(self, key: Any, repeats: bool, shape: tuple[int, ...]) -> None:
        self.key = key
        self.repeats = repeats
        self.shape = shape

    def forward(self, values: Any) -> Any:
        return _scattered(values, self.key, self.repeats, self.shape)

    def backward(self, grad: Any) -> Any:
        if isinstance(grad, Tensor):
            return GetItem(self.key, self.repeats).apply(grad)
        return grad[self.key]


def _scattered(values: Any, key: Any, repeats: bool, shape: tuple[int, ...]) -> Any:
    result = np.zeros(shape, values.dtype)
    if repeats:
        np.add.at(result, key, values)
    else:
        result[key] = values
    return result


class Gather(Operator):
    """Elements taken along one dimension; positions may repeat."""

    __slots__ = ("dim", "index", "shape")

    def __init__(self, dim: int, index: Any) -> None:
        self.dim = dim
        self.index = index

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return x[along(self.index, self.dim)]

    def backward(self, grad: Any) -> Any:
        key = along(self.index, self.dim)
        if isinstance(grad, Tensor):
            return Scatter(key, True, self.shape).apply(grad)
        return _scattered(grad, key, True, self.shape)


def along(index: Any, dim: int) -> tuple[Any, ...]:
    """Return the key that takes ``index[i, j, ...]`` along `dim` and ``i, j, ...`` elsewhere."""
    key = list(np.indices(index.shape, sparse=True))
    key[dim] = index
    return tuple(key)


def plain_key(key: Any) -> tuple[Any, bool]:
    """Return `key` in NumPy's terms, and whether it can name an element more than once."""
    if key.__class__ is int or key.__class__ is slice:
        return key, False
    if not isinstance(key, tuple):
        return _plain_part(key)
    parts = [_plain_part(part) for part in key]
    return tuple([part for part, _ in parts]), any(repeats for _, repeats in parts)


def _plain_part(part: Any) -> tuple[Any, bool]:
    if part is None or part is Ellipsis or isinstance(part, (bool, int, slice)):
        return part, False
    if isinstance(part, (Tensor, list, tuple, range)):
        part = np.asarray(part, dtype=np.int64) if _is_empty(part) else np.asarray(part)
    if isinstance(part, np.ndarray) and not part.ndim and part.dtype.kind in "iu":
        return int(part), False
    kind = getattr(getattr(part, "dtype", None), "kind", "i")
    if kind not in "iub":
        raise IndexError(f"index: expected integers or bools, got dtype {part.dtype}")
    return part, isinstance(part, np.ndarray) and kind != "b"


def _is_empty(part: Any) -> bool:
    return isinstance(part, (list, tuple)) and not part


def getitem(input: Tensor, key: Any) -> Tensor:
    """Return ``input[key]``.

    `key` is whatever NumPy takes: integers, slices, None, Ellipsis, integer and bool arrays or
    Tensors, and tuples of them. Without arrays the result lies over the same memory.

    Raises
    ------
    IndexError
        If an index is out of range, or there are too many.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    plain, repeats = plain_key(key)
    return as_view(GetItem(plain, repeats).apply(input), input)


def index_array(index: Any, extent: int, negative: bool = False) -> Any:
    """Return an int64 array of indices in [0, extent), or raise IndexError.

    With `negative` they may also count from the end.
    """
    array = np.asarray(index)
    if array.dtype.kind not in "iu":
        raise RuntimeError(f"index: expected integers, got dtype {array.dtype}")
    if negative and array.size and -extent <= array.min() < 0:
        array = np.where(array < 0, array + extent, array)
    if array.size and (array.min() < 0 or array.max() >= extent):
        worst = array.min() if array.min() < 0 else array.max()
        raise IndexError(f"index: {worst} is out of range for size {extent}")
    return array.astype(np.int64, copy=False)


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Tensor:
    """Return ``out[i][j] = input[index[i][j]][j]`` (for `dim` 0), elements taken along `dim`.

    Raises
    ------
    IndexError
        If an index is negative or too large.
    RuntimeError
        If `index` has another number of dimensions or is larger in another one.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.gather(ek.tensor([[1, 2], [3, 4]]), 1, ek.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    x = to_tensor(input)
    d = as_dim(dim, x.ndim)
    if not x.ndim:
        return x.reshape(1)[index_array(index, 1)]
    places = index_array(index, x.shape[d])
    if not places.size:
        return getitem(x.reshape(-1), places)
    _check_rank(places, x)
    if any(n > m for i, (n, m) in enumerate(zip(places.shape, x.shape, strict=True)) if i != d):
        raise RuntimeError(f"index: shape {places.shape} exceeds {x.shape} apart from dim {d}")
    return Gather(d, places).apply(x)


def _check_rank(index: Any, x: Tensor) -> None:
    if index.ndim != x.ndim:
        raise RuntimeError(f"index: expected {x.ndim} dimensions, got shape {index.shape}")


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Tensor:
    """Return the elements at `indices` along `dim`, broadcast; without `dim`, of the flat input.

    Negative indices count from the end.

    Raises
    ------
    IndexError
        If an index is out of range.
    """
    x, index = to_tensor(input), np.asarray(indices)
    if dim is None:
        return gather(x.reshape(-1), 0, index.reshape(-1))
    d = as_dim(dim, x.ndim)
    if x.ndim and index.dtype.kind == "i":
        index = np.where(index < 0, index + np.int64(x.shape[d]), index)
    wide, narrow_ = list(x.shape), list(index.shape)
    wide[d] = narrow_[d] = 1
    shape = list(np.broadcast_shapes(tuple(wide), tuple(narrow_)))
    full, places = [*shape], [*shape]
    full[d], places[d] = x.shape[d], index.shape[d]
    return gather(x.expand(full), d, np.broadcast_to(index, places))


def index_select(input: Any, dim: int, index: Any) -> Tensor:
    """Return the slices at `index` (one-dimensional) along `dim`.

    Raises
    ------
    IndexError
        If an index is negative or too large, or their number is not 1 for a scalar.
    """
    x = to_tensor(input)
    d = as_dim(dim, x.ndim)
    places = index_array(index, x.shape[d] if x.ndim else 1)
    if places.ndim > 1:
        raise IndexError(f"index: expected one dimension, got shape {places.shape}")
    if not x.ndim:
        if places.size != 1:
            raise IndexError(f"index: expected one element for a scalar, got {places.size}")
        return clone(x)
    return getitem(x, (slice(None),) * d + (places.reshape(-1),))


def select(input: Any, dim: int, index: int) -> Tensor:
    """Return the slice at `index` along `dim`, without that dimension."""
    x = to_tensor(input)
    return getitem(x, (slice(None),) * as_dim(dim, x.ndim) + (int(index),))


def narrow(input: Any, dim: int, start: int, length: int) -> Tensor:
    """Return `length` slices from `start` along `dim`.

    Raises
    ------
    RuntimeError
        If they reach beyond the end.
    """
    x = to_tensor(input)
    if not x.ndim:
        raise RuntimeError("input: expected at least one dimension, got none")
    if isinstance(start, Tensor) and (start.ndim or start.dtype.kind not in "iu"):
        raise RuntimeError(f"start: expected an integer, got {start}")
    d = as_dim(dim, x.ndim)
    first = int(start) + (x.shape[d] if start < 0 else 0)
    if not 0 <= first <= first + length <= x.shape[d]:
        raise RuntimeError(f"start: {start} with length {length} exceeds size {x.shape[d]}")
    return getitem(x, (slice(None),) * d + (slice(first, first + length),))


def masked_select(input: Any, mask: Any) -> Tensor:
    """Return the elements where `mask`, broadcast, holds, in one dimension."""
    x, chosen = to_tensor(input), np.asarray(mask)
    shape = np.broadcast_shapes(x.shape, chosen.shape)
    return getitem(x.expand(shape), np.broadcast_to(chosen, shape))


def masked_fill(input: Any, mask: Any, value: Any) -> Tensor:
    """Return `input` with `value` where `mask`, broadcast, holds."""
    x = to_tensor(input)
    if np.ndim(value):
        raise RuntimeError(f"value: expected a number, got shape {np.shape(value)}")
    fill = as_tensor(value) if isinstance(value, Tensor) else Tensor(np.asarray(value, x.dtype))
    return where(mask, cast(fill, x.dtype), x)


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Return the indices of the elements that are not zero, one row each."""
    found = np.nonzero(np.atleast_1d(to_tensor(input)._data))
    if as_tuple:
        return tuple([Tensor(index) for index in found])
    rows = np.stack(found, 1)
    return Tensor(rows if to_tensor(input).ndim else rows[:, :0])


def take(input: Any, index: Any) -> Tensor:
    """Return the elements at `index` of the flat input, in the shape of `index`.

    Raises
    ------
    IndexError
        If an index is out of range.
    """
    x = to_tensor(input)
    places = index_array(index, x.numel(), negative=True)
    return getitem(x.reshape(-1), places)


def argwhere(input: Any) -> Tensor:
    """Return the indices of the elements that are not zero, one row each."""
    return nonzero(input)
