"""Products of matrices, over the kernel ``matmul``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.affine import linear
from einkorn.autograd.operators.common import as_dim, as_dims, operands, reduce_to, to_tensor
from einkorn.autograd.operators.shape import mT, reshape, unsqueeze
from einkorn.autograd.tape import Operator, retain_crosswise
from einkorn.autograd.tensor import Tensor

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "cross",
    "dot",
    "ger",
    "inner",
    "kron",
    "linear",
    "matmul",
    "mm",
    "mv",
    "outer",
    "tensordot",
    "vdot",
]


class MatMul(Operator):
    """``a @ b`` for at least two dimensions each, the leading ones broadcast."""

    __slots__ = ("shapes",)
    retain = retain_crosswise

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        if b.ndim == 2 < a.ndim:
            # One large product instead of many small ones.
            rows = a.reshape(-1, a.shape[-1]) if a.size else a.reshape(0, a.shape[-1])
            if a.size:
                return kernels.matmul(rows, b).reshape((*a.shape[:-1], b.shape[-1]))
        return kernels.matmul(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        shape_a, shape_b = self.shapes
        ga = gb = None
        if self.needs[0]:
            ga = reduce_to(kernels.matmul(grad, b, transpose_b=True), shape_a)
        if self.needs[1]:
            if len(shape_b) == 2 < a.ndim and a.size:
                a, grad = a.reshape(-1, a.shape[-1]), grad.reshape(-1, grad.shape[-1])
            gb = reduce_to(kernels.matmul(a, grad, transpose_a=True), shape_b)
        return ga, gb

    def compose_backward(self, grad: Tensor, a: Tensor, b: Tensor) -> Any:
        shape_a, shape_b = self.shapes
        return (
            reduce_to(matmul(grad, mT(b)), shape_a) if self.needs[0] else None,
            reduce_to(matmul(mT(a), grad), shape_b) if self.needs[1] else None,
        )


def matmul(input: Any, other: Any) -> Tensor:
    """Return the matrix product; ``input @ other``.

    Parameters
    ----------
    input : Tensor of shape (*, N, K) or (K,)
    other : Tensor of shape (*, K, M) or (K,)
        A vector is a row on the left and a column on the right, and that dimension goes from the
        result. Leading dimensions are broadcast.

    Returns
    -------
    Tensor of shape (*, N, M)

    Raises
    ------
    RuntimeError
        If an operand has no dimension, or the shapes do not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([[1.0, 2.0], [3.0, 4.0]]) @ ek.tensor([1.0, 1.0])
    tensor([3., 7.])
    """
    a, b = operands(input, other)
    dims_a, dims_b = a._data.ndim, b._data.ndim
    if not dims_a or not dims_b:
        raise RuntimeError(f"matmul: shapes {a.shape} and {b.shape} have to have a dimension")
    if a._data.shape[-1] != b._data.shape[-2 if dims_b > 1 else 0]:
        raise RuntimeError(f"matmul: shapes {a.shape} and {b.shape} do not fit")
    if a._data.dtype.kind != "f":
        return Tensor(np.asarray(np.matmul(a._data, b._data)))
    if dims_a > 1 and dims_b > 1:
        return MatMul().apply(a, b)
    product = MatMul().apply(
        unsqueeze(a, 0) if dims_a == 1 else a, unsqueeze(b, 1) if dims_b == 1 else b
    )
    shape = product.shape
    if dims_a == 1 and dims_b == 1:
        return reshape(product, ())
    return reshape(product, (*shape[:-2], shape[-1]) if dims_a == 1 else shape[:-1])


def rmatmul(input: Any, other: Any) -> Tensor:
    """Return ``other @ input``."""
    return matmul(other, input)


def _with_ndim(name: str, **wanted: tuple[Tensor, int]) -> None:
    for argument, (x, ndim) in wanted.items():
        if x.ndim != ndim:
            raise RuntimeError(f"{name}: {argument}: expected {ndim}-d, got shape {x.shape}")


def mm(input: Any, mat2: Any) -> Tensor:
    """Return the product of two matrices."""
    a, b = operands(input, mat2)
    _with_ndim("mm", input=(a, 2), mat2=(b, 2))
    return matmul(a, b)


def mv(input: Any, vec: Any) -> Tensor:
    """Return the product of a matrix and a vector."""
    a, b = operands(input, vec)
    _with_ndim("mv", input=(a, 2), vec=(b, 1))
    return matmul(a, b)


def bmm(input: Any, mat2: Any) -> Tensor:
    """Return the products of two batches of matrices, (B, N, K) and (B, K, M)."""
    a, b = operands(input, mat2)
    _with_ndim("bmm", input=(a, 3), mat2=(b, 3))
    if a.shape[0] != b.shape[0]:
        raise RuntimeError(f"bmm: batches of {a.shape[0]} and {b.shape[0]} matrices")
    return matmul(a, b)


def dot(input: Any, tensor: Any) -> Tensor:
    """Return the inner product of two vectors."""
    a, b = operands(input, tensor)
    _with_ndim("dot", input=(a, 1), tensor=(b, 1))
    return matmul(a, b)


def inner(input: Any, other: Any) -> Tensor:
    """Return the sum of products over the last dimension of both."""
    a, b = operands(input, other)
    if not a.ndim or not b.ndim:
        return a * b
    rows, columns = reshape(a, -1, a.shape[-1]), reshape(b, -1, b.shape[-1])
    return reshape(matmul(rows, mT(columns)), a.shape[:-1] + b.shape[:-1])


def outer(input: Any, vec2: Any) -> Tensor:
    """Return all products of an element of the one vector with one of the other."""
    a, b = operands(input, vec2)
    _with_ndim("outer", input=(a, 1), vec2=(b, 1))
    return unsqueeze(a, 1) * b


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * (mat1 @ mat2)``."""
    return _added(input, mm(mat1, mat2), beta, alpha)


def _added(input: Any, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    """Return ``beta * input + alpha * product``, of the shape of `product`."""
    if product._data.dtype.kind != "f":
        # Integers and bools are scaled in their own dtype.
        beta, alpha = (np.asarray(n).astype(product.dtype).item() for n in (beta, alpha))
    if alpha != 1:
        product = product * alpha
    # PyTorch: with beta 0 NaN and inf of `input` are ignored.
    if beta == 0:
        return product
    scaled = to_tensor(input) if beta == 1 else to_tensor(input) * beta
    try:
        fits = np.broadcast_shapes(scaled.shape, product.shape) == product.shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(f"input: shape {scaled.shape} cannot be broadcast to {product.shape}")
    return scaled + product


def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * (mat @ vec)``."""
    return _added(input, mv(mat, vec), beta, alpha)


def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * outer(vec1, vec2)``."""
    return _added(input, outer(vec1, vec2), beta, alpha)


def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * bmm(batch1, batch2)``."""
    return _added(input, bmm(batch1, batch2), beta, alpha)


def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * (the sum of bmm(batch1, batch2) over the batch)``."""
    return _added(input, bmm(batch1, batch2).sum(0), beta, alpha)


def vdot(input: Any, other: Any) -> Tensor:
    """Return the inner product of two vectors."""
    return dot(input, other)


def kron(input: Any, other: Any) -> Tensor:
    """Return Kronecker's product: `other` times each element of `input`, in its place."""
    a, b = operands(input, other)
    ndim = max(a.ndim, b.ndim)
    a = reshape(a, (1,) * (ndim - a.ndim) + a.shape)
    b = reshape(b, (1,) * (ndim - b.ndim) + b.shape)
    left = [n for size in a.shape for n in (size, 1)]
    right = [n for size in b.shape for n in (1, size)]
    total = [n * m for n, m in zip(a.shape, b.shape, strict=True)]
    return reshape(reshape(a, left) * reshape(b, right), total)


def tensordot(a: Any, b: Any, dims: Any = 2) -> Tensor:
    """Return the sum of products over several dimensions of both.

    Parameters
    ----------
    a, b : Tensor
    dims : int or pair of sequences of int
        The last so many of `a` with the first of `b`, or the dimensions of each by number.
    """
    x, y = operands(a, b)
    if isinstance(dims, (Tensor, np.ndarray)):
        dims = np.asarray(dims).tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(x.ndim, y.ndim):
            raise RuntimeError(f"dims: expected in [0, {min(x.ndim, y.ndim)}], got {dims}")
        over = [list(range(x.ndim - dims, x.ndim)), list(range(dims))]
    else:
        over = [
            list(as_dims(tuple(part), z.ndim, "dims")) if len(part) else []
            for part, z in zip(dims, (x, y), strict=True)
        ]
    if len(over[0]) != len(over[1]):
        raise RuntimeError(f"dims: {dims} names more dimensions of one than of the other")
    for d, e in zip(*over, strict=True):
        # What is repeated is summed first.
        if x.shape[d] == 1:
            y = y.sum(e, True)
        elif y.shape[e] == 1:
            x = x.sum(d, True)
    shapes = [[z.shape[d] for d in part] for part, z in zip(over, (x, y), strict=True)]
    if shapes[0] != shapes[1]:
        raise RuntimeError(f"dims: sizes {shapes[0]} and {shapes[1]} differ")
    rest = [[d for d in range(z.ndim) if d not in p] for p, z in zip(over, (x, y), strict=True)]
    count = math.prod(shapes[0])
    rows, columns = ([z.shape[d] for d in kept] for z, kept in zip((x, y), rest, strict=True))
    left = reshape(x.permute([*rest[0], *over[0]]), (math.prod(rows), count))
    right = reshape(y.permute([*over[1], *rest[1]]), (count, math.prod(columns)))
    return reshape(matmul(left, right), (*rows, *columns))


def cross(input: Any, other: Any, dim: int | None = None) -> Tensor:
    """Return the cross products of vectors of three along `dim`: the first of size 3 by default."""
    a, b = operands(input, other)
    if dim is None:
        found = [i for i, n in enumerate(np.broadcast_shapes(a.shape, b.shape)) if n == 3]
        if not found:
            raise RuntimeError(f"dim: none of shape {a.shape} has size 3")
        dim = found[0]
    if a.ndim != b.ndim:
        raise RuntimeError(f"other: expected {a.ndim} dimensions as those of input, got {b.ndim}")
    d = as_dim(dim, a.ndim)
    if a.shape[d] != 3 or b.shape[d] != 3:
        raise RuntimeError(f"dim: expected size 3, got shapes {a.shape} and {b.shape}")
    turned = [(a.roll(i, d), b.roll(j, d)) for i, j in ((-1, -2), (-2, -1))]
    return turned[0][0] * turned[0][1] - turned[1][0] * turned[1][1]


ger = outer
