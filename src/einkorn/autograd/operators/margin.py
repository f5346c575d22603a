"""Losses of margins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd.operators.activation import logsigmoid, softplus
from einkorn.autograd.operators.arithmetic import square
from einkorn.autograd.operators.common import operands, to_tensor
from einkorn.autograd.operators.elementary import sqrt
from einkorn.autograd.operators.indexing import gather
from einkorn.autograd.operators.loss import reduced, resolve_reduction
from einkorn.autograd.operators.pairs import pairwise_distance
from einkorn.autograd.operators.reduction import mean
from einkorn.autograd.operators.reduction import sum as _sum
from einkorn.autograd.operators.selection import clamp, minimum, where
from einkorn.autograd.operators.shape import reshape
from einkorn.autograd.tensor import Tensor

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

# Added under the root of the cosine embedding loss's norms, as PyTorch does.
_NORM_EPS = 1e-12


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`1 - \cos(x_1, x_2)` where the target is 1, :math:`\max(0, \cos - m)` for -1.

    Parameters
    ----------
    input1, input2 : Tensor, shape (N, D) or (D,)
    target : Tensor, shape (N,) or ()
        1 or -1.
    margin : float
        :math:`m`.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If the target has not one dimension fewer than the inputs.
    """
    a, b = operands(input1, input2)
    t = to_tensor(target)
    if t.ndim != a.ndim - 1 or a.ndim not in (1, 2):
        raise ValueError(
            f"target: expected shape {a.shape[:-1]} for inputs (N, D) or (D,), got {t.shape}"
        )
    squares = (_sum(square(a), -1) + _NORM_EPS) * (_sum(square(b), -1) + _NORM_EPS)
    cosine = _sum(a * b, -1) / sqrt(squares)
    loss = where(t == 1, 1 - cosine, where(t == -1, clamp(cosine - margin, min=0), 0.0))
    return reduced(loss, resolve_reduction(reduction, size_average, reduce))


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return `input` where the target is 1, and :math:`\max(0, m - x)` where it is -1.

    Parameters
    ----------
    input, target : Tensor
        Of equal shapes; the target holds 1 and -1.
    margin : float
        :math:`m`.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import einkorn as ek
    >>> x, t = ek.tensor([0.25, 0.25]), ek.tensor([1, -1])
    >>> ek.nn.functional.hinge_embedding_loss(x, t, reduction="none")
    tensor([0.25, 0.75])
    """
    x, t = to_tensor(input), to_tensor(target)
    below = where(t == 1, 0.0, clamp(margin - x, min=0))
    above = where(t == -1, 0.0, x)
    return reduced(below + above, resolve_reduction(reduction, size_average, reduce))


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\max(0, -t (x_1 - x_2) + m)`: 1 says that the first shall rank higher.

    Parameters
    ----------
    input1, input2, target : Tensor
        Of equal ranks; the target holds 1 and -1.
    margin : float
        :math:`m`.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    RuntimeError
        If the ranks differ.

    Examples
    --------
    >>> import einkorn as ek
    >>> one, two = ek.tensor([0.5, 0.5]), ek.tensor([0.25, 0.75])
    >>> ek.nn.functional.margin_ranking_loss(one, two, ek.tensor([1.0, 1.0]), reduction="none")
    tensor([0.  , 0.25])
    """
    a, b = operands(input1, input2)
    t = to_tensor(target)
    if not a.ndim == b.ndim == t.ndim:
        raise RuntimeError(
            f"input1, input2 and target: expected equal ranks, got {a.shape}, {b.shape}, {t.shape}"
        )
    return reduced(
        clamp(margin - t * (a - b), min=0), resolve_reduction(reduction, size_average, reduce)
    )


def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\log(1 + e^{-t x})` for targets 1 and -1.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, t = ek.tensor([0.0, 100.0]), ek.tensor([1.0, -1.0])
    >>> ek.nn.functional.soft_margin_loss(x, t, reduction="none").numpy().round(4).tolist()
    [0.6930999755859375, 100.0]
    """
    return reduced(
        softplus(-to_tensor(target) * input), resolve_reduction(reduction, size_average, reduce)
    )


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\sum_{j \ne t} w_t \max(0, m - x_t + x_j)^p / C`.

    Parameters
    ----------
    input : Tensor, shape (N, C) or (C,)
        Scores.
    target : Tensor of int, shape (N,) or ()
        Classes.
    p : {1, 2}
        Exponent.
    margin : float
        :math:`m`.
    weight : Tensor, shape (C,), optional
        :math:`w`.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        For another exponent or shapes that do not fit.
    IndexError
        For a class outside [0, C).
    """
    x, t = to_tensor(input), to_tensor(target)
    if p not in (1, 2):
        raise ValueError(f"p: expected 1 or 2, got {p!r}")
    if not x.ndim and t.shape == ():
        x = reshape(x, 1)
    if x.ndim not in (1, 2) or t.shape not in (x.shape[:-1], (1,)[: x.ndim == 1]):
        raise ValueError(f"target: expected shape {x.shape[:-1]}, got {t.shape}")
    rows = reshape(x, (-1, x.shape[-1]))
    classes = reshape(t, (-1, 1))
    gap = clamp(margin - gather(rows, 1, classes) + rows, min=0)
    loss = gap if p == 1 else square(gap)
    if weight is not None:
        loss = loss * reshape(to_tensor(weight)[reshape(t, (-1,))], (-1, 1))
    wrong = Tensor((np.arange(x.shape[-1]) != classes.numpy()).astype(x.dtype))
    total = _sum(loss * wrong, 1) / x.shape[-1]
    return reduced(reshape(total, t.shape), resolve_reduction(reduction, size_average, reduce))


def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\sum_{i \in T} \sum_{j \notin T} \max(0, 1 - x_i + x_j) / C`.

    Parameters
    ----------
    input : Tensor, shape (N, C) or (C,)
        Scores.
    target : Tensor of int, shape of `input`
        The classes :math:`T` of a row, ended by -1 where there are fewer than C.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If the shapes differ.
    IndexError
        For a class that is neither -1 nor in [0, C).
    """
    x, t = to_tensor(input), to_tensor(target)
    if not x.ndim and t.numel() == 1:
        x, t = reshape(x, 1), reshape(t, 1)
    if t.shape != x.shape or x.ndim not in (1, 2):
        raise ValueError(f"target: expected the shape of input, (N, C) or (C,), got {t.shape}")
    shape, count = x.shape[:-1], x.shape[-1]
    classes = t.numpy().reshape(-1, count)
    if ((classes < -1) | (classes >= count)).any():
        raise IndexError(f"target: expected classes from -1 to {count - 1}, got {classes}")
    listed = np.logical_and.accumulate(classes >= 0, axis=1)
    times = np.zeros((len(classes), count), np.int64)
    np.add.at(times, (np.nonzero(listed)[0], classes[listed]), 1)
    rows = reshape(x, (-1, count))
    gap = clamp(1 - rows[:, :, None] + rows[:, None, :], min=0)
    counted = Tensor((times[:, :, None] * (times[:, None, :] == 0)).astype(x.dtype))
    total = _sum(gap * counted, (1, 2)) / count
    return reduced(reshape(total, shape), resolve_reduction(reduction, size_average, reduce))


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return the mean over classes of the binary cross-entropy of logits.

    Parameters
    ----------
    input, target : Tensor, shape (..., C)
        Logits, and 1 or 0.
    weight : Tensor, shape (C,), optional
        Of the classes.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    reduction : {"mean", "sum", "none"}
    """
    x, t = operands(input, target)
    loss = -(t * logsigmoid(x) + (1 - t) * logsigmoid(-x))
    if weight is not None:
        loss = loss * to_tensor(weight)
    return reduced(mean(loss, -1), resolve_reduction(reduction, size_average, reduce))


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\max(0, d(a, p) - d(a, n) + m)` with the distance of a `p`-norm.

    Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional
    neural networks", BMVC 2016.

    Parameters
    ----------
    anchor, positive, negative : Tensor, shape (..., D)
    margin : float
        :math:`m`, positive.
    p, eps : float
        Of `pairwise_distance`.
    swap : bool
        Use :math:`d(p, n)` where it is smaller than :math:`d(a, n)`.
    size_average, reduce : bool, optional
        PyTorch's older form of `reduction`.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If the margin is not positive.
    """

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return pairwise_distance(a, b, p, eps)

    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=distance,
        margin=margin,
        swap=swap,
        reduction=resolve_reduction(reduction, size_average, reduce),
    )


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Return the loss of `triplet_margin_loss` for any distance; `pairwise_distance` by default.

    Raises
    ------
    ValueError
        If the margin is not positive.
    """
    if not margin > 0:
        raise ValueError(f"margin: expected a positive number, got {margin}")
    distance = distance_function or pairwise_distance
    a, near, far = to_tensor(anchor), to_tensor(positive), to_tensor(negative)
    apart = distance(a, far)
    if swap:
        apart = minimum(apart, distance(near, far))
    return reduced(
        clamp(distance(a, near) - apart + margin, min=0), resolve_reduction(reduction, None, None)
    )
