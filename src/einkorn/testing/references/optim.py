"""Optimiser steps, in place on float64 arrays as the kernels are on theirs."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def sgd_step_(
    param: Array,
    grad: Array,
    velocity: Array | None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> None:
    """Step v <- momentum v + (1 - dampening) g; param <- param - lr v (with g for a Nesterov step).

    >>> param, velocity = np.array([1.0]), np.array([1.0])
    >>> sgd_step_(param, np.array([2.0]), velocity, lr=0.5, momentum=0.5)
    >>> param.tolist(), velocity.tolist()
    ([-0.25], [2.5])
    """
    grad = np.asarray(grad, np.float64) + weight_decay * param
    if momentum:
        velocity[...] = momentum * velocity + (1 - dampening) * grad
        grad = grad + momentum * velocity if nesterov else velocity
    param -= lr * grad


def adam_step_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    step: int,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> None:
    """Adam (Kingma and Ba, 2015), or AdamW (Loshchilov and Hutter, 2019) where `decoupled`.

    `step` counts from 1: that of the step being taken.

    >>> param, mean, square = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> adam_step_(param, np.array([3.0]), mean, square, 1, lr=0.5, eps=0.0)
    >>> param.tolist()
    [0.5]
    """
    grad = np.asarray(grad, np.float64)
    if decoupled:
        param *= 1 - lr * weight_decay
    else:
        grad = grad + weight_decay * param
    exp_avg[...] = beta1 * exp_avg + (1 - beta1) * grad
    exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * grad**2
    mean = exp_avg / (1 - beta1**step)
    root = np.sqrt(exp_avg_sq / (1 - beta2**step))
    param -= lr * mean / (root + eps)
