"""Elementwise arithmetic with broadcasting."""

from __future__ import annotations

import numbers
import operator
from typing import Any

import numpy as np

from einkorn.autograd.operators.common import (
    cast,
    namespace,
    operands,
    reduce_to,
    refuse_numbers,
    to_floating,
    to_tensor,
)
from einkorn.autograd.operators.elements import added, divided, multiplied, subtracted
from einkorn.autograd.operators.rounding import sign, sign_of, trunc
from einkorn.autograd.operators.selection import where
from einkorn.autograd.tape import Operator, retain_crosswise, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "abs",
    "absolute",
    "add",
    "addcdiv",
    "addcmul",
    "copysign",
    "div",
    "divide",
    "float_power",
    "floor_divide",
    "fmod",
    "frac",
    "lerp",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "pow",
    "remainder",
    "rsub",
    "square",
    "sub",
    "subtract",
    "true_divide",
]


class Add(Operator):
    """``a + b``."""

    __slots__ = ("shapes",)

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return added(a, b)

    def backward(self, grad: Any) -> Any:
        a, b = self.shapes
        needs = self.needs
        return reduce_to(grad, a) if needs[0] else None, reduce_to(grad, b) if needs[1] else None


class Sub(Operator):
    """``a - b``."""

    __slots__ = ("shapes",)

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return subtracted(a, b)

    def backward(self, grad: Any) -> Any:
        a, b = self.shapes
        needs = self.needs
        return reduce_to(grad, a) if needs[0] else None, reduce_to(-grad, b) if needs[1] else None


class Mul(Operator):
    """``a * b``."""

    __slots__ = ("shapes",)
    retain = retain_crosswise

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return multiplied(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        needs = self.needs
        times = operator.mul if isinstance(grad, Tensor) else multiplied
        return (
            reduce_to(times(grad, b), self.shapes[0]) if needs[0] else None,
            reduce_to(times(grad, a), self.shapes[1]) if needs[1] else None,
        )


class Div(Operator):
    """``a / b``."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return divided(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        needs = self.needs
        over = operator.truediv if isinstance(grad, Tensor) else divided
        return (
            reduce_to(over(grad, b), a.shape) if needs[0] else None,
            reduce_to(-grad * a / (b * b), b.shape) if needs[1] else None,
        )


class Pow(Operator):
    """``a ** b``, with 0 ** 0 = 1 and zero gradients there."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return a**b

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        ga = gb = None
        xp = namespace(a)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.needs[0]:
                slope = xp.where(b == 0, 0, b * a ** (b - 1))
                ga = reduce_to(grad * slope, a.shape)
            if self.needs[1]:
                # At a = 0 the limit is 0 for b >= 0; the logarithm would give 0 * -inf.
                limit = (a == 0) & (b >= 0)
                slope = xp.where(limit, 0, a**b * xp.log(xp.where(limit, 1, a)))
                gb = reduce_to(grad * slope, b.shape)
        return ga, gb


class Square(Operator):
    """``x ** 2``."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, x: Any) -> Any:
        return multiplied(x, x)

    def backward(self, grad: Any, x: Any) -> Any:
        return grad * (x * 2)


class Neg(Operator):
    """``-x``."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return -x

    def backward(self, grad: Any) -> Any:
        return -grad


class Abs(Operator):
    """``|x|``, with slope 0 at 0."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, x: Any) -> Any:
        return np.abs(x)

    def backward(self, grad: Any, x: Any) -> Any:
        return grad * (sign(x) if isinstance(x, Tensor) else sign_of(x))


class FloorDivide(Operator):
    """``a / b`` rounded down, a step function of both."""

    __slots__ = ("shapes",)

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return np.asarray(np.floor_divide(a, b))

    def backward(self, grad: Any) -> Any:
        return tuple([namespace(grad).zeros(shape, dtype=grad.dtype) for shape in self.shapes])


class Remainder(Operator):
    """``a - b * quotient`` with the quotient rounded down, or towards zero."""

    __slots__ = ("function", "rounding")
    retain = retain_inputs

    def __init__(self, function: Any, rounding: Any) -> None:
        self.function = function
        self.rounding = rounding

    def forward(self, a: Any, b: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.function(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        quotient = self.rounding(np.asarray(a) / np.asarray(b))
        return (
            reduce_to(grad, a.shape) if self.needs[0] else None,
            reduce_to(-grad * quotient, b.shape) if self.needs[1] else None,
        )


def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Return ``input + alpha * other``, broadcast.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([1.0, 2.0]) + 1
    tensor([2., 3.])
    """
    if alpha != 1:
        other = mul(other, alpha)
    input, other = operands(input, other)
    return Add().apply(input, other)


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Return ``input - alpha * other``, broadcast.

    Raises
    ------
    RuntimeError
        For bool tensors, of which a difference has no meaning.
    """
    if alpha != 1:
        other = mul(other, alpha)
    input, other = operands(input, other)
    if input._data.dtype.kind == "b":
        raise RuntimeError("sub: two bool tensors have no difference; use ^ or logical_xor")
    return Sub().apply(input, other)


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Return ``other - alpha * input``, broadcast."""
    refuse_numbers(input=input)
    return sub(other, input, alpha=alpha)


def mul(input: Any, other: Any) -> Tensor:
    """Return ``input * other``, broadcast."""
    input, other = operands(input, other)
    return Mul().apply(input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """Return ``input / other``, broadcast.

    Parameters
    ----------
    input, other : Tensor, array or number
        Integers are divided as float32.
    rounding_mode : {None, "trunc", "floor"}
        Round the quotient towards zero, or down; integers then stay integers.

    Raises
    ------
    ValueError
        For another `rounding_mode`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.div(ek.tensor([-7, 7]), 2, rounding_mode="floor")
    tensor([-4,  3])
    """
    input, other = operands(input, other)
    if rounding_mode is None:
        return Div().apply(to_floating(input), to_floating(other))
    if rounding_mode == "floor":
        return FloorDivide().apply(input, other)
    if rounding_mode == "trunc":
        if input._data.dtype.kind == "f":
            return trunc(Div().apply(input, other))
        # Python and NumPy round integer quotients down; towards zero is one more below zero.
        down, rest = np.divmod(input._data, other._data)
        return Tensor(np.asarray(down + ((rest != 0) & (down < 0)).astype(down.dtype)))
    raise ValueError(f"rounding_mode: expected None, 'trunc' or 'floor', got {rounding_mode!r}")


def floor_divide(input: Any, other: Any) -> Tensor:
    """Return ``input / other`` rounded down."""
    return div(input, other, rounding_mode="floor")


def remainder(input: Any, other: Any) -> Tensor:
    """Return the remainder of ``input / other`` with the sign of `other`, as Python's ``%``."""
    return Remainder(np.remainder, np.floor).apply(*operands(input, other))


def fmod(input: Any, other: Any) -> Tensor:
    """Return the remainder of ``input / other`` with the sign of `input`, as C's ``fmod``."""
    refuse_numbers(input=input)
    return Remainder(np.fmod, np.trunc).apply(*operands(input, other))


def pow(input: Any, exponent: Any) -> Tensor:
    """Return ``input ** exponent``, broadcast.

    Raises
    ------
    RuntimeError
        For integers to negative integer powers.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([1.0, 2.0, 3.0]) ** 2
    tensor([1., 4., 9.])
    """
    if isinstance(input, Tensor) and exponent.__class__ is int and exponent == 2:
        return square(input)
    base, power = operands(input, exponent)
    if base._data.dtype.kind in "iu" and (power._data < 0).any():
        if isinstance(exponent, numbers.Number):
            raise RuntimeError(f"exponent: negative power {exponent} of integers")
        return Tensor(_whole_power(base._data, power._data))
    return Pow().apply(base, power)


def _whole_power(base: Any, power: Any) -> Any:
    """Return powers of integers; negative ones are 0 but those of 1 and -1."""
    result = base ** np.abs(power)
    return np.asarray(np.where((power < 0) & (np.abs(base) != 1), 0, result), result.dtype)


def rpow(input: Any, other: Any) -> Tensor:
    """Return ``other ** input``, broadcast."""
    return pow(other, input)


def rdiv(input: Any, other: Any) -> Tensor:
    """Return ``other / input``, broadcast."""
    return div(other, input)


def rfloor_divide(input: Any, other: Any) -> Tensor:
    """Return ``other / input`` rounded down."""
    return floor_divide(other, input)


def rremainder(input: Any, other: Any) -> Tensor:
    """Return the remainder of ``other / input``."""
    return remainder(other, input)


def square(input: Any) -> Tensor:
    """Return ``input ** 2``."""
    x = to_tensor(input)
    return Square().apply(cast(x, np.dtype(np.int64)) if x._data.dtype.kind == "b" else x)


def neg(input: Any) -> Tensor:
    """Return ``-input``."""
    return Neg().apply(to_tensor(input))


def positive(input: Any) -> Tensor:
    """Return `input` itself."""
    return to_tensor(input)


def abs(input: Any) -> Tensor:
    """Return ``|input|``; the gradient at 0 is 0."""
    return Abs().apply(to_tensor(input))


def lerp(input: Any, end: Any, weight: Any) -> Tensor:
    """Return ``input + weight * (end - input)``."""
    return input + weight * (end - input)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Tensor:
    """Return ``input + value * tensor1 * tensor2``, broadcast."""
    return add(input, mul(tensor1, tensor2), alpha=value)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Tensor:
    """Return ``input + value * tensor1 / tensor2``, broadcast.

    Raises
    ------
    RuntimeError
        If both `tensor1` and `tensor2` are integers: it is not said how to divide them.
    """
    if all(to_tensor(x).dtype.kind != "f" for x in (tensor1, tensor2)):
        raise RuntimeError("addcdiv: integers are not divided; convert them first")
    return add(input, div(tensor1, tensor2), alpha=value)


def float_power(input: Any, exponent: Any) -> Tensor:
    """Return ``input ** exponent``, computed in float64."""
    wide = [
        x if isinstance(x, numbers.Number) else cast(to_tensor(x), np.dtype(np.float64))
        for x in (input, exponent)
    ]
    if isinstance(wide[0], numbers.Number) and isinstance(wide[1], Tensor):
        wide[0] = Tensor(np.asarray(wide[0], np.float64))
    return pow(*wide)


def frac(input: Any) -> Tensor:
    """Return the part after the decimal point, ``input - trunc(input)``."""
    x = to_tensor(input)
    return sub(x, trunc(x).detach())


def copysign(input: Any, other: Any) -> Tensor:
    """Return ``|input|`` with the sign of `other`, broadcast; the sign of -0 counts."""
    refuse_numbers(input=input)
    a, b = operands(input, other)
    a, b = to_floating(a), to_floating(b)
    signs = np.copysign(np.asarray(1, a.dtype), b._data)
    # At 0 there is no slope, as for the absolute value.
    return where(a._data == 0, np.copysign(a._data * 0, b._data), a * sign(a).detach() * signs)


absolute = abs
divide = true_divide = div
multiply = mul
negative = neg
subtract = sub
