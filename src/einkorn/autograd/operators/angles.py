"""Circular and hyperbolic functions, their inverses, and the error function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import (
    namespace,
    operands,
    reduce_to,
    refuse_numbers,
    to_floating,
)
from einkorn.autograd.tape import Operator, retain_inputs, retain_output
from einkorn.autograd.tensor import Tensor

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "erf",
    "erfc",
    "hypot",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "tan",
]


class Smooth(Operator):
    """A function of one variable and its slope, a formula that reads the same for Tensors.

    The formula is given the namespace of its functions and the variable.
    """

    __slots__ = ("function", "slope")
    retain = retain_inputs

    def __init__(self, function: Callable[[Any], Any], slope: Callable[[Any, Any], Any]) -> None:
        self.function = function
        self.slope = slope

    def forward(self, x: Any) -> Any:
        with np.errstate(all="ignore"):
            return self.function(x)

    def backward(self, grad: Any, x: Any) -> Any:
        with np.errstate(all="ignore"):
            return grad * self.slope(namespace(x), x)


class Tan(Operator):
    """Tangent."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        return np.tan(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return grad * (y * y + 1)


class Atan2(Operator):
    """The angle of the point (b, a)."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        return np.arctan2(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = grad / (a * a + b * b)
            return (
                reduce_to(share * b, a.shape) if self.needs[0] else None,
                reduce_to(-share * a, b.shape) if self.needs[1] else None,
            )


class Hypot(Operator):
    """``sqrt(a ** 2 + b ** 2)``, without overflow."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, a: Any, b: Any) -> Any:
        return np.hypot(a, b)

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = grad / namespace(a).hypot(a, b)
            return (
                reduce_to(share * a, a.shape) if self.needs[0] else None,
                reduce_to(share * b, b.shape) if self.needs[1] else None,
            )


def sin(input: Any) -> Tensor:
    """Return the sine."""
    return Smooth(np.sin, lambda xp, x: xp.cos(x)).apply(to_floating(input))


def cos(input: Any) -> Tensor:
    """Return the cosine."""
    return Smooth(np.cos, lambda xp, x: -xp.sin(x)).apply(to_floating(input))


def tan(input: Any) -> Tensor:
    """Return the tangent."""
    return Tan().apply(to_floating(input))


def asin(input: Any) -> Tensor:
    """Return the inverse sine, in radians; NaN outside [-1, 1]."""
    return Smooth(np.arcsin, lambda xp, x: 1 / xp.sqrt(1 - x * x)).apply(to_floating(input))


def acos(input: Any) -> Tensor:
    """Return the inverse cosine, in radians; NaN outside [-1, 1]."""
    return Smooth(np.arccos, lambda xp, x: -1 / xp.sqrt(1 - x * x)).apply(to_floating(input))


def atan(input: Any) -> Tensor:
    """Return the inverse tangent, in radians."""
    return Smooth(np.arctan, lambda xp, x: 1 / (1 + x * x)).apply(to_floating(input))


def atan2(input: Any, other: Any) -> Tensor:
    """Return the angle of the points (other, input), in radians from -pi to pi, broadcast."""
    refuse_numbers(input=input, other=other)
    a, b = operands(input, other)
    return Atan2().apply(to_floating(a), to_floating(b))


def sinh(input: Any) -> Tensor:
    """Return the hyperbolic sine."""
    return Smooth(np.sinh, lambda xp, x: xp.cosh(x)).apply(to_floating(input))


def cosh(input: Any) -> Tensor:
    """Return the hyperbolic cosine."""
    return Smooth(np.cosh, lambda xp, x: xp.sinh(x)).apply(to_floating(input))


def asinh(input: Any) -> Tensor:
    """Return the inverse hyperbolic sine."""
    return Smooth(np.arcsinh, lambda xp, x: 1 / xp.sqrt(x * x + 1)).apply(to_floating(input))


def acosh(input: Any) -> Tensor:
    """Return the inverse hyperbolic cosine; NaN below 1."""
    return Smooth(np.arccosh, lambda xp, x: 1 / xp.sqrt(x * x - 1)).apply(to_floating(input))


def atanh(input: Any) -> Tensor:
    """Return the inverse hyperbolic tangent; NaN outside [-1, 1]."""
    return Smooth(np.arctanh, lambda xp, x: 1 / (1 - x * x)).apply(to_floating(input))


def sinc(input: Any) -> Tensor:
    """Return ``sin(pi x) / (pi x)``, 1 at 0."""
    return Smooth(np.sinc, _sinc_slope).apply(to_floating(input))


def _sinc_slope(xp: Any, x: Any) -> Any:
    # Near 0 the difference of the two terms cancels: there, the series.
    near = abs(x) < 0.1
    safe = xp.where(near, 1, x)
    far = (xp.cos(safe * math.pi) - xp.sin(safe * math.pi) / (safe * math.pi)) / safe
    square = (x * math.pi) ** 2
    series = x * (math.pi**2) * (square * (1 / 30 - square * (1 / 840 - square / 45360)) - 1 / 3)
    return xp.where(near, series, far)


def deg2rad(input: Any) -> Tensor:
    """Return angles in degrees as radians."""
    return to_floating(input) * (math.pi / 180)


def rad2deg(input: Any) -> Tensor:
    """Return angles in radians as degrees."""
    return to_floating(input) * (180 / math.pi)


def hypot(input: Any, other: Any) -> Tensor:
    """Return ``sqrt(input ** 2 + other ** 2)``, without overflow, broadcast."""
    refuse_numbers(input=input, other=other)
    a, b = operands(input, other)
    return Hypot().apply(to_floating(a), to_floating(b))


def erf(input: Any) -> Tensor:
    r"""Return the error function, :math:`\frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt`."""
    return Smooth(kernels.erf, _erf_slope).apply(to_floating(input))


def erfc(input: Any) -> Tensor:
    """Return ``1 - erf(input)``, exact also where that is small."""
    return Smooth(kernels.erfc, lambda xp, x: -_erf_slope(xp, x)).apply(to_floating(input))


def _erf_slope(xp: Any, x: Any) -> Any:
    return xp.exp(-x * x) * (2 / math.sqrt(math.pi))


arccos, arccosh, arcsin, arcsinh = acos, acosh, asin, asinh
arctan, arctan2, arctanh = atan, atan2, atanh
