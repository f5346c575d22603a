"""Normalisation: of batches per channel, of layers, of groups and by the root mean square."""

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


def _standardised(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array, Array]:
    """`x` normalised over some axes, with the mean and 1 / sqrt(var + eps) that did it."""
    mean = x.mean(axis=axes, keepdims=True)
    inv_std = 1 / np.sqrt(np.square(x - mean).mean(axis=axes, keepdims=True) + eps)
    return (x - mean) * inv_std, mean.reshape(-1), inv_std.reshape(-1)


def layer_norm(
    x: Array,
    normalized_shape: int | tuple[int, ...],
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """Each sample normalised over its last axes (Ba, Kiros and Hinton, 2016).

    >>> layer_norm(np.array([[1.0, 3.0]]), 2, eps=0.0)[0].tolist()
    [[-1.0, 1.0]]
    """
    axes = tuple(range(-np.size(normalized_shape), 0))
    y, mean, inv_std = _standardised(np.asarray(x, np.float64), axes, eps)
    y = y if weight is None else y * np.asarray(weight, np.float64)
    return y if bias is None else y + np.asarray(bias, np.float64), mean, inv_std


def _along_rows(
    grad: Array, normal: Array, scale: Array, rank: int, centred: bool
) -> tuple[Array, Array]:
    """The gradient of rows from that of their normalised values, over the last `rank` axes."""
    axes = tuple(range(-rank, 0))
    gx = grad - normal * (grad * normal).mean(axis=axes, keepdims=True)
    if centred:
        gx = gx - grad.mean(axis=axes, keepdims=True)
    return gx * scale


def layer_norm_grad(
    grad: Array,
    x: Array,
    normalized_shape: int | tuple[int, ...],
    weight: Array | None,
    mean: Array,
    inv_std: Array,
    *,
    affine: bool = True,
) -> tuple[Array, Array | None, Array | None]:
    """Gradients of `layer_norm` with respect to x, weight and bias.

    >>> x, mean, inv_std = np.array([[1.0, 3.0]]), np.array([2.0]), np.array([1.0])
    >>> layer_norm_grad(np.array([[1.0, 0.0]]), x, 2, None, mean, inv_std)[1].tolist()
    [-1.0, 0.0]
    """
    grad, x = np.asarray(grad, np.float64), np.asarray(x, np.float64)
    rank = np.size(normalized_shape)
    before = tuple(range(x.ndim - rank))
    rows = (*x.shape[: x.ndim - rank], *(1,) * rank)
    scale = np.asarray(inv_std, np.float64).reshape(rows)
    normal = (x - np.asarray(mean, np.float64).reshape(rows)) * scale
    weighted = grad if weight is None else grad * np.asarray(weight, np.float64)
    gx = _along_rows(weighted, normal, scale, rank, True)
    if not affine:
        return gx, None, None
    return gx, (grad * normal).sum(axis=before), grad.sum(axis=before)


def rms_norm(
    x: Array,
    normalized_shape: int | tuple[int, ...],
    weight: Array | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[Array, Array]:
    """Each sample over its root mean square (Zhang and Sennrich, 2019).

    >>> rms_norm(np.array([[2.0, -2.0]]), 2, eps=0.0)[0].tolist()
    [[1.0, -1.0]]
    """
    x = np.asarray(x, np.float64)
    axes = tuple(range(-np.size(normalized_shape), 0))
    scale = 1 / np.sqrt(np.square(x).mean(axis=axes, keepdims=True) + eps)
    y = x * scale
    return y if weight is None else y * np.asarray(weight, np.float64), scale.reshape(-1)


def rms_norm_grad(
    grad: Array,
    x: Array,
    normalized_shape: int | tuple[int, ...],
    weight: Array | None,
    inv_rms: Array,
    *,
    affine: bool = True,
) -> tuple[Array, Array | None]:
    """Gradients of `rms_norm` with respect to x and weight.

    >>> x, inv_rms = np.array([[2.0, -2.0]]), np.array([0.5])
    >>> rms_norm_grad(np.array([[1.0, 0.0]]), x, 2, None, inv_rms)[0].tolist()
    [[0.25, 0.25]]
    """
    grad, x = np.asarray(grad, np.float64), np.asarray(x, np.float64)
    rank = np.size(normalized_shape)
    rows = (*x.shape[: x.ndim - rank], *(1,) * rank)
    scale = np.asarray(inv_rms, np.float64).reshape(rows)
    weighted = grad if weight is None else grad * np.asarray(weight, np.float64)
    gx = _along_rows(weighted, x * scale, scale, rank, False)
    return gx, (grad * x * scale).sum(axis=tuple(range(x.ndim - rank))) if affine else None


def group_norm(
    x: Array,
    num_groups: int,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """Each group of channels of each sample normalised (Wu and He, 2018).

    >>> group_norm(np.array([[1.0, 3.0]]), 1, eps=0.0)[0].tolist()
    [[-1.0, 1.0]]
    """
    x = np.asarray(x, np.float64)
    y, mean, inv_std = _standardised(x.reshape(x.shape[0], num_groups, -1), (2,), eps)
    y = y.reshape(x.shape)
    y = y if weight is None else y * _per_channel(weight, x.ndim)
    return y if bias is None else y + _per_channel(bias, x.ndim), mean, inv_std


def group_norm_grad(
    grad: Array,
    x: Array,
    num_groups: int,
    weight: Array | None,
    mean: Array,
    inv_std: Array,
    *,
    affine: bool = True,
) -> tuple[Array, Array | None, Array | None]:
    """Gradients of `group_norm` with respect to x, weight and bias.

    >>> x, mean, inv_std = np.array([[1.0, 3.0]]), np.array([2.0]), np.array([1.0])
    >>> group_norm_grad(np.array([[1.0, 0.0]]), x, 1, None, mean, inv_std)[1].tolist()
    [-1.0, 0.0]
    """
    grad, x = np.asarray(grad, np.float64), np.asarray(x, np.float64)
    grouped, rows = (x.shape[0], num_groups, -1), (x.shape[0], num_groups, 1)
    scale = np.asarray(inv_std, np.float64).reshape(rows)
    normal = (x.reshape(grouped) - np.asarray(mean, np.float64).reshape(rows)) * scale
    weighted = grad if weight is None else grad * _per_channel(weight, x.ndim)
    gx = _along_rows(weighted.reshape(grouped), normal, scale, 1, True).reshape(x.shape)
    if not affine:
        return gx, None, None
    others = (0, *range(2, x.ndim))
    return gx, (grad * normal.reshape(x.shape)).sum(axis=others), grad.sum(axis=others)
