"""Tensors joined and taken apart."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from einkorn.autograd.operators.common import as_dim, cast, operands, to_tensor
from einkorn.autograd.operators.shape import (
    as_view,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    expand,
    reshape,
)
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "block_diag",
    "cat",
    "chunk",
    "column_stack",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "meshgrid",
    "row_stack",
    "split",
    "split_with_sizes",
    "stack",
    "tensor_split",
    "unbind",
    "vsplit",
    "vstack",
]


class Cat(Operator):
    """Tensors joined along a dimension."""

    __slots__ = ("dim", "sizes")

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, *parts: Any) -> Any:
        self.sizes = [part.shape[self.dim] for part in parts]
        return np.concatenate(parts, self.dim)

    def backward(self, grad: Any) -> Any:
        results, start = [], 0
        before = (slice(None),) * self.dim
        for size, need in zip(self.sizes, self.needs, strict=True):
            stop = start + size
            results.append(grad[(*before, slice(start, stop))] if need else None)
            start = stop
        return tuple(results)


class Stack(Operator):
    """Tensors of one shape joined along a new dimension."""

    __slots__ = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, *parts: Any) -> Any:
        return np.stack(parts, self.dim)

    def backward(self, grad: Any) -> Any:
        before = (slice(None),) * self.dim
        return tuple([grad[(*before, i)] if need else None for i, need in enumerate(self.needs)])


class Split(Operator):
    """Consecutive parts of given sizes along a dimension."""

    __slots__ = ("dim", "dtype", "outputs", "shape", "sizes")

    def __init__(self, sizes: Sequence[int], dim: int) -> None:
        self.sizes = sizes
        self.outputs = len(sizes)
        self.dim = dim

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        self.dtype = x.dtype
        bounds = list(accumulate(self.sizes[:-1]))
        return np.split(x, bounds, self.dim)

    def backward(self, grads: Any) -> Any:
        known = next(part for part in grads if part is not None)
        parts = []
        for part, size in zip(grads, self.sizes, strict=True):
            if part is None:
                shape = (*self.shape[: self.dim], size, *self.shape[self.dim + 1 :])
                part = np.zeros(shape, self.dtype)
            parts.append(part)
        if isinstance(known, Tensor):
            return cat(parts, self.dim)
        return np.concatenate(parts, self.dim)


class Unbind(Operator):
    """The slices along a dimension, which goes."""

    __slots__ = ("dim", "outputs", "shape")

    def __init__(self, dim: int, count: int) -> None:
        self.dim = dim
        self.outputs = count

    def forward(self, x: Any) -> Any:
        moved = np.moveaxis(x, self.dim, 0)
        self.shape = moved.shape[1:]
        # The ellipsis makes views also where a number remains.
        return [moved[i, ...] for i in range(self.outputs)]

    def backward(self, grads: Any) -> Any:
        known = next(part for part in grads if part is not None)
        zero = np.zeros(self.shape, known.dtype)
        parts = [zero if part is None else part for part in grads]
        return stack(parts, self.dim) if isinstance(known, Tensor) else np.stack(parts, self.dim)


def _alike(tensors: Any, name: str = "tensors") -> list[Tensor]:
    """Return a non-empty sequence as Tensors of their common dtype."""
    parts = [to_tensor(x) for x in tensors]
    if not parts:
        raise RuntimeError(f"{name}: expected at least one tensor, got none")
    dtype = parts[0].dtype
    if all(x.dtype == dtype for x in parts):
        return parts
    widest = parts[0]
    for x in parts[1:]:
        widest, _ = operands(widest, x)
    return [cast(x, widest.dtype) for x in parts]


def cat(tensors: Any, dim: int = 0) -> Tensor:
    """Join tensors along a dimension.

    Parameters
    ----------
    tensors : sequence of Tensors
        Equal in all sizes but that of `dim`. Empty one-dimensional ones are skipped.
    dim : int

    Raises
    ------
    RuntimeError
        If there is none, or the sizes do not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.cat([ek.zeros(2, 3), ek.ones(1, 3)]).shape
    (3, 3)
    """
    parts = _alike(tensors)
    parts = [x for x in parts if x.shape != (0,)] or parts[:1]
    d = as_dim(dim, parts[0].ndim)
    try:
        return Cat(d).apply(*parts)
    except ValueError:
        shapes = [x.shape for x in parts]
        raise RuntimeError(f"tensors: shapes {shapes} do not fit along dim {dim}") from None


def stack(tensors: Any, dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new dimension.

    Raises
    ------
    RuntimeError
        If there is none, or the shapes differ.
    """
    parts = _alike(tensors)
    shapes = {x.shape for x in parts}
    if len(shapes) > 1:
        raise RuntimeError(f"tensors: expected equal shapes, got {sorted(shapes)}")
    return Stack(as_dim(dim, parts[0].ndim + 1)).apply(*parts)


def split(
    tensor: Any, split_size_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Return consecutive parts along a dimension.

    Parameters
    ----------
    tensor : Tensor
    split_size_or_sections : int or sequence of int
        The size of every part (the last may be smaller), or all sizes.
    dim : int

    Raises
    ------
    RuntimeError
        If the sizes do not add up.

    Examples
    --------
    >>> import einkorn as ek
    >>> [part.shape for part in ek.arange(5).split(2)]
    [(2,), (2,), (1,)]
    """
    x = to_tensor(tensor)
    d = as_dim(dim, x.ndim)
    extent = x.shape[d]
    if isinstance(split_size_or_sections, Sequence):
        sizes = list(split_size_or_sections)
        if sum(sizes) != extent or any(n < 0 for n in sizes):
            raise RuntimeError(f"split_sizes: {sizes} do not add up to {extent}")
    else:
        step = operator.index(split_size_or_sections)
        if step < 0 or (step == 0 and extent):
            raise RuntimeError(f"split_size: expected a positive number, got {step}")
        sizes = [min(step, extent - i) for i in range(0, extent, step or 1)] or [extent]
    parts = Split(sizes, d).apply_many(x)
    return tuple([as_view(part, x) for part in parts])


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return at most `chunks` parts of equal size along a dimension; the last may be smaller."""
    x = to_tensor(input)
    if chunks < 1:
        raise RuntimeError(f"chunks: expected at least 1, got {chunks}")
    extent = x.shape[as_dim(dim, x.ndim)]
    if not extent:
        return split(x, [0] * chunks, dim)
    return split(x, -(-extent // chunks), dim)


def unbind(input: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return the slices along a dimension, without it."""
    x = to_tensor(input)
    d = as_dim(dim, x.ndim)
    if not x.shape[d]:
        return ()
    return tuple([as_view(part, x) for part in Unbind(d, x.shape[d]).apply_many(x)])


def hstack(tensors: Any) -> Tensor:
    """Join tensors along the second dimension, vectors along the first."""
    parts = atleast_1d(list(tensors))
    return cat(parts, 0 if parts and parts[0].ndim == 1 else 1)


def vstack(tensors: Any) -> Tensor:
    """Join tensors along the first dimension, vectors as rows."""
    return cat(atleast_2d(list(tensors)), 0)


def dstack(tensors: Any) -> Tensor:
    """Join tensors along the third dimension."""
    return cat(atleast_3d(list(tensors)), 2)


def column_stack(tensors: Any) -> Tensor:
    """Join tensors along the second dimension, vectors as columns."""
    parts = [to_tensor(x) for x in tensors]
    return cat([x if x.ndim > 1 else reshape(x, -1, 1) for x in parts], 1)


def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return parts along `dim`: a number of nearly equal ones, or those between indices.

    Parameters
    ----------
    input : Tensor
    indices_or_sections : int, sequence of int, or Tensor
        With n parts the first ``size % n`` have one more than the others.
    dim : int
    """
    x = to_tensor(input)
    if not x.ndim:
        raise RuntimeError("input: expected at least one dimension, got none")
    d = as_dim(dim, x.ndim)
    extent = x.shape[d]
    if isinstance(indices_or_sections, (Tensor, np.ndarray)):
        given = np.asarray(indices_or_sections)
        if given.dtype != np.int64 or given.ndim > 1:
            raise RuntimeError(f"indices_or_sections: expected int64, got {given.dtype}")
        indices_or_sections = given.tolist()
    if isinstance(indices_or_sections, Sequence):
        edges = [slice(None, n).indices(extent)[1] for n in indices_or_sections]
        starts, stops = [0, *edges], [*edges, extent]
        cut = (slice(None),) * d
        return tuple([x[(*cut, slice(i, j))] for i, j in zip(starts, stops, strict=True)])
    count = operator.index(indices_or_sections)
    if count <= 0:
        raise RuntimeError(f"indices_or_sections: expected a positive number, got {count}")
    least, more = divmod(extent, count)
    return split(x, [least + 1] * more + [least] * (count - more), d)


def _split_along(x: Any, sections: Any, dim: int, least: int, name: str) -> tuple[Tensor, ...]:
    x = to_tensor(x)
    if x.ndim < least:
        raise RuntimeError(f"{name}: expected at least {least} dimensions, got shape {x.shape}")
    if isinstance(sections, int) and (sections <= 0 or x.shape[dim] % sections):
        raise RuntimeError(f"{name}: {sections} does not divide the size {x.shape[dim]}")
    return tensor_split(x, sections, dim)


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return equal parts along the second dimension, of a vector along the first."""
    x = to_tensor(input)
    return _split_along(x, indices_or_sections, 0 if x.ndim == 1 else 1, 1, "hsplit")


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return equal parts along the first dimension."""
    return _split_along(input, indices_or_sections, 0, 2, "vsplit")


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return equal parts along the third dimension."""
    return _split_along(input, indices_or_sections, 2, 3, "dsplit")


def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return consecutive parts of given sizes along a dimension."""
    return split(input, list(split_sizes), dim)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return the coordinates of a grid: each vector repeated along the dimensions of the others.

    Parameters
    ----------
    *tensors : Tensor of shape (N_i,) or ()
        Or one sequence of them.
    indexing : {"ij", "xy"}
        With ``"xy"`` the first two dimensions are exchanged. Default: ``"ij"``.

    Examples
    --------
    >>> import einkorn as ek
    >>> rows, columns = ek.meshgrid(ek.arange(2), ek.arange(3), indexing="ij")
    >>> columns
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    parts = [to_tensor(x) for x in tensors]
    if not parts or any(x.ndim > 1 for x in parts):
        raise RuntimeError(f"tensors: expected vectors, got shapes {[x.shape for x in parts]}")
    if len({x.dtype for x in parts}) > 1:
        raise RuntimeError(f"tensors: expected one dtype, got {[x.dtype for x in parts]}")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f"indexing: expected 'ij' or 'xy', got {indexing!r}")
    swap = indexing == "xy" and len(parts) > 1
    if swap:
        parts[:2] = parts[1::-1]
    shape = tuple([x.numel() for x in parts])
    grids = []
    for i, x in enumerate(parts):
        grids.append(expand(reshape(x, _single(i, shape)), shape))
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def _single(i: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n if k == i else 1 for k, n in enumerate(shape)])


def block_diag(*tensors: Any) -> Tensor:
    """Return a matrix with the given ones along its diagonal, zero elsewhere."""
    parts = [to_tensor(x) for x in tensors]
    if any(x.ndim > 2 for x in parts):
        raise RuntimeError(f"tensors: expected matrices, got shapes {[x.shape for x in parts]}")
    blocks = _alike(atleast_2d(parts)) if parts else [Tensor(np.zeros((1, 0), np.float32))]
    width = sum(x.shape[1] for x in blocks)
    rows, start = [], 0
    for x in blocks:
        before = Tensor(np.zeros((x.shape[0], start), x.dtype))
        start += x.shape[1]
        after = Tensor(np.zeros((x.shape[0], width - start), x.dtype))
        rows.append(Cat(1).apply(before, x, after))
    return Cat(0).apply(*rows)


concat = concatenate = cat
row_stack = vstack
