"""Matrix products, one outer product at a time."""

from __future__ import annotations

import math

import numpy as np

from .elementwise import activate

Array = np.ndarray


def matmul(
    a: Array,
    b: Array,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 0.0,
    out: Array | None = None,
) -> Array:
    r""":math:`\alpha\, \mathrm{op}(A)\, \mathrm{op}(B) + \beta C` over broadcast batches.

    `out` gives :math:`C` and, other than in the kernel, is not written to. It is not even
    read where `beta` is zero, so that a NaN in it does not spread.

    >>> matmul(np.eye(2), np.ones((2, 1)), alpha=3.0).tolist()
    [[3.0], [3.0]]
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    a = a.swapaxes(-1, -2) if transpose_a else a
    b = b.swapaxes(-1, -2) if transpose_b else b
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    product = np.zeros((*batch, a.shape[-2], b.shape[-1]))
    for k in range(a.shape[-1]):
        product += a[..., :, k, None] * b[..., None, k, :]
    product *= alpha
    return product if beta == 0 else product + beta * np.asarray(out, np.float64)


def binary_matmul(
    a: Array,
    b: Array,
    *,
    bias: Array | None = None,
    activation: str | None = None,
    alpha: float = 1.0,
    beta: float = 0.0,
    out: Array | None = None,
) -> Array:
    r""":math:`f(\alpha A B + \beta C + b)` of an :math:`A` of zeros and ones; `out` as in `matmul`.

    >>> binary_matmul(np.eye(2), np.ones((2, 1)), bias=np.ones(1)).tolist()
    [[2.0], [2.0]]
    """
    product = matmul(a, b, alpha=alpha, beta=beta, out=out)
    return activate(product if bias is None else product + bias, activation)


def linear(
    x: Array, weight: Array, bias: Array | None = None, *, activation: str | None = None
) -> Array:
    """Apply x W^T + b to the last axis of x, then the activation.

    >>> linear(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([0.5])).tolist()
    [11.5]
    """
    x = np.asarray(x, np.float64)
    y = matmul(x.reshape(math.prod(x.shape[:-1]), x.shape[-1]), weight, transpose_b=True)
    y = y.reshape(*x.shape[:-1], len(weight))
    return activate(y if bias is None else y + np.asarray(bias, np.float64), activation)


def linear_grad(grad: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Gradients of `linear` with respect to x, weight and bias, without an activation.

    >>> grad, x, weight = np.array([2.0]), np.array([1.0, 2.0]), np.array([[3.0, 4.0]])
    >>> [gradient.tolist() for gradient in linear_grad(grad, x, weight)]
    [[6.0, 8.0], [[2.0, 4.0]], [2.0]]
    """
    count = math.prod(x.shape[:-1])
    rows = np.asarray(grad, np.float64).reshape(count, len(weight))
    x_grad = matmul(rows, weight).reshape(x.shape)
    weight_grad = matmul(rows, x.reshape(count, x.shape[-1]), transpose_a=True)
    return x_grad, weight_grad, rows.sum(axis=0)
