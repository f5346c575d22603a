"""Elementwise arithmetic with broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import (
    cast,
    namespace,
    operands,
    reduce_to,
    to_floating,
    to_tensor,
)
from einkorn.autograd.tape import (
    Operator,
    retain_crosswise,
    retain_inputs,
    retain_output,
)
from einkorn.autograd.tensor import Tensor

__all__ = [
    "abs",
    "absolute",
    "add",
    "ceil",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "cos",
    "div",
    "divide",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "fmod",
    "lerp",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "round",
    "rsqrt",
    "rsub",
    "sign",
    "sin",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "tan",
    "true_divide",
    "trunc",
    "where",
]


class Add(Operator):
    """``a + b``."""

    __slots__ = ("shapes",)

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return a + b

    def backward(self, grad: Any) -> Any:
        a, b = self.shapes
        needs = self.needs
        return reduce_to(grad, a) if needs[0] else None, reduce_to(grad, b) if needs[1] else None


class Sub(Operator):
    """``a - b``."""

    __slots__ = ("shapes",)

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return a - b

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
        return a * b

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        needs = self.needs
        return (
            reduce_to(grad * b, self.shapes[0]) if needs[0] else None,
            reduce_to(grad * a, self.shapes[1]) if needs[1] else None,
        )


class Div(Operator):
    """``a / b``."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return a / b

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        needs = self.needs
        return (
            reduce_to(grad / b, a.shape) if needs[0] else None,
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
        return x * x

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
        return grad * (sign(x) if isinstance(x, Tensor) else _sign(x))


class Exp(Operator):
    """``e ** x``."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        with np.errstate(over="ignore"):
            return np.exp(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return grad * y


class Expm1(Operator):
    """``e ** x - 1``, exact near 0."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        with np.errstate(over="ignore"):
            return np.expm1(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return grad * (y + 1)


class _Log(Operator):
    """A logarithm: NumPy's `function`, whose slope is ``1 / (scale * x)``."""

    __slots__ = ()
    retain = retain_inputs
    function: np.ufunc
    scale: float

    def forward(self, x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.function(x)

    def backward(self, grad: Any, x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return grad / (x * self.scale)


class Log(_Log):
    """Natural logarithm."""

    __slots__ = ()
    function, scale = np.log, 1.0


class Log2(_Log):
    """Logarithm of base 2."""

    __slots__ = ()
    function, scale = np.log2, 0.6931471805599453


class Log10(_Log):
    """Logarithm of base 10."""

    __slots__ = ()
    function, scale = np.log10, 2.302585092994046


class Log1p(Operator):
    """``log(1 + x)``, exact near 0."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log1p(x)

    def backward(self, grad: Any, x: Any) -> Any:
        return grad / (x + 1)


class Sqrt(Operator):
    """Square root."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return np.sqrt(x)

    def backward(self, grad: Any, y: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return grad / (y * 2)


class Rsqrt(Operator):
    """``1 / sqrt(x)``."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1 / np.sqrt(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return grad * (y * y * y) * -0.5


class Reciprocal(Operator):
    """``1 / x``."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        with np.errstate(divide="ignore"):
            return 1 / x

    def backward(self, grad: Any, y: Any) -> Any:
        return -grad * (y * y)


class Sin(Operator):
    """Sine."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, x: Any) -> Any:
        return np.sin(x)

    def backward(self, grad: Any, x: Any) -> Any:
        return grad * namespace(x).cos(x)


class Cos(Operator):
    """Cosine."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, x: Any) -> Any:
        return np.cos(x)

    def backward(self, grad: Any, x: Any) -> Any:
        return -grad * namespace(x).sin(x)


class Tan(Operator):
    """Tangent."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        return np.tan(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return grad * (y * y + 1)


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


class Flat(Operator):
    """A function of steps, whose gradient is zero: `function` from NumPy."""

    __slots__ = ("function",)

    def __init__(self, function: Any) -> None:
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def backward(self, grad: Any) -> Any:
        return namespace(grad).zeros_like(grad)


class FloorDivide(Operator):
    """``a / b`` rounded down, a step function of both."""

    __slots__ = ("shapes",)

    def forward(self, a: Any, b: Any) -> Any:
        self.shapes = a.shape, b.shape
        return np.asarray(np.floor_divide(a, b))

    def backward(self, grad: Any) -> Any:
        return tuple(namespace(grad).zeros(shape, dtype=grad.dtype) for shape in self.shapes)


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
        raise RuntimeError(f"exponent: negative power {exponent} of integers")
    return Pow().apply(base, power)


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


def exp(input: Any) -> Tensor:
    """Return ``e ** input``."""
    return Exp().apply(to_floating(input))


def expm1(input: Any) -> Tensor:
    """Return ``e ** input - 1``, exact near 0."""
    return Expm1().apply(to_floating(input))


def log(input: Any) -> Tensor:
    """Return the natural logarithm."""
    return Log().apply(to_floating(input))


def log2(input: Any) -> Tensor:
    """Return the logarithm of base 2."""
    return Log2().apply(to_floating(input))


def log10(input: Any) -> Tensor:
    """Return the logarithm of base 10."""
    return Log10().apply(to_floating(input))


def log1p(input: Any) -> Tensor:
    """Return ``log(1 + input)``, exact near 0."""
    return Log1p().apply(to_floating(input))


def logaddexp(input: Any, other: Any) -> Tensor:
    """Return ``log(e ** input + e ** other)``, without overflow."""
    a, b = operands(input, other)
    high, low = maximum(a, b), minimum(a, b)
    # Equal infinities have no difference; there the larger is the result.
    gap = where(high == low, low * 0, low - high) if np.isinf(high._data).any() else low - high
    return high + log1p(exp(gap))


def sqrt(input: Any) -> Tensor:
    """Return the square root."""
    return Sqrt().apply(to_floating(input))


def rsqrt(input: Any) -> Tensor:
    """Return ``1 / sqrt(input)``."""
    return Rsqrt().apply(to_floating(input))


def reciprocal(input: Any) -> Tensor:
    """Return ``1 / input``."""
    return Reciprocal().apply(to_floating(input))


def sin(input: Any) -> Tensor:
    """Return the sine."""
    return Sin().apply(to_floating(input))


def cos(input: Any) -> Tensor:
    """Return the cosine."""
    return Cos().apply(to_floating(input))


def tan(input: Any) -> Tensor:
    """Return the tangent."""
    return Tan().apply(to_floating(input))


def _sign(x: Any) -> Any:
    """Return the sign of an array; of NaN 0, as in PyTorch, where NumPy has NaN."""
    return np.nan_to_num(np.sign(x), nan=0.0) if x.dtype.kind == "f" else np.sign(x)


def sign(input: Any) -> Tensor:
    """Return -1, 0 or 1 by the sign of `input`; 0 for NaN."""
    return Flat(_sign).apply(to_tensor(input))


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


def lerp(input: Any, end: Any, weight: Any) -> Tensor:
    """Return ``input + weight * (end - input)``."""
    return input + weight * (end - input)


absolute = abs
clip = clamp
divide = true_divide = div
multiply = mul
negative = neg
subtract = sub
