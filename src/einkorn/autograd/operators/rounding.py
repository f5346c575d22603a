"""Signs and whole numbers: functions of steps, whose gradients are zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import namespace, to_tensor
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = ["ceil", "floor", "round", "sgn", "sign", "signbit", "trunc"]


class Flat(Operator):
    """A function of steps, whose gradient is zero: `function` from NumPy."""

    __slots__ = ("function",)

    def __init__(self, function: Any) -> None:
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def backward(self, grad: Any) -> Any:
        return namespace(grad).zeros_like(grad)


def sign_of(x: Any) -> Any:
    """Return the sign of an array; of NaN 0, as in PyTorch, where NumPy has NaN."""
    if x.dtype.kind == "b":
        return x.copy()
    return np.nan_to_num(np.sign(x), nan=0.0) if x.dtype.kind == "f" else np.sign(x)


def sign(input: Any) -> Tensor:
    """Return -1, 0 or 1 by the sign of `input`; 0 for NaN."""
    return Flat(sign_of).apply(to_tensor(input))


def floor(input: Any) -> Tensor:
    """Return the greatest integers not above `input`."""
    return Flat(np.floor).apply(to_tensor(input))


def ceil(input: Any) -> Tensor:
    """Return the smallest integers not below `input`."""
    return Flat(np.ceil).apply(to_tensor(input))


def trunc(input: Any) -> Tensor:
    """Return `input` rounded towards zero."""
    return Flat(np.trunc).apply(to_tensor(input))


def round(input: Any, *, decimals: int = 0) -> Tensor:
    """Return `input` rounded to `decimals` places, halves to the even neighbour."""
    return Flat(lambda x: np.round(x, decimals)).apply(to_tensor(input))


def signbit(input: Any) -> Tensor:
    """Return where the sign is negative, that of -0 included."""
    x = to_tensor(input)._data
    return Tensor(np.asarray(np.signbit(x) if x.dtype.kind == "f" else x < 0))


sgn = sign
