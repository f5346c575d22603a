"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import as_dim, namespace, to_tensor
from einkorn.autograd.operators.conversion import clone
from einkorn.autograd.operators.indexing import Scatter
from einkorn.autograd.operators.shape import movedim, reshape
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "trace",
    "tril",
    "triu",
]


class Triangle(Operator):
    """The part of matrices below (`lower`) or above a diagonal, zero elsewhere."""

    __slots__ = ("diagonal", "lower")

    def __init__(self, diagonal: int, lower: bool) -> None:
        self.diagonal = diagonal
        self.lower = lower

    def forward(self, x: Any) -> Any:
        return np.tril(x, self.diagonal) if self.lower else np.triu(x, self.diagonal)

    def backward(self, grad: Any) -> Any:
        xp = namespace(grad)
        return xp.tril(grad, self.diagonal) if self.lower else xp.triu(grad, self.diagonal)


def tril(input: Any, diagonal: int = 0) -> Tensor:
    """Return the lower triangle of matrices, zero above `diagonal`."""
    return Triangle(diagonal, True).apply(_matrices(input))


def triu(input: Any, diagonal: int = 0) -> Tensor:
    """Return the upper triangle of matrices, zero below `diagonal`."""
    return Triangle(diagonal, False).apply(_matrices(input))


def _matrices(value: Any) -> Tensor:
    x = to_tensor(value)
    if x.ndim < 2:
        raise RuntimeError(f"input: expected at least 2 dimensions, got {x.ndim}")
    return x


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return the diagonal of the dimensions `dim1` and `dim2` as the last dimension."""
    x = to_tensor(input)
    moved = movedim(x, (dim1, dim2), (-2, -1))
    rows, columns = moved.shape[-2:]
    count = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    steps = np.arange(count)
    return moved[..., steps - min(offset, 0), steps + max(offset, 0)]


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
    return x.diagonal().sum()


def diag(input: Any, diagonal: int = 0) -> Tensor:
    """Return the matrix with a vector as its diagonal, or the diagonal of a matrix."""
    x = to_tensor(input)
    if x.ndim not in (1, 2):
        raise RuntimeError(f"diag: expected one or two dimensions, got shape {x.shape}")
    return diag_embed(x, diagonal) if x.ndim == 1 else clone(_diagonal(x, diagonal))


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return matrices with the last dimension of `input` as their diagonals, zero elsewhere.

    Parameters
    ----------
    input : Tensor of shape (*, N)
    offset : int
        Above (positive) or below the main diagonal.
    dim1, dim2 : int
        Where the rows and columns are in the result.
    """
    x = to_tensor(input)
    if not x.ndim:
        raise RuntimeError("diag_embed: expected at least one dimension, got none")
    first, second = as_dim(dim1, x.ndim + 1, "dim1"), as_dim(dim2, x.ndim + 1, "dim2")
    if first == second:
        raise RuntimeError(f"dim1, dim2: both are {dim1}")
    count = x.shape[-1]
    size = count + abs(offset)
    steps = np.arange(count)
    key = (..., steps - min(offset, 0), steps + max(offset, 0))
    matrices = Scatter(key, False, (*x.shape[:-1], size, size)).apply(x)
    return movedim(matrices, (-2, -1), (first, second))


def diagflat(input: Any, offset: int = 0) -> Tensor:
    """Return the matrix with the elements of `input` as its diagonal."""
    return diag_embed(reshape(to_tensor(input), -1), offset)


_diagonal = diagonal
