"""Rearrangement: the same elements in other shapes and orders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn.autograd.operators.common import (
    as_dim,
    as_dims,
    as_shape,
    copied,
    reduce_to,
    to_tensor,
)
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "expand",
    "expand_as",
    "flatten",
    "moveaxis",
    "movedim",
    "permute",
    "ravel",
    "repeat",
    "repeat_interleave",
    "reshape",
    "reshape_as",
    "squeeze",
    "sum_to_size",
    "swapaxes",
    "swapdims",
    "t",
    "tile",
    "transpose",
    "unflatten",
    "unsqueeze",
    "view",
    "view_as",
]


def as_view(view: Tensor, base: Tensor) -> Tensor:
    """Note that `view` lies over the memory of `base`, so that they share a version."""
    if view is not base:
        data = view._data
        if data.base is base._data or np.may_share_memory(data, base._data):
            view._version = base._version
    return view


def reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    """Return an array in another shape: a view where its strides allow one, else a copy."""
    if x.flags.c_contiguous or np.lib.NumpyVersion(np.__version__) < "2.1.0":
        return x.reshape(shape)
    try:
        return x.reshape(shape, copy=False)
    except ValueError:
        return copied(x).reshape(shape)


class Reshape(Operator):
    """The elements in row-major order in another shape."""

    __slots__ = ("source_shape", "target_shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.target_shape = shape

    def forward(self, x: Any) -> Any:
        self.source_shape = x.shape
        return reshaped(x, self.target_shape)

    def backward(self, grad: Any) -> Any:
        if isinstance(grad, Tensor):
            return reshape(grad, self.source_shape)
        return reshaped(grad, self.source_shape)


class Permute(Operator):
    """The dimensions in another order."""

    __slots__ = ("dims",)

    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def forward(self, x: Any) -> Any:
        return x.transpose(self.dims)

    def backward(self, grad: Any) -> Any:
        inverse = sorted(range(len(self.dims)), key=self.dims.__getitem__)
        if isinstance(grad, Tensor):
            return permute(grad, inverse)
        return grad.transpose(inverse)


class Expand(Operator):
    """The elements repeated by broadcasting, without copying."""

    __slots__ = ("source_shape", "target_shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.target_shape = shape

    def forward(self, x: Any) -> Any:
        self.source_shape = x.shape
        return np.broadcast_to(x, self.target_shape)

    def backward(self, grad: Any) -> Any:
        return reduce_to(grad, self.source_shape)


def reshape(input: Any, shape: Any = (), *more: int) -> Tensor:
    """Return the elements, in row-major order, in another shape.

    Parameters
    ----------
    input : Tensor
    shape, *more : int or sequence of int
        The new sizes, one by one or together; one may be -1, which stands for what is left over.

    Raises
    ------
    RuntimeError
        If the number of elements differs.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.arange(6).reshape(2, -1).shape
    (2, 3)
    """
    x = to_tensor(input)
    sizes = as_shape((shape, *more))
    try:
        return as_view(Reshape(sizes).apply(x), x)
    except ValueError:
        raise RuntimeError(f"shape: {sizes} does not fit a tensor of shape {x.shape}") from None


def view(input: Any, size: Any = (), *more: int) -> Tensor:
    """Return the elements in another shape without copying.

    Raises
    ------
    RuntimeError
        If that needs a copy, or the number of elements differs; :func:`reshape` may copy.
    """
    if not isinstance(size, (int, np.integer, Sequence)):
        raise RuntimeError("view: a change of dtype over the same memory is not supported")
    x = to_tensor(input)
    result = reshape(x, size, *more)
    if x._data.size and not np.may_share_memory(result._data, x._data):
        raise RuntimeError(f"shape: strides {x.stride()} do not allow a view; use reshape()")
    return result


def reshape_as(input: Any, other: Any) -> Tensor:
    """Return `input` in the shape of `other`."""
    return reshape(input, other.shape)


def view_as(input: Any, other: Any) -> Tensor:
    """Return `input` in the shape of `other`, without copying."""
    return view(input, other.shape)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return `input` with the dimensions from `start_dim` to `end_dim` made one.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.zeros(2, 3, 4).flatten(1).shape
    (2, 12)
    """
    x = to_tensor(input)
    shape = x._data.shape
    first, last = as_dim(start_dim, len(shape)), as_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"start_dim: {start_dim} comes after end_dim {end_dim}")
    if first == last and shape:
        return x
    # Not -1 for the size: NumPy cannot infer it where another size is 0.
    size = math.prod(shape[first : last + 1])
    return as_view(Reshape((*shape[:first], size, *shape[last + 1 :])).apply(x), x)


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Tensor:
    """Return `input` with the dimension `dim` taken apart into `sizes`."""
    x = to_tensor(input)
    d = as_dim(dim, x.ndim)
    return reshape(x, (*x.shape[:d], *sizes, *x.shape[d + 1 :]))


def ravel(input: Any) -> Tensor:
    """Return the elements in one dimension."""
    return reshape(input, -1)


def permute(input: Any, dims: Any = (), *more: int) -> Tensor:
    """Return `input` with its dimensions in the order `dims`.

    Raises
    ------
    RuntimeError
        If `dims` does not name every dimension once.
    """
    x = to_tensor(input)
    wanted = as_shape((dims, *more))
    order = as_dims(wanted, x.ndim, "dims") if wanted and x.ndim else ()
    if len(order) != x.ndim:
        raise RuntimeError(f"dims: {wanted} does not name {x.ndim} dimensions")
    return as_view(Permute(order).apply(x), x)


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """Return `input` with two dimensions exchanged."""
    x = to_tensor(input)
    order = list(range(x.ndim))
    if order:
        first, second = as_dim(dim0, x.ndim, "dim0"), as_dim(dim1, x.ndim, "dim1")
        order[first], order[second] = second, first
    return as_view(Permute(tuple(order)).apply(x), x)


def movedim(input: Any, source: Any, destination: Any) -> Tensor:
    """Return `input` with the dimensions `source` moved to the places `destination`."""
    x = to_tensor(input)
    sources = [as_dim(d, x.ndim, "source") for d in listed(source)]
    targets = [as_dim(d, x.ndim, "destination") for d in listed(destination)]
    if len(set(sources)) != len(sources) or len(set(targets)) != len(targets):
        raise RuntimeError(
            f"source: {source} or destination: {destination} names a dimension twice"
        )
    if len(sources) != len(targets):
        raise RuntimeError(f"source: {source} and destination: {destination} differ in length")
    order = [d for d in range(x.ndim) if d not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return permute(x, order)


def listed(value: Any) -> Sequence[int]:
    return value if isinstance(value, Sequence) else (value,)


def t(input: Any) -> Tensor:
    """Return a matrix transposed, a vector as it is.

    Raises
    ------
    RuntimeError
        For more than two dimensions.
    """
    x = to_tensor(input)
    if x.ndim > 2:
        raise RuntimeError(f"t: expected at most 2 dimensions, got {x.ndim}")
    return transpose(x, 0, 1) if x.ndim == 2 else x


def mT(input: Any) -> Tensor:  # noqa: N802 - PyTorch's name
    """Return `input` with its last two dimensions exchanged."""
    return transpose(input, -2, -1)


def reversed_dims(input: Any) -> Tensor:
    """Return `input` with its dimensions in reverse order; ``Tensor.T``."""
    x = to_tensor(input)
    return permute(x, tuple(range(x.ndim))[::-1])


def squeeze(input: Any, dim: Any = None) -> Tensor:
    """Return `input` without its dimensions of size 1, all of them or those in `dim`."""
    x = to_tensor(input)
    chosen = () if dim == () else as_dims(dim, x.ndim)
    kept = tuple([n for i, n in enumerate(x.shape) if not (n == 1 and i in chosen)])
    return as_view(Reshape(kept).apply(x), x)


def unsqueeze(input: Any, dim: int) -> Tensor:
    """Return `input` with a new dimension of size 1 at `dim`."""
    x = to_tensor(input)
    d = as_dim(dim, x.ndim + 1)
    return as_view(Reshape((*x.shape[:d], 1, *x.shape[d:])).apply(x), x)


def expand(input: Any, size: Any = (), *more: int) -> Tensor:
    """Return `input` broadcast to `size`, where -1 keeps a size; nothing is copied.

    Raises
    ------
    RuntimeError
        If a size other than 1 would change.
    """
    x = to_tensor(input)
    wanted = as_shape((size, *more))
    lead = len(wanted) - x.ndim
    shape = tuple([x.shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(wanted)])
    try:
        return as_view(Expand(shape).apply(x), x)
    except ValueError:
        raise RuntimeError(f"size: {x.shape} cannot be expanded to {wanted}") from None


def broadcast_to(input: Any, shape: Any) -> Tensor:
    """Return `input` broadcast to `shape`; nothing is copied."""
    return expand(input, shape)


def expand_as(input: Any, other: Any) -> Tensor:
    """Return `input` broadcast to the shape of `other`."""
    return expand(input, other.shape)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Return the tensors broadcast to their common shape."""
    parts = [to_tensor(x) for x in tensors]
    shape = broadcast_shapes(*[x.shape for x in parts])
    return tuple([expand(x, shape) for x in parts])


def repeat(input: Any, repeats: Any = (), *more: int) -> Tensor:
    """Return `input` copied `repeats` times along each dimension, as ``numpy.tile`` does."""
    x = to_tensor(input)
    counts = as_shape((repeats, *more))
    if len(counts) < x.ndim:
        raise RuntimeError(f"repeats: expected at least {x.ndim} numbers, got {counts}")
    shape = (1,) * (len(counts) - x.ndim) + x.shape
    spread = tuple([n for pair in zip(counts, shape, strict=True) for n in pair])
    single = tuple([n for size in shape for n in (1, size)])
    total = tuple([n * size for n, size in zip(counts, shape, strict=True)])
    return reshape(expand(reshape(x, single), spread), total)


def tile(input: Any, dims: Any = (), *more: int) -> Tensor:
    """Return `input` copied `dims` times along its last dimensions."""
    x = to_tensor(input)
    counts = as_shape((dims, *more))
    return repeat(x, (1,) * (x.ndim - len(counts)) + counts)


def atleast_1d(*tensors: Any) -> Any:
    """Return a tensor, or several as a tuple, with at least one dimension."""
    return _each(lambda x: x if x.ndim else reshape(x, 1), tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Return a tensor, or several as a tuple, with at least two dimensions, new ones first."""
    return _each(lambda x: x if x.ndim > 1 else reshape(x, 1, -1), tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Return a tensor, or several as a tuple, with at least three dimensions.

    Vectors become (1, N, 1), matrices (N, M, 1).
    """
    return _each(
        lambda x: x if x.ndim > 2 else unsqueeze(x if x.ndim == 2 else reshape(x, 1, -1), -1),
        tensors,
    )


def _each(function: Any, tensors: tuple[Any, ...]) -> Any:
    """Return `function` of one tensor, or the tuple of its values for several."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    elif len(tensors) == 1:
        return function(to_tensor(tensors[0]))
    return tuple([function(to_tensor(x)) for x in tensors])


def sum_to_size(input: Any, *size: Any) -> Tensor:
    """Return `input` summed to a shape that could be broadcast to its own."""
    x, shape = to_tensor(input), as_shape(size)
    try:
        fits = np.broadcast_shapes(shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(f"size: {shape} cannot be broadcast to {x.shape}")
    return reduce_to(x, shape) if shape else x.sum()


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Return `input` with each slice along `dim` repeated; without `dim`, of the flat input.

    Parameters
    ----------
    input : Tensor
        Alone it is the repeats: the result has index i as often as they say.
    repeats : int or Tensor
        One number for all slices, or one for each.
    dim : int, optional
    output_size : int, optional
        Accepted; it is known anyway.
    """
    x = to_tensor(input)
    if repeats is None:
        counts = x._data
        return Tensor(np.repeat(np.arange(len(counts)), counts))
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iu" or (counts < 0).any() or counts.ndim > 1:
        raise RuntimeError(f"repeats: expected integers from 0, got {repeats}")
    if dim is None:
        x, dim = reshape(x, -1), 0
    d = as_dim(dim, x.ndim)
    x = x if x.ndim else reshape(x, 1)
    if counts.size not in (1, x.shape[d]):
        raise RuntimeError(f"repeats: expected 1 or {x.shape[d]} numbers, got {counts.size}")
    places = np.repeat(np.arange(x.shape[d]), np.broadcast_to(counts.reshape(-1), x.shape[d]))
    return x[(slice(None),) * d + (places,)]


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """Return the shape to which several can be broadcast."""
    try:
        return np.broadcast_shapes(*[s if isinstance(s, int) else tuple(s) for s in shapes])
    except ValueError:
        raise RuntimeError(f"shapes: {shapes} cannot be broadcast together") from None


moveaxis = movedim
swapaxes = swapdims = transpose
