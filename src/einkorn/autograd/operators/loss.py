"""Losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.activation import logsigmoid
from einkorn.autograd.operators.arithmetic import abs as _abs
from einkorn.autograd.operators.arithmetic import square
from einkorn.autograd.operators.common import operands, reduce_to, to_tensor
from einkorn.autograd.operators.elementary import exp, log, xlogy
from einkorn.autograd.operators.entropy import class_entropy
from einkorn.autograd.operators.indexing import gather
from einkorn.autograd.operators.reduction import mean
from einkorn.autograd.operators.reduction import sum as _sum
from einkorn.autograd.operators.selection import clamp, where
from einkorn.autograd.operators.shape import reshape, squeeze, unsqueeze
from einkorn.autograd.operators.softmaxes import log_softmax
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]

_REDUCTIONS = ("none", "mean", "sum")


def resolve_reduction(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """Return the reduction, also from PyTorch's older two arguments."""
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in _REDUCTIONS:
        raise ValueError(f"reduction: expected 'none', 'mean' or 'sum', got {reduction!r}")
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """Return the mean or the sum of `loss`, or itself."""
    if reduction == "none":
        return loss
    return mean(loss) if reduction == "mean" else _sum(loss)


def _weighted(loss: Tensor, weight: Any, reduction: str) -> Tensor:
    """Reduce `loss` times `weight`; the mean is over the weights' sum."""
    factor = to_tensor(weight)
    if factor.shape != loss.shape:
        raise ValueError(f"weight: expected shape {loss.shape}, got {factor.shape}")
    total = reduced(loss * factor, "sum" if reduction == "mean" else reduction)
    return total / _sum(factor) if reduction == "mean" else total


class MSE(Operator):
    """The mean or sum of squared differences, in one step."""

    __slots__ = ("mean",)
    retain = retain_inputs

    def __init__(self, mean: bool) -> None:
        self.mean = mean

    def forward(self, a: Any, b: Any) -> Any:
        difference = (a - b).reshape(1, -1)
        if difference.dtype in (np.float32, np.float64):
            # BLAS would leave threads behind that spin on the next kernel's cores.
            total = kernels.matmul(difference, difference, transpose_b=True).reshape(())
        else:
            total = np.asarray(np.sum(np.square(difference)), difference.dtype)
        with np.errstate(invalid="ignore"):
            return total / np.asarray(difference.size, total.dtype) if self.mean else total

    def backward(self, grad: Any, a: Any, b: Any) -> Any:
        difference = a - b
        count = max(difference.size, 1) if isinstance(a, np.ndarray) else difference.numel()
        slope = difference * (grad * (2 / count if self.mean else 2))
        return (
            reduce_to(slope, a.shape) if self.needs[0] else None,
            reduce_to(-slope, b.shape) if self.needs[1] else None,
        )


def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """Return the squared differences of `input` and `target`.

    Parameters
    ----------
    input, target : Tensor
        Broadcast against each other.
    reduction : {"mean", "sum", "none"}
    weight : Tensor, optional
        Factor of each squared difference; the mean is then over the weights' sum.

    Raises
    ------
    ValueError
        For another reduction.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.mse_loss(ek.tensor([1.0, 2.0]), ek.tensor([1.0, 4.0]))
    tensor(2.)
    """
    how = resolve_reduction(reduction, size_average, reduce)
    a, b = operands(input, target)
    if weight is not None:
        return _weighted(square(a - b), weight, how)
    if how == "none":
        return square(a - b)
    return MSE(how == "mean").apply(a, b)


def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """Return the absolute differences of `input` and `target`; parameters as :func:`mse_loss`."""
    how = resolve_reduction(reduction, size_average, reduce)
    gap = _abs(to_tensor(input) - target)
    return reduced(gap, how) if weight is None else _weighted(gap, weight, how)


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Tensor:
    """Return half the squared difference up to `delta`, linear beyond (Huber, 1964).

    With `weight` the mean is over the number of elements, as in PyTorch.
    """
    if delta <= 0:
        raise ValueError(f"delta: expected a positive number, got {delta}")
    gap = _abs(to_tensor(input) - target)
    loss = where(gap < delta, square(gap) * 0.5, (gap - 0.5 * delta) * delta)
    if weight is not None:
        loss = loss * to_tensor(weight)
    return reduced(loss, resolve_reduction(reduction, None, None))


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Return the Huber loss divided by `beta`; with `beta` 0, the absolute difference."""
    how = resolve_reduction(reduction, size_average, reduce)
    if beta < 0:
        raise ValueError(f"beta: expected a number that is not negative, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=how)
    return huber_loss(input, target, how, beta) / beta


def kl_div(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Return ``target * (log(target) - input)``, `input` being log-probabilities.

    ``reduction="batchmean"`` sums and divides by the first size.
    """
    x, t = operands(input, target)
    if log_target:
        loss = exp(t) * (t - x)
    else:
        loss = xlogy(t, t) - t * x
    if reduction == "batchmean":
        return _sum(loss) / (x.shape[0] if x.ndim else 1)
    return reduced(loss, resolve_reduction(reduction, size_average, reduce))


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``-(target log(input) + (1 - target) log(1 - input))``.

    Logarithms are limited to at least -100, as in PyTorch.

    Raises
    ------
    ValueError
        If the shapes differ.
    RuntimeError
        If an element of `input` is not in [0, 1].
    """
    how = resolve_reduction(reduction, size_average, reduce)
    p, t = operands(input, target)
    if p.shape != t.shape:
        raise ValueError(f"target: expected shape {p.shape}, got {t.shape}")
    if not ((p._data >= 0) & (p._data <= 1)).all():
        raise RuntimeError("input: expected probabilities in [0, 1]")
    first, second = clamp(log(p), min=-100.0), clamp(log(1 - p), min=-100.0)
    loss = -(t * first + (1 - t) * second)
    return reduced(loss if weight is None else loss * to_tensor(weight), how)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """Return the binary cross-entropy of ``sigmoid(input)``, without overflow.

    Parameters
    ----------
    input, target : Tensor
        Of equal shape.
    weight : Tensor, optional
        Factor of every loss, broadcast.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        Factor of the part of positive targets, broadcast.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    how = resolve_reduction(reduction, size_average, reduce)
    x, t = operands(input, target)
    if x.shape != t.shape:
        raise ValueError(f"target: expected shape {x.shape}, got {t.shape}")
    log_p = logsigmoid(x)
    # log(1 - sigmoid(x)) = log(sigmoid(x)) - x.
    positive = t * log_p if pos_weight is None else t * pos_weight * log_p
    loss = -(positive + (1 - t) * (log_p - x))
    return reduced(loss if weight is None else loss * to_tensor(weight), how)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the negative log-likelihood of `target` under the softmax of `input`.

    ``-weight[t] * log(softmax(input)[t])`` for class indices; the mean is over the weights of
    the targets that are not ignored.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...) or (C,)
        Scores, before the softmax.
    target : Tensor of shape (N, ...) or () of integers, or of the shape of `input`
        Class indices, or class probabilities.
    weight : Tensor of shape (C,), optional
        Factor of each class.
    ignore_index : int
        A target that counts nothing.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        Share of the target that is spread evenly over all classes, in [0, 1].

    Returns
    -------
    Tensor
        A number, or of the shape of the class indices for ``reduction="none"``.

    Raises
    ------
    IndexError
        If a target is neither a class nor `ignore_index`.
    RuntimeError, ValueError
        If the shapes do not fit, or another argument is out of its range.

    Examples
    --------
    >>> import einkorn as ek
    >>> round(ek.nn.functional.cross_entropy(ek.zeros(2, 10), ek.tensor([3, 7])).item(), 4)
    2.3026
    """
    how = resolve_reduction(reduction, size_average, reduce)
    x = input if isinstance(input, Tensor) else to_tensor(input)
    t = target if isinstance(target, Tensor) else to_tensor(target)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing: expected in [0, 1], got {label_smoothing}")
    if t._data.dtype.kind == "f":
        if ignore_index >= 0:
            raise RuntimeError(
                f"ignore_index: expected none with class probabilities, got {ignore_index}"
            )
        return _soft_cross_entropy(x, t, weight, how, label_smoothing)
    if x._data.ndim == 1:
        result = cross_entropy(
            unsqueeze(x, 0), reshape(t, 1), weight, None, ignore_index, None, how, label_smoothing
        )
        return squeeze(result, 0) if how == "none" else result
    if label_smoothing:
        _check_target(x, t)
        return _smoothed_cross_entropy(x, t, weight, ignore_index, how, label_smoothing)
    classes = None if weight is None else to_tensor(weight)._data
    return class_entropy(x, t, classes, ignore_index, how)


def _check_target(x: Tensor, t: Tensor) -> None:
    expected = x.shape[:1] + x.shape[2:]
    if t.shape != expected:
        raise RuntimeError(f"target: expected shape {expected} for input {x.shape}, got {t.shape}")


def _per_class(weight: Any, x: Tensor) -> Tensor:
    """Return class weights in the shape (C, 1, ...) that broadcasts along dimension 1."""
    w = to_tensor(weight)
    return reshape(w, (-1,) + (1,) * (x.ndim - 2))


def _soft_cross_entropy(
    x: Tensor, t: Tensor, weight: Any, reduction: str, label_smoothing: float
) -> Tensor:
    """Return the cross-entropy with probabilities as targets; the mean is over positions."""
    if t.shape != x.shape:
        raise RuntimeError(f"target: expected probabilities of shape {x.shape}, got {t.shape}")
    dim = 1 if x.ndim > 1 else 0
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / x.shape[dim]
    terms = t * log_softmax(x, dim)
    if weight is not None:
        terms = terms * (_per_class(weight, x) if x.ndim > 1 else to_tensor(weight))
    loss = -_sum(terms, dim)
    return reduced(loss, reduction)


def _smoothed_cross_entropy(
    x: Tensor, t: Tensor, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    """Return the cross-entropy with class indices of which a share goes to all classes."""
    log_p = log_softmax(x, 1)
    kept = Tensor(t._data != ignore_index)
    factor = None if weight is None else _per_class(weight, x)
    spread = log_p if factor is None else log_p * factor
    smooth = -_sum(spread, 1) * kept
    exact = nll_loss(log_p, t, weight, None, ignore_index, None, reduction)
    if reduction == "mean":
        count = kept._data.sum() if weight is None else _target_weights(t, weight, ignore_index)
        smooth = _sum(smooth) / float(np.sum(count))
    elif reduction == "sum":
        smooth = _sum(smooth)
    share = label_smoothing / x.shape[1]
    return exact * (1 - label_smoothing) + smooth * share


def _target_weights(t: Tensor, weight: Any, ignore_index: int) -> Any:
    """Return the weight of every target, 0 for ignored ones."""
    kept = t._data != ignore_index
    return np.where(kept, np.asarray(weight)[np.where(kept, t._data, 0)], 0)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``-weight[target] * input[target]``, `input` being log-probabilities.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...) or (C,)
    target : Tensor of shape (N, ...) or () of integers
    weight, ignore_index, reduction
        As in :func:`cross_entropy`.

    Raises
    ------
    IndexError
        If a target is neither a class nor `ignore_index`.
    RuntimeError
        If the shapes do not fit.
    """
    how = resolve_reduction(reduction, size_average, reduce)
    x, t = to_tensor(input), to_tensor(target)
    if x.ndim == 1:
        result = nll_loss(
            unsqueeze(x, 0), reshape(t, 1), weight, None, ignore_index, None, reduction=how
        )
        return squeeze(result, 0) if how == "none" else result
    _check_target(x, t)
    kept = t._data != ignore_index
    classes = np.where(kept, t._data, 0)
    picked = squeeze(gather(x, 1, np.expand_dims(classes, 1)), 1)
    factor = kept if weight is None else _target_weights(t, weight, ignore_index)
    factor = factor.astype(x.dtype)
    loss = -picked * factor
    if how == "mean":
        return _sum(loss) / np.asarray(factor.sum())
    return reduced(loss, how)
