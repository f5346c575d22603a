"""Batch normalisation (Ioffe and Szegedy, 2015) of (N, C, ...) over all axes but the second."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def _per_channel(values: Array, ndim: int) -> Array:
    """Reshape (C,) so that it broadcasts against (N, C, ...)."""
    return np.asarray(values, np.float64).reshape(1, -1, *(1,) * (ndim - 2))


def batch_norm(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    mean: Array | None = None,
    var: Array | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) * weight + bias, with the mean and 1 / sqrt(var + eps) used.

    Where `mean` is None the statistics are those of `x`, the variance biased (over N, not N-1).

    >>> y, mean, inv_std = batch_norm(np.array([[1.0], [3.0]]), None, None, eps=0.0)
    >>> y.tolist(), mean.tolist(), inv_std.tolist()
    ([[-1.0], [1.0]], [2.0], [1.0])
    """
    x = np.asarray(x, np.float64)
    axes = (0, *range(2, x.ndim))
    if mean is None:
        mean = x.mean(axis=axes)
        var = np.square(x - _per_channel(mean, x.ndim)).mean(axis=axes)
    mean = np.asarray(mean, np.float64)
    inv_std = 1 / np.sqrt(np.asarray(var, np.float64) + eps)
    y = (x - _per_channel(mean, x.ndim)) * _per_channel(inv_std, x.ndim)
    if weight is not None:
        y = y * _per_channel(weight, x.ndim)
    if bias is not None:
        y = y + _per_channel(bias, x.ndim)
    return y, mean, inv_std


def batch_norm_grad(
    grad: Array,
    x: Array,
    weight: Array | None,
    mean: Array,
    inv_std: Array,
    *,
    training: bool = True,
) -> tuple[Array, Array, Array]:
    """Gradients with respect to x, weight and bias.

    In training the statistics depend on x, so the parts of the gradient along 1 and along the
    normalised x drop out; otherwise they are constants.

    >>> x = np.array([[1.0], [3.0]])
    >>> gx, _, gbias = batch_norm_grad(np.ones_like(x), x, None, np.array([2.0]), np.array([1.0]))
    >>> gx.tolist(), gbias.tolist()
    ([[0.0], [0.0]], [2.0])
    """
    grad, x = np.asarray(grad, np.float64), np.asarray(x, np.float64)
    axes = (0, *range(2, x.ndim))
    scale = _per_channel(inv_std, x.ndim)
    normal = (x - _per_channel(mean, x.ndim)) * scale
    weight_grad = (grad * normal).sum(axis=axes)
    bias_grad = grad.sum(axis=axes)
    x_grad = grad
    if training:
        along_one = grad.mean(axis=axes, keepdims=True)
        along_normal = normal * (grad * normal).mean(axis=axes, keepdims=True)
        x_grad = grad - along_one - along_normal
    if weight is not None:
        scale = scale * _per_channel(weight, x.ndim)
    return x_grad * scale, weight_grad, bias_grad


def batch_norm_relu(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    mean: Array | None = None,
    var: Array | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """max(0, batch_norm), in which NaN passes.

    >>> batch_norm_relu(np.array([[1.0], [3.0]]), None, None, eps=0.0)[0].tolist()
    [[0.0], [1.0]]
    """
    y, mean, inv_std = batch_norm(x, weight, bias, mean, var, eps=eps)
    return np.where(y <= 0, 0, y), mean, inv_std


def batch_norm_relu_grad(
    grad: Array,
    y: Array,
    x: Array,
    weight: Array | None,
    mean: Array,
    inv_std: Array,
    *,
    training: bool = True,
) -> tuple[Array, Array, Array]:
    """Gradients with respect to x, weight and bias, from that by the result `y`.

    >>> x, y = np.array([[1.0], [3.0]]), np.array([[0.0], [1.0]])
    >>> ones = np.array([1.0])
    >>> _, _, gbias = batch_norm_relu_grad(np.ones_like(x), y, x, None, 2 * ones, ones)
    >>> gbias.tolist()
    [1.0]
    """
    through = np.where(np.asarray(y) <= 0, 0, grad)
    return batch_norm_grad(through, x, weight, mean, inv_std, training=training)
