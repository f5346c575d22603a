"""The elements in reverse, moved round, or turned."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import (
    as_dim,
    as_dims,
    as_shape,
    copied,
    namespace,
    to_tensor,
)
from einkorn.autograd.operators.shape import listed, transpose
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = ["flip", "fliplr", "flipud", "roll", "rot90"]


class Flip(Operator):
    """The order along some dimensions reversed."""

    __slots__ = ("dims",)

    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def forward(self, x: Any) -> Any:
        return copied(np.flip(x, self.dims))

    def backward(self, grad: Any) -> Any:
        return namespace(grad).flip(grad, self.dims)


class Roll(Operator):
    """The elements moved along some dimensions, re-entering at the other end."""

    __slots__ = ("dims", "shifts")

    def __init__(self, shifts: tuple[int, ...], dims: tuple[int, ...]) -> None:
        self.shifts = shifts
        self.dims = dims

    def forward(self, x: Any) -> Any:
        return np.roll(x, self.shifts, self.dims)

    def backward(self, grad: Any) -> Any:
        return namespace(grad).roll(grad, tuple([-n for n in self.shifts]), self.dims)


def flip(input: Any, dims: Any = (), *more: int) -> Tensor:
    """Return a copy with the order along `dims` reversed."""
    x = to_tensor(input)
    chosen = as_shape((dims, *more))
    return Flip(as_dims(chosen, x.ndim, "dims") if chosen else ()).apply(x)


def roll(input: Any, shifts: Any, dims: Any = None) -> Tensor:
    """Return a copy moved by `shifts` along `dims`, what leaves re-entering at the other end."""
    x = to_tensor(input)
    if dims is None or dims == ():
        return roll(x.flatten(), shifts, 0).reshape(x.shape)
    steps, along = tuple(listed(shifts)), tuple([as_dim(d, x.ndim) for d in listed(dims)])
    if len(steps) != len(along):
        raise RuntimeError(f"shifts: {steps} and dims: {along} differ in length")
    return Roll(steps, along).apply(x)


def fliplr(input: Any) -> Tensor:
    """Return a copy with the order of the columns reversed."""
    x = to_tensor(input)
    if x.ndim < 2:
        raise RuntimeError(f"fliplr: expected at least 2 dimensions, got shape {x.shape}")
    return flip(x, 1)


def flipud(input: Any) -> Tensor:
    """Return a copy with the order of the rows reversed."""
    x = to_tensor(input)
    if not x.ndim:
        raise RuntimeError("flipud: expected at least one dimension, got none")
    return flip(x, 0)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Return a copy turned `k` times by a quarter, from the first of `dims` towards the second."""
    x = to_tensor(input)
    if len(dims) != 2:
        raise RuntimeError(f"dims: expected two, got {dims}")
    if x.ndim < 2:
        raise RuntimeError(f"rot90: expected at least 2 dimensions, got shape {x.shape}")
    first, second = as_dims(tuple(dims), x.ndim, "dims")
    turns = k % 4
    if turns == 2:
        return flip(x, (first, second))
    if not turns:
        return flip(x, ())
    return (
        transpose(flip(x, second), first, second)
        if turns == 1
        else flip(transpose(x, first, second), second)
    )
