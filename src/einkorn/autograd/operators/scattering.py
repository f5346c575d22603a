"""Copies with some elements changed: at indices along a dimension, at places, under a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import as_dim, cast, to_tensor
from einkorn.autograd.operators.conversion import clone
from einkorn.autograd.operators.indexing import Scatter, along, index_array, plain_key
from einkorn.autograd.operators.selection import where
from einkorn.autograd.operators.shape import expand, reshape
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "masked_scatter",
    "put",
    "scatter",
    "scatter_add",
    "select_scatter",
    "slice_scatter",
]


class Replace(Operator):
    """`x` with `values` at ``[key]``, whose elements have the gradient alone."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Any, values: Any) -> Any:
        result = x.copy()
        result[self.key] = values
        return result

    def backward(self, grad: Any) -> Any:
        gx = gv = None
        if self.needs[0]:
            gx = _with_zeros(grad, self.key)
        if self.needs[1]:
            gv = grad[self.key]
            gv = clone(gv) if isinstance(gv, Tensor) else gv.copy()
        return gx, gv


def _with_zeros(grad: Any, key: Any) -> Any:
    """Return `grad`, an array or Tensor, with zeros at ``[key]``."""
    kept = np.ones(grad.shape, bool)
    kept[key] = False
    return where(kept, grad, 0) if isinstance(grad, Tensor) else np.where(kept, grad, 0)


def _same_dtype(x: Tensor, values: Tensor, name: str) -> None:
    if x.dtype != values.dtype:
        raise RuntimeError(f"{name}: expected dtype {x.dtype} as that of input, got {values.dtype}")


def _scattered_parts(x: Tensor, dim: int, index: Any, src: Tensor) -> tuple[Any, Tensor]:
    """Return the key of `index` along `dim` and the part of `src` that goes there."""
    d = as_dim(dim, x.ndim)
    places = index_array(index, x.shape[d])
    if places.size and (places.ndim != x.ndim or src.ndim != x.ndim):
        raise RuntimeError(
            f"index, src: expected {x.ndim} dimensions, got shapes {places.shape} and {src.shape}"
        )
    if not places.size:
        return (np.zeros(0, np.int64),) * x.ndim, Tensor(np.zeros(0, src.dtype))
    for i, n in enumerate(places.shape):
        if n > src.shape[i] or (i != d and n > x.shape[i]):
            raise RuntimeError(
                f"index: shape {places.shape} exceeds src's {src.shape}, or input's {x.shape} "
                f"apart from dim {dim}"
            )
    return along(places, d), src[tuple([slice(n) for n in places.shape])]


def scatter(
    input: Any,
    dim: int,
    index: Any,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Tensor:
    """Return `input` with ``src[i][j]`` put at ``[index[i][j]][j]`` (for `dim` 0).

    Parameters
    ----------
    input : Tensor
    dim : int
    index : int64 Tensor
        Where several name one element the last is put there.
    src : Tensor or number
    value : number
        Another name for a `src` that is a number.
    reduce : {None, "add", "multiply"}
        Combine with what is there instead.

    Raises
    ------
    IndexError
        If an index is negative or too large.
    RuntimeError
        If the shapes do not fit, or the dtypes of `input` and `src` differ.
    """
    x = to_tensor(input)
    given = value if src is None else src
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"reduce: expected 'add' or 'multiply', got {reduce!r}")
    if not isinstance(given, (Tensor, np.ndarray)):
        filled = Tensor(np.full(np.shape(np.asarray(index)), given).astype(x.dtype))
        src = filled if x.ndim else reshape(filled, ())
    else:
        src = to_tensor(given)
    _same_dtype(x, src, "src")
    if not x.ndim:
        flat = np.reshape(np.asarray(index), -1)
        return reshape(scatter(reshape(x, 1), 0, flat, reshape(src, -1), reduce=reduce), ())
    if reduce == "add":
        return scatter_add(x, dim, index, src)
    key, part = _scattered_parts(x, dim, index, src)
    if reduce == "multiply":
        factors = np.ones(x.shape, x.dtype)
        np.multiply.at(factors, key, part._data)
        return x * Tensor(factors)
    return Replace(key).apply(x, part)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Tensor:
    """Return `input` with ``src[i][j]`` added at ``[index[i][j]][j]`` (for `dim` 0).

    Raises
    ------
    IndexError
        If an index is negative or too large.
    RuntimeError
        If the shapes do not fit, or the dtypes of `input` and `src` differ.
    """
    x, values = to_tensor(input), to_tensor(src)
    _same_dtype(x, values, "src")
    if not x.ndim:
        as_dim(dim, 0)
        flat = np.reshape(np.asarray(index), -1)
        return reshape(scatter_add(reshape(x, 1), 0, flat, reshape(values, -1)), ())
    key, part = _scattered_parts(x, dim, index, values)
    return x + Scatter(key, True, x.shape).apply(part)


def _slices(x: Tensor, dim: int, index: Any) -> tuple[Tensor, Any]:
    """Return `x` with at least one dimension and the key of the slices at `index` along `dim`."""
    d = as_dim(dim, x.ndim)
    wide = x if x.ndim else reshape(x, 1)
    places = index_array(index, wide.shape[d], negative=True)
    if places.ndim > 1:
        raise IndexError(f"index: expected one dimension, got shape {places.shape}")
    return wide, (slice(None),) * d + (places.reshape(-1),)


def _check_source(wide: Tensor, key: Any, source: Tensor) -> Tensor:
    """Return `source` in the shape of the slices at `key`, or raise RuntimeError."""
    d, count = len(key) - 1, len(key[-1])
    shape = (*wide.shape[:d], count, *wide.shape[d + 1 :])
    if source.shape != shape and not (source.ndim < 2 and source.numel() == count == 1):
        raise RuntimeError(f"source: expected shape {shape}, got {source.shape}")
    return reshape(source, shape) if source.shape != shape else source


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Tensor:
    """Return `input` with ``alpha * source`` added to its slices at `index` along `dim`.

    Indices may repeat.

    Raises
    ------
    IndexError
        If an index is out of range.
    RuntimeError
        If the shape of `source` is not that of the slices.
    """
    x, values = to_tensor(input), to_tensor(source)
    _same_dtype(x, values, "source")
    wide, key = _slices(x, dim, index)
    values = _check_source(wide, key, values)
    added = wide + Scatter(key, True, wide.shape).apply(values if alpha == 1 else values * alpha)
    return reshape(added, x.shape)


def index_copy(input: Any, dim: int, index: Any, source: Any) -> Tensor:
    """Return `input` with `source` for its slices at `index` along `dim`.

    Raises
    ------
    IndexError
        If an index is out of range.
    RuntimeError
        If the shape of `source` is not that of the slices.
    """
    x, values = to_tensor(input), to_tensor(source)
    _same_dtype(x, values, "source")
    wide, key = _slices(x, dim, index)
    return reshape(Replace(key).apply(wide, _check_source(wide, key, values)), x.shape)


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Tensor:
    """Return `input` with one value in its slices at `index` along `dim`.

    Raises
    ------
    IndexError
        If an index is out of range.
    """
    x, fill = to_tensor(input), to_tensor(value)
    if fill.ndim:
        raise RuntimeError(f"value: expected a number, got shape {fill.shape}")
    wide, key = _slices(x, dim, index)
    chosen = np.zeros(wide.shape, bool)
    chosen[key] = True
    return reshape(where(chosen, cast(fill, x.dtype), wide), x.shape)


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    """Return `input` with `values`, broadcast, at ``input[indices]``.

    Parameters
    ----------
    input : Tensor
    indices : tuple of Tensors
    values : Tensor
    accumulate : bool
        Add to what is there; indices may then repeat.
    """
    x, source = to_tensor(input), to_tensor(values)
    _same_dtype(x, source, "values")
    key, _ = plain_key(tuple(indices))
    shape = x._data[key].shape
    part = expand(source, shape)
    if accumulate:
        return x + Scatter(key, True, x.shape).apply(part)
    return Replace(key).apply(x, part)


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Tensor:
    """Return `input` with the elements of `source` at `index` of the flat input.

    Raises
    ------
    IndexError
        If an index is out of range.
    RuntimeError
        If `index` and `source` differ in their number of elements.
    """
    x, values = to_tensor(input), to_tensor(source)
    _same_dtype(x, values, "source")
    places = index_array(index, x.numel(), negative=True).reshape(-1)
    if places.size != values.numel():
        raise RuntimeError(f"source: expected {places.size} elements, got {values.numel()}")
    flat = index_put(reshape(x, -1), (places,), reshape(values, -1), accumulate)
    return reshape(flat, x.shape)


def masked_scatter(input: Any, mask: Any, source: Any) -> Tensor:
    """Return `input` with the elements of `source`, in their order, where `mask` holds.

    Raises
    ------
    RuntimeError
        If `source` has too few elements, or the dtypes differ.
    """
    x, values, chosen = to_tensor(input), to_tensor(source), np.asarray(mask)
    if chosen.dtype.kind != "b":
        raise RuntimeError(f"mask: expected dtype bool, got {chosen.dtype}")
    _same_dtype(x, values, "source")
    shape = np.broadcast_shapes(x.shape, chosen.shape)
    x, chosen = expand(x, shape), np.broadcast_to(chosen, shape)
    count = int(chosen.sum())
    if count > values.numel():
        raise RuntimeError(f"source: expected at least {count} elements, got {values.numel()}")
    return Replace(chosen).apply(x, reshape(values, -1)[:count])


def slice_scatter(
    input: Any,
    src: Any,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Tensor:
    """Return `input` with `src` in its slice from `start` to `end` along `dim`."""
    x, values = to_tensor(input), to_tensor(src)
    d = as_dim(dim, x.ndim)
    key = (slice(None),) * d + (slice(start, end, step),)
    wanted = x._data[key].shape
    if values.shape != wanted:
        raise RuntimeError(f"src: expected shape {wanted}, got {values.shape}")
    return Replace(key).apply(x, cast(values, x.dtype))


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Tensor:
    """Return `input` with `src` in its slice at `index` along `dim`."""
    x, values = to_tensor(input), to_tensor(src)
    key = (slice(None),) * as_dim(dim, x.ndim) + (int(index),)
    wanted = x._data[key].shape
    if values.shape != wanted:
        raise RuntimeError(f"src: expected shape {wanted}, got {values.shape}")
    return Replace(key).apply(x, cast(values, x.dtype))
