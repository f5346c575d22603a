"""Tensors joined and taken apart."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn.autograd.operators.common import as_dim, cast, operands, to_tensor
from einkorn.autograd.operators.shape import as_view
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "cat",
    "chunk",
    "concat",
    "concatenate",
    "split",
    "stack",
    "unbind",
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
        bounds = np.cumsum(self.sizes)[:-1]
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


concat = concatenate = cat
