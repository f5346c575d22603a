"""Choices between values: the greater of two, limits, conditions."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import (
    namespace,
    operands,
    reduce_to,
    refuse_numbers,
    to_tensor,
)
from einkorn.autograd.operators.conversion import clone
from einkorn.autograd.operators.elements import by_kernel, chosen, greatest, smallest
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "fmax",
    "fmin",
    "heaviside",
    "maximum",
    "minimum",
    "nan_to_num",
    "where",
]


class Maximum(Operator):
    """The greater of two values; the gradient is halved between equals, NaN wins."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        return greatest(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        return _shared(self.needs, grad, a, b, a < b, a > b)


class Minimum(Operator):
    """The smaller of two values; the gradient is halved between equals, NaN wins."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        return smallest(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        return _shared(self.needs, grad, a, b, a > b, a < b)


def _shared(
    needs: tuple[bool, ...], grad: Any, a: Any, b: Any, a_loses: Any, b_loses: Any
) -> tuple[Any, Any]:
    """Return the gradients of a choice between `a` and `b`, of which equals share theirs.

    Beside a NaN neither loses, and both receive the whole.
    """
    xp = namespace(a)
    shared = xp.where(a == b, grad * 0.5, grad)
    ga = xp.where(a_loses, 0, shared) if needs[0] else None
    gb = xp.where(b_loses, 0, shared) if needs[1] else None
    return (
        None if ga is None else reduce_to(ga, a.shape),
        None if gb is None else reduce_to(gb, b.shape),
    )


class Clamp(Operator):
    """Values limited to [low, high]; the gradient passes at the limits themselves."""

    __slots__ = ("high", "low")
    retain = retain_inputs

    def __init__(self, low: Any, high: Any) -> None:
        self.low = low
        self.high = high

    def forward(self, x: Any) -> Any:
        if by_kernel(x):
            return kernels.clamp(x, self.low, self.high)
        return np.clip(x, self.low, self.high)

    def backward(self, grad: Any, x: Any) -> Any:
        if by_kernel(x) and by_kernel(grad):
            return kernels.clamp_grad(grad, x, self.low, self.high)
        inside = True
        if self.low is not None:
            inside = x >= self.low
        if self.high is not None:
            inside = (x <= self.high) & inside
        return grad * inside


class Where(Operator):
    """`a` where the condition holds, else `b`."""

    __slots__ = ("condition", "shapes")

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return chosen(self.condition, a, b)

    def backward(self, grad: Any) -> Any:
        if isinstance(grad, Tensor):
            ga = where(self.condition, grad, 0) if self.needs[0] else None
            gb = where(self.condition, 0, grad) if self.needs[1] else None
        else:
            zero = np.zeros((), grad.dtype)
            ga = chosen(self.condition, grad, zero) if self.needs[0] else None
            gb = chosen(self.condition, zero, grad) if self.needs[1] else None
        return (
            None if ga is None else reduce_to(ga, self.shapes[0]),
            None if gb is None else reduce_to(gb, self.shapes[1]),
        )


def maximum(input: Any, other: Any) -> Tensor:
    """Return the greater of two values, broadcast; NaN wins.

    Between equals the gradient is halved.
    """
    refuse_numbers(input=input, other=other)
    return Maximum().apply(*operands(input, other))


def minimum(input: Any, other: Any) -> Tensor:
    """Return the smaller of two values, broadcast; NaN wins.

    Between equals the gradient is halved.
    """
    refuse_numbers(input=input, other=other)
    return Minimum().apply(*operands(input, other))


def larger(input: Any, other: Any) -> Tensor:
    """Do what :func:`maximum` does, also with numbers."""
    return Maximum().apply(*operands(input, other))


def smaller(input: Any, other: Any) -> Tensor:
    """Do what :func:`minimum` does, also with numbers."""
    return Minimum().apply(*operands(input, other))


def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """Return `input` limited to ``[min, max]``.

    Parameters
    ----------
    input : Tensor
    min, max : number, Tensor or None
        The limits; at least one. Numbers of a higher kind promote `input`.

    Raises
    ------
    ValueError
        If both limits are None.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([-2.0, 0.5, 3.0]).clamp(0, 1)
    tensor([0. , 0.5, 1. ])
    """
    x = to_tensor(input)
    if min is None and max is None:
        raise ValueError("min, max: expected at least one limit, got None for both")
    if isinstance(min, (Tensor, np.ndarray)) or isinstance(max, (Tensor, np.ndarray)):
        x = x if min is None else larger(x, min)
        return x if max is None else smaller(x, max)
    for limit in (min, max):
        if limit is not None:
            x, _ = operands(x, limit)
    return Clamp(min, max).apply(x)


def clamp_min(input: Any, min: Any) -> Tensor:
    """Return `input` limited to at least `min`."""
    refuse_numbers(input=input)
    return clamp(input, min=min)


def clamp_max(input: Any, max: Any) -> Tensor:
    """Return `input` limited to at most `max`."""
    refuse_numbers(input=input)
    return clamp(input, max=max)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Return `input` where `condition` holds, else `other`, broadcast.

    With `condition` alone, return the indices where it holds, one tensor per dimension.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([-1.0, 2.0])
    >>> ek.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    mask = np.asarray(condition)
    if input is None and other is None:
        return tuple([Tensor(index) for index in np.nonzero(mask)])
    if mask.dtype.kind != "b":
        raise RuntimeError(f"condition: expected dtype bool, got {mask.dtype}")
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input = to_tensor(input)
    return Where(mask).apply(*operands(input, other))


def fmax(input: Any, other: Any) -> Tensor:
    """Return the greater of two values, broadcast; of a NaN and a number the number."""
    return _beside_nan(maximum, input, other)


def fmin(input: Any, other: Any) -> Tensor:
    """Return the smaller of two values, broadcast; of a NaN and a number the number."""
    return _beside_nan(minimum, input, other)


def _beside_nan(function: Any, input: Any, other: Any) -> Tensor:
    refuse_numbers(input=input, other=other)
    a, b = operands(input, other)
    if a._data.dtype.kind != "f":
        return function(a, b)
    with np.errstate(invalid="ignore"):
        first, second = np.isnan(b._data), np.isnan(a._data) & ~np.isnan(b._data)
    return where(first, a, where(second, b, function(where(first, 0, a), where(second, 0, b))))


def heaviside(input: Any, values: Any) -> Tensor:
    """Return 0 below 0, 1 above, and `values` at 0, broadcast.

    Raises
    ------
    RuntimeError
        If the dtypes differ.
    """
    refuse_numbers(input=input, values=values)
    a, b = to_tensor(input), to_tensor(values)
    if a.dtype != b.dtype:
        raise RuntimeError(f"values: expected dtype {a.dtype} as that of input, got {b.dtype}")
    return Tensor(np.asarray(np.heaviside(a._data, b._data)).astype(a.dtype))


def nan_to_num(
    input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Return `input` with numbers for NaN (default: 0) and the infinities (the dtype's limits)."""
    x = to_tensor(input)
    if x._data.dtype.kind != "f":
        return clone(x)
    limits = np.finfo(x.dtype)
    for found, value, default in (
        (np.isnan(x._data), nan, 0.0),
        (np.isposinf(x._data), posinf, float(limits.max)),
        (np.isneginf(x._data), neginf, float(limits.min)),
    ):
        x = where(found, default if value is None else float(value), x)
    return x


def where_method(input: Any, condition: Any, other: Any) -> Tensor:
    """Return the tensor itself where `condition` holds, else `other`, broadcast."""
    return where(condition, input, other)


clip = clamp
