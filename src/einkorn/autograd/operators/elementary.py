"""Elementary functions of one variable: exponentials, logarithms, roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.common import operands, to_floating
from einkorn.autograd.operators.selection import clamp, maximum, minimum, where
from einkorn.autograd.tape import Operator, retain_inputs, retain_output
from einkorn.autograd.tensor import Tensor

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logit",
    "reciprocal",
    "rsqrt",
    "sqrt",
    "xlogy",
]


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


_LN2 = 0.6931471805599453


class Exp2(Operator):
    """``2 ** x``."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        with np.errstate(over="ignore"):
            return np.exp2(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return grad * (y * _LN2)


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
    function, scale = np.log2, _LN2


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
    if a._data.dtype.kind != "f":
        raise RuntimeError(f"logaddexp: expected floating point tensors, got {a.dtype}")
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


def exp2(input: Any) -> Tensor:
    """Return ``2 ** input``."""
    return Exp2().apply(to_floating(input))


def logaddexp2(input: Any, other: Any) -> Tensor:
    """Return ``log2(2 ** input + 2 ** other)``, without overflow."""
    return logaddexp(to_floating(input) * _LN2, to_floating(other) * _LN2) * (1 / _LN2)


def logit(input: Any, eps: float | None = None) -> Tensor:
    """Return ``log(x / (1 - x))``, of `input` limited to ``[eps, 1 - eps]`` if `eps` is given."""
    x = to_floating(input)
    if eps is not None:
        x = clamp(x, eps, 1 - eps)
    return log(x / (1 - x))


def xlogy(input: Any, other: Any) -> Tensor:
    """Return ``input * log(other)``, 0 where `input` is 0 and `other` no NaN."""
    x, y = operands(input, other)
    x, y = to_floating(x), to_floating(y)
    zero = (x == 0) & (y == y)
    return where(zero, 0.0, x) * log(where(zero, 1.0, y))
