"""Choices between values: the greater of two, limits, conditions."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import namespace, operands, reduce_to, to_tensor
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "maximum",
    "minimum",
    "where",
]


class Maximum(Operator):
    """The greater of two values; the gradient is halved between equals, NaN wins."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        return np.maximum(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        return _shared(self.needs, grad, a, b, a < b, a > b)


class Minimum(Operator):
    """The smaller of two values; the gradient is halved between equals, NaN wins."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        return np.minimum(a, b)

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
        return np.clip(x, self.low, self.high)

    def backward(self, grad: Any, x: Any) -> Any:
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
        return np.where(self.condition, a, b)

    def backward(self, grad: Any) -> Any:
        xp = namespace(grad)
        ga = xp.where(self.condition, grad, 0) if self.needs[0] else None
        gb = xp.where(self.condition, 0, grad) if self.needs[1] else None
        return (
            None if ga is None else reduce_to(ga, self.shapes[0]),
            None if gb is None else reduce_to(gb, self.shapes[1]),
        )


def maximum(input: Any, other: Any) -> Tensor:
    """Return the greater of two values, broadcast; NaN wins.

    Between equals the gradient is halved.
    """
    return Maximum().apply(*operands(input, other))


def minimum(input: Any, other: Any) -> Tensor:
    """Return the smaller of two values, broadcast; NaN wins.

    Between equals the gradient is halved.
    """
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
        x = x if min is None else maximum(x, min)
        return x if max is None else minimum(x, max)
    for limit in (min, max):
        if limit is not None:
            x, _ = operands(x, limit)
    return Clamp(min, max).apply(x)


def clamp_min(input: Any, min: Any) -> Tensor:
    """Return `input` limited to at least `min`."""
    return clamp(input, min=min)


def clamp_max(input: Any, max: Any) -> Tensor:
    """Return `input` limited to at most `max`."""
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


clip = clamp
