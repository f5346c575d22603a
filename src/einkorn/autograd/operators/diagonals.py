"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import namespace, to_tensor
from einkorn.autograd.operators.shape import movedim
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
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
