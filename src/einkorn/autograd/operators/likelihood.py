"""Negative log-likelihoods of counts and of measurements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn.autograd.operators.arithmetic import square
from einkorn.autograd.operators.common import operands, to_tensor
from einkorn.autograd.operators.elementary import exp, log
from einkorn.autograd.operators.loss import reduced, resolve_reduction
from einkorn.autograd.operators.selection import where
from einkorn.autograd.operators.shape import reshape
from einkorn.autograd.tensor import Tensor

__all__ = ["gaussian_nll_loss", "poisson_nll_loss"]


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\lambda - t \log \lambda`, the negative log-likelihood of a Poisson count.

    Parameters
    ----------
    input : Tensor
        :math:`\log \lambda`, or :math:`\lambda` without `log_input`.
    target : Tensor
        Counts.
    log_input : bool
    full : bool
        Add Stirling's approximation of :math:`\log t!` for targets above 1.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    eps : float
        Added to :math:`\lambda` under the logarithm, without `log_input`.
    reduction : {"mean", "sum", "none"}
    """
    x, t = operands(input, target)
    loss = exp(x) - t * x if log_input else x - t * log(x + eps)
    if full:
        many = where(t > 1, t, 1.0)
        stirling = many * log(many) - many + 0.5 * log(2 * math.pi * many)
        loss = loss + where(t > 1, stirling, 0.0)
    return reduced(loss, resolve_reduction(reduction, size_average, reduce))


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\frac12 (\log v + (x - t)^2 / v)`, with :math:`v = \max(var, \epsilon)`.

    Nix and Weigend, "Estimating the mean and variance of the target probability distribution",
    1994. The maximum does not take part in the gradient.

    Parameters
    ----------
    input, target : Tensor
        Expectations and observations.
    var : Tensor or float
        Variances: of the shape of `input`, or with sizes of 1, or without the last dimension.
    full : bool
        Add :math:`\frac12 \log 2 \pi`.
    eps : float
        The least variance.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If a variance is negative, or the shape does not fit.
    """
    x, t = operands(input, target)
    v = to_tensor(np.asarray(var, x.dtype) if isinstance(var, int | float) else var)
    if v.ndim and v.shape != x.shape:
        if v.shape == x.shape[:-1]:
            v = reshape(v, (*v.shape, 1))
        elif v.ndim != x.ndim or any(
            m not in (n, 1) for n, m in zip(x.shape, v.shape, strict=True)
        ):
            raise ValueError(
                f"var: expected shape {x.shape}, or one that is broadcast to it, got {v.shape}"
            )
    if (v.numpy() < 0).any():
        raise ValueError("var: expected no negative variance, got some")
    held = v + Tensor(np.maximum(eps - v.numpy(), 0).astype(x.dtype))
    loss = 0.5 * (log(held) + square(x - t) / held)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, resolve_reduction(reduction, None, None))
