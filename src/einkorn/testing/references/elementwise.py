"""Activations and dropout, written as their definitions.

The gradients of ReLU, sigmoid and tanh are those of the kernels: functions of the output `y`.
"""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray


def relu(x: Array) -> Array:
    """Return max(x, 0); NaN stays NaN.

    >>> relu(np.array([-1.0, 2.0, np.nan])).tolist()
    [0.0, 2.0, nan]
    """
    x = np.asarray(x, np.float64)
    return np.where(x <= 0, 0.0, x)


def relu_grad(grad: Array, y: Array) -> Array:
    """The gradient where y is positive (or NaN), 0 elsewhere.

    >>> relu_grad(np.array([5.0, 5.0]), np.array([0.0, 2.0])).tolist()
    [0.0, 5.0]
    """
    return np.where(np.asarray(y) <= 0, 0.0, np.asarray(grad, np.float64))


def leaky_relu(x: Array, negative_slope: float = 0.01) -> Array:
    """Return x where positive, negative_slope * x elsewhere.

    >>> leaky_relu(np.array([-1.0, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    x = np.asarray(x, np.float64)
    return np.where(x > 0, x, negative_slope * x)


def leaky_relu_grad(grad: Array, x: Array, negative_slope: float) -> Array:
    """The gradient where x is positive, negative_slope times it elsewhere.

    >>> leaky_relu_grad(np.array([1.0, 1.0]), np.array([-3.0, 2.0]), 0.5).tolist()
    [0.5, 1.0]
    """
    grad = np.asarray(grad, np.float64)
    return np.where(np.asarray(x) > 0, grad, negative_slope * grad)


def elu(x: Array, alpha: float = 1.0) -> Array:
    """Return x where positive, alpha (exp(x) - 1) elsewhere (Clevert et al., 2015).

    >>> elu(np.array([-np.inf, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    x = np.asarray(x, np.float64)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_grad(grad: Array, x: Array, alpha: float) -> Array:
    """The gradient where x is positive, alpha exp(x) times it elsewhere.

    >>> elu_grad(np.array([1.0, 1.0]), np.array([0.0, 2.0]), 0.5).tolist()
    [0.5, 1.0]
    """
    grad, x = np.asarray(grad, np.float64), np.asarray(x, np.float64)
    return np.where(x > 0, grad, grad * alpha * np.exp(np.minimum(x, 0)))


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), with the exponential of a negative number on either side.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    x = np.asarray(x, np.float64)
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


def sigmoid_grad(grad: Array, y: Array) -> Array:
    """Return grad y (1 - y).

    >>> sigmoid_grad(np.array([4.0]), np.array([0.5])).tolist()
    [1.0]
    """
    y = np.asarray(y, np.float64)
    return np.asarray(grad, np.float64) * y * (1 - y)


def tanh(x: Array) -> Array:
    """Hyperbolic tangent.

    >>> tanh(np.array([0.0, np.inf])).tolist()
    [0.0, 1.0]
    """
    return np.tanh(np.asarray(x, np.float64))


def tanh_grad(grad: Array, y: Array) -> Array:
    """Return grad (1 - y^2).

    >>> tanh_grad(np.array([4.0]), np.array([0.5])).tolist()
    [3.0]
    """
    y = np.asarray(y, np.float64)
    return np.asarray(grad, np.float64) * (1 - y * y)


def activate(x: Array, activation: str | None) -> Array:
    """Apply the activation that a fused kernel names; None changes nothing.

    >>> activate(np.array([-1.0]), "relu").tolist()
    [0.0]
    """
    functions = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh}
    return x if activation is None else functions[activation](x)


def dropout_grad(grad: Array, mask: Array, p: float) -> Array:
    """The gradient of what was kept, scaled as it was: grad mask / (1 - p).

    `einkorn.kernels.dropout` itself draws its mask from a generator of its own and is judged
    by its statistics; the kept elements follow this same formula, with x in place of grad.

    >>> dropout_grad(np.ones(2), np.array([True, False]), 0.5).tolist()
    [2.0, 0.0]
    """
    kept = np.asarray(mask).astype(bool)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    return np.where(kept, np.asarray(grad, np.float64), 0.0) * scale


def erf(x: Array) -> Array:
    """Return the error function.

    >>> erf(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.8427]
    """
    return np.vectorize(math.erf, otypes=[float])(np.asarray(x, np.float64))


def erfc(x: Array) -> Array:
    """Return 1 minus the error function.

    >>> erfc(np.array([0.0, 1.0])).round(4).tolist()
    [1.0, 0.1573]
    """
    return np.vectorize(math.erfc, otypes=[float])(np.asarray(x, np.float64))


def gelu(x: Array, approximate: str = "none") -> Array:
    """Return x times the normal distribution function of x, or its approximation by tanh.

    >>> gelu(np.array([0.0, 2.0])).round(4).tolist()
    [0.0, 1.9545]
    """
    x = np.asarray(x, np.float64)
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * _normal_cdf(x)


def gelu_grad(grad: Array, x: Array, approximate: str = "none") -> Array:
    """The gradient times the derivative of gelu.

    >>> gelu_grad(np.array([2.0]), np.array([0.0])).tolist()
    [1.0]
    """
    x = np.asarray(x, np.float64)
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
        derivative = 0.5 * (1 + np.tanh(inner)) + 0.5 * x * slope / np.cosh(inner) ** 2
    else:
        derivative = _normal_cdf(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray(grad, np.float64) * derivative


def _normal_cdf(x: Array) -> Array:
    return erfc(-x / math.sqrt(2)) / 2
