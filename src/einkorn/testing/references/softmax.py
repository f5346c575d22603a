"""Softmax and the cross entropy of class indices."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def log_softmax(x: Array, axis: int = -1) -> Array:
    """Return x - log(sum(exp(x))), shifted by the maximum so that no exponential overflows.

    >>> log_softmax(np.array([1000.0, 1000.0])).round(6).tolist()
    [-0.693147, -0.693147]
    """
    x = np.asarray(x, np.float64)
    shifted = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    total = np.exp(shifted).sum(axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # Over an axis of length 0 nothing is left to shift.
        return shifted - np.log(total)


def softmax(x: Array, axis: int = -1) -> Array:
    """Return exp(x) / sum(exp(x)).

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    return np.exp(log_softmax(x, axis))


def softmax_grad(grad: Array, y: Array, axis: int = -1) -> Array:
    """Return y (grad - sum(grad y)): the Jacobian is diag(y) - y y^T.

    >>> softmax_grad(np.array([1.0, 0.0]), np.array([0.5, 0.5])).tolist()
    [0.25, -0.25]
    """
    grad, y = np.asarray(grad, np.float64), np.asarray(y, np.float64)
    return y * (grad - (grad * y).sum(axis=axis, keepdims=True))


def log_softmax_grad(grad: Array, y: Array, axis: int = -1) -> Array:
    """Return grad - exp(y) sum(grad), y being the logarithm.

    >>> log_softmax_grad(np.array([1.0, 0.0]), np.log([0.5, 0.5])).tolist()
    [0.5, -0.5]
    """
    grad, y = np.asarray(grad, np.float64), np.asarray(y, np.float64)
    return grad - np.exp(y) * grad.sum(axis=axis, keepdims=True)


def _weights(logits: Array, target: Array, weight: Array | None, ignore_index: int) -> Array:
    """Weight of every sample: that of its class, 0 where the target is to be ignored."""
    per_class = np.ones(logits.shape[1]) if weight is None else np.asarray(weight, np.float64)
    counted = target != ignore_index
    return np.where(counted, per_class[np.where(counted, target, 0)], 0.0)


def cross_entropy(
    logits: Array,
    target: Array,
    *,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Negative log-likelihood of `target` under the softmax of `logits` (N, C, ...).

    The mean is over weights, not over samples; it is NaN where every target is ignored.

    >>> cross_entropy(np.zeros((2, 4)), np.array([0, 3])).round(6).item()
    1.386294
    """
    target = np.asarray(target)
    log_likelihood = log_softmax(logits, axis=1)
    weights = _weights(log_likelihood, target, weight, ignore_index)
    losses = np.zeros(target.shape)
    for index in np.ndindex(target.shape):
        if target[index] != ignore_index:
            sample, *position = index
            losses[index] = -weights[index] * log_likelihood[(sample, target[index], *position)]
    if reduction == "none":
        return losses
    with np.errstate(invalid="ignore"):
        return losses.sum() / weights.sum() if reduction == "mean" else losses.sum()


def cross_entropy_grad(
    grad: Array,
    logits: Array,
    target: Array,
    *,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Gradient with respect to `logits`: grad * weight * (softmax - one_hot(target)).

    `grad` has the shape of the loss: that of `target` for "none", none otherwise.

    >>> cross_entropy_grad(np.ones(()), np.zeros((1, 2)), np.array([0])).tolist()
    [[-0.5, 0.5]]
    """
    target = np.asarray(target)
    difference = softmax(logits, axis=1)
    weights = _weights(difference, target, weight, ignore_index)
    for index in np.ndindex(target.shape):
        if target[index] != ignore_index:
            sample, *position = index
            difference[(sample, target[index], *position)] -= 1
    with np.errstate(invalid="ignore"):
        scale = np.asarray(grad, np.float64) * weights
        if reduction == "mean":
            scale = scale / weights.sum()
        return difference * np.expand_dims(scale, 1)
