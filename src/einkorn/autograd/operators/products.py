"""Products of matrices, over the kernel ``matmul``."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.affine import linear
from einkorn.autograd.operators.common import operands, reduce_to, to_tensor
from einkorn.autograd.operators.shape import mT, reshape, unsqueeze
from einkorn.autograd.tape import Operator, retain_crosswise
from einkorn.autograd.tensor import Tensor

__all__ = ["addmm", "bmm", "dot", "inner", "linear", "matmul", "mm", "mv", "outer"]


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
    product = mm(mat1, mat2)
    if alpha != 1:
        product = product * alpha
    # PyTorch: with beta 0 NaN and inf of `input` are ignored.
    if beta == 0:
        return product
    scaled = to_tensor(input) if beta == 1 else to_tensor(input) * beta
    return scaled + product
