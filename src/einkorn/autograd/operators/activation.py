"""Activations, over the elementwise kernels where there is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.angles import erf
from einkorn.autograd.operators.arithmetic import abs as _abs
from einkorn.autograd.operators.common import as_dim, to_floating, to_tensor
from einkorn.autograd.operators.comparison import isnan
from einkorn.autograd.operators.elementary import exp, log1p
from einkorn.autograd.operators.joining import chunk
from einkorn.autograd.operators.selection import clamp, larger, smaller, where
from einkorn.autograd.random import default_generator
from einkorn.autograd.tape import Operator, retain_inputs, retain_output
from einkorn.autograd.tensor import Tensor

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
]


class ReLU(Operator):
    """``max(x, 0)``; NaN passes."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        return kernels.relu(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return kernels.relu_grad(grad, y)

    def compose_backward(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (y > 0)


class AddReLU(Operator):
    """``max(a + b, 0)`` for operands of one shape: what ends a residual block."""

    __slots__ = ()
    retain = retain_output

    def forward(self, a: Any, b: Any) -> Any:
        return kernels.add_relu(a, b)

    def backward(self, grad: Any, y: Any) -> Any:
        # A view, which the engine does not add other gradients into: both inputs hold it.
        gradient = kernels.relu_grad(grad, y).view()
        return gradient, gradient

    def compose_backward(self, grad: Tensor, y: Tensor) -> Any:
        gradient = grad * (y > 0)
        return gradient, gradient


class Sigmoid(Operator):
    """``1 / (1 + exp(-x))``."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        return kernels.sigmoid(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return kernels.sigmoid_grad(grad, y)

    def compose_backward(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (y * (1 - y))


class Tanh(Operator):
    """Hyperbolic tangent."""

    __slots__ = ()
    retain = retain_output

    def forward(self, x: Any) -> Any:
        return kernels.tanh(x)

    def backward(self, grad: Any, y: Any) -> Any:
        return kernels.tanh_grad(grad, y)

    def compose_backward(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (1 - y * y)


def through_activation(activation: str | None, grad: Any, y: Any) -> Any:
    """Return the gradient by the input of `activation` from that by its output `y`.

    For operators whose kernels end in "relu", "sigmoid", "tanh" or nothing; arrays or Tensors.
    """
    if activation is None:
        return grad
    epilogue = _EPILOGUES[activation]
    gradient = epilogue.compose_backward if isinstance(grad, Tensor) else epilogue.backward
    return gradient(grad, y)


#: The activations that kernels can end in.
_EPILOGUES = {"relu": ReLU(), "sigmoid": Sigmoid(), "tanh": Tanh()}


class LeakyReLU(Operator):
    """`x` above 0, ``negative_slope * x`` below."""

    __slots__ = ("negative_slope",)
    retain = retain_inputs

    def __init__(self, negative_slope: float) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return kernels.leaky_relu(x, self.negative_slope)

    def backward(self, grad: Any, x: Any) -> Any:
        return kernels.leaky_relu_grad(grad, x, self.negative_slope)

    def compose_backward(self, grad: Tensor, x: Tensor) -> Any:
        return where(x > 0, grad, grad * self.negative_slope)


class ELU(Operator):
    """`x` above 0, ``alpha * (exp(x) - 1)`` below."""

    __slots__ = ("alpha",)
    retain = retain_inputs

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return kernels.elu(x, self.alpha)

    def backward(self, grad: Any, x: Any) -> Any:
        return kernels.elu_grad(grad, x, self.alpha)

    def compose_backward(self, grad: Tensor, x: Tensor) -> Any:
        # The exponent is kept below 0: of large x it would be inf, times the unused branch's 0 NaN.
        slope = exp(smaller(x, 0.0)) * self.alpha
        return where(x > 0, grad, grad * slope)


class GELU(Operator):
    """`x` times the normal distribution function of `x`, or its approximation by tanh."""

    __slots__ = ("approximate",)
    retain = retain_inputs

    def __init__(self, approximate: str) -> None:
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return kernels.gelu(x, self.approximate)

    def backward(self, grad: Any, x: Any) -> Any:
        return kernels.gelu_grad(grad, x, self.approximate)

    def compose_backward(self, grad: Tensor, x: Tensor) -> Any:
        if self.approximate == "tanh":
            slope = (x * x * (3 * 0.044715) + 1) * math.sqrt(2 / math.pi)
            bent = tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi))
            return grad * ((bent + 1) * 0.5 + x * 0.5 * (1 - bent * bent) * slope)
        share = (erf(x * math.sqrt(0.5)) + 1) * 0.5
        return grad * (share + x * exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)))


def relu(input: Any, inplace: bool = False) -> Tensor:
    """Return ``max(input, 0)``; NaN passes.

    Parameters
    ----------
    input : Tensor
    inplace : bool
        Accepted; a new tensor is returned in any case.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.relu(ek.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    x = to_tensor(input)
    if x._data.dtype.kind in "iu":
        return Tensor(np.maximum(x._data, 0))
    return ReLU().apply(x)


def add_relu(input: Tensor, other: Tensor) -> Tensor:
    """Return ``relu(input + other)``, as one operator; both are of one shape and floating dtype."""
    return AddReLU().apply(input, other)


def sigmoid(input: Any) -> Tensor:
    """Return ``1 / (1 + exp(-input))``."""
    return Sigmoid().apply(to_floating(input))


def tanh(input: Any) -> Tensor:
    """Return the hyperbolic tangent."""
    return Tanh().apply(to_floating(input))


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return `input` above 0 and ``negative_slope * input`` below (Maas, Hannun & Ng, 2013)."""
    return LeakyReLU(float(negative_slope)).apply(to_tensor(input))


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return `input` above 0 and ``alpha * (exp(input) - 1)`` below.

    Clevert, Unterthiner & Hochreiter, "Fast and accurate deep network learning by exponential
    linear units", ICLR 2016.
    """
    return ELU(float(alpha)).apply(to_tensor(input))


def selu(input: Any, inplace: bool = False) -> Tensor:
    """Return the self-normalising ELU (Klambauer et al., 2017)."""
    return elu(input, 1.6732632423543772) * 1.0507009873554805


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return `input` above 0 and ``alpha * (exp(input / alpha) - 1)`` below (Barron, 2017)."""
    return elu(to_tensor(input) / alpha, 1.0) * alpha


def prelu(input: Any, weight: Any) -> Tensor:
    """Return `input` above 0 and ``weight * input`` below, with a weight per channel or one.

    He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015.

    Raises
    ------
    RuntimeError
        If there is neither one weight nor one for each channel (dimension 1).
    """
    x, w = to_tensor(input), to_tensor(weight)
    if w.ndim > 1:
        raise RuntimeError(f"weight: expected at most one dimension, got shape {w.shape}")
    channels = x.shape[1] if x.ndim > 1 else 1
    if w.numel() not in (1, channels):
        raise RuntimeError(f"weight: expected 1 or {channels} numbers, got shape {w.shape}")
    if w.numel() > 1:
        w = w.reshape((-1,) + (1,) * (x.ndim - 2))
    elif not x.ndim:
        w = w.reshape(())
    return where(x > 0, x, x * w)


def logsigmoid(input: Any) -> Tensor:
    """Return ``log(sigmoid(input))``, without underflow."""
    x = to_tensor(input)
    return smaller(x, 0.0) - log1p(exp(-_abs(x)))


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Return ``log(1 + exp(beta * input)) / beta``, and `input` where that is above `threshold`."""
    x = to_tensor(input)
    scaled = x * beta
    smooth = (larger(scaled, 0.0) + log1p(exp(-_abs(scaled)))) / beta
    return where(scaled > threshold, x, smooth)


def softsign(input: Any) -> Tensor:
    """Return ``input / (1 + |input|)``."""
    x = to_tensor(input)
    return x / (_abs(x) + 1)


def silu(input: Any, inplace: bool = False) -> Tensor:
    """Return ``input * sigmoid(input)`` (Elfwing, Uchibe & Doya, 2018)."""
    return to_tensor(input) * sigmoid(input)


def mish(input: Any, inplace: bool = False) -> Tensor:
    """Return ``input * tanh(softplus(input))`` (Misra, 2019)."""
    return to_tensor(input) * tanh(softplus(input))


def gelu(input: Any, approximate: str = "none") -> Tensor:
    """Return `input` times the standard normal distribution function of `input`.

    Hendrycks & Gimpel, "Gaussian error linear units", 2016.

    Parameters
    ----------
    input : Tensor
    approximate : {"none", "tanh"}
        Exact by the error function, or ``0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))``.

    Raises
    ------
    RuntimeError
        For another `approximate`.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate: expected 'none' or 'tanh', got {approximate!r}")
    return GELU(approximate).apply(to_floating(input))


def hardtanh(
    input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """Return `input` limited to ``[min_val, max_val]``; no gradient at the limits."""
    if min_val > max_val:
        raise ValueError(f"min_val: expected at most max_val {max_val}, got {min_val}")
    x = to_tensor(input)
    if x._data.dtype.kind in "iu":
        return clamp(x, int(min_val), int(max_val))
    outside = (x <= min_val) | (x >= max_val)
    return where(outside, clamp(x.detach(), min_val, max_val), x)


def relu6(input: Any, inplace: bool = False) -> Tensor:
    """Return `input` limited to [0, 6]."""
    return hardtanh(input, 0.0, 6.0)


def hardsigmoid(input: Any, inplace: bool = False) -> Tensor:
    """Return ``relu6(input + 3) / 6``."""
    return relu6(to_tensor(input) + 3) / 6


def hardswish(input: Any, inplace: bool = False) -> Tensor:
    """Return ``input * relu6(input + 3) / 6`` (Howard et al., 2019)."""
    return to_tensor(input) * hardsigmoid(input)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Return `input` where it is above `threshold`, else `value`."""
    x = to_tensor(input)
    return where(x > threshold, x, value)


def tanhshrink(input: Any) -> Tensor:
    """Return ``input - tanh(input)``."""
    return to_tensor(input) - tanh(input)


def glu(input: Any, dim: int = -1) -> Tensor:
    """Return the first half along `dim` times the sigmoid of the second (Dauphin et al., 2017).

    Raises
    ------
    RuntimeError
        If the dimension has an odd size.
    """
    x = to_tensor(input)
    if x.shape[as_dim(dim, x.ndim)] % 2:
        raise RuntimeError(f"dim: expected an even size along {dim}, got shape {x.shape}")
    first, second = chunk(x, 2, dim)
    return first * sigmoid(second)


def hardshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """Return `input` where its absolute value is above `lambd`, else 0."""
    x = to_tensor(input)
    return where((x >= -lambd) & (x <= lambd), 0.0, x)


def softshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """Return `input` moved towards 0 by `lambd`, and 0 where it would pass it.

    Raises
    ------
    RuntimeError
        If `lambd` is negative.
    """
    if lambd < 0:
        raise RuntimeError(f"lambd: expected a number that is not negative, got {lambd}")
    x = to_tensor(input)
    moved = where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0.0))
    return where(isnan(x), x, moved)


def rrelu(
    input: Any,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """Return `input` above 0, and below it times a slope.

    Xu, Wang, Chen & Li, "Empirical evaluation of rectified activations in convolutional network",
    2015.

    Parameters
    ----------
    input : Tensor
    lower, upper : float
        In training the slope of each element is drawn uniformly from here to there; else it is
        their mean.
    training, inplace : bool
    generator : numpy.random.Generator, optional
        Draw from this one instead of the default.

    Raises
    ------
    RuntimeError
        If `lower` is above `upper`.
    """
    if lower > upper:
        raise RuntimeError(f"lower: expected at most upper, {upper}, got {lower}")
    x = to_tensor(input)
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    source = default_generator() if generator is None else generator
    slope = Tensor(source.uniform(lower, upper, x.shape).astype(x.dtype))
    return where(x > 0, x, x * slope)
