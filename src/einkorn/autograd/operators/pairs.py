"""Functions of pairs of vectors: similarities, distances, bilinear forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd.operators.arithmetic import square
from einkorn.autograd.operators.common import as_dim, operands, to_tensor
from einkorn.autograd.operators.elementary import sqrt
from einkorn.autograd.operators.indexing import index_select
from einkorn.autograd.operators.norms import norm
from einkorn.autograd.operators.products import matmul
from einkorn.autograd.operators.reduction import sum as _sum
from einkorn.autograd.operators.selection import clamp
from einkorn.autograd.operators.shape import broadcast_tensors, permute, reshape, unsqueeze
from einkorn.autograd.tensor import Tensor

__all__ = ["bilinear", "cdist", "cosine_similarity", "pairwise_distance", "pdist"]


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Tensor:
    r"""Return the bilinear forms :math:`y_k = x_1^T W_k x_2 + b_k`.

    Parameters
    ----------
    input1 : Tensor, shape (*, I)
    input2 : Tensor, shape (*, J)
    weight : Tensor, shape (K, I, J)
    bias : Tensor, shape (K,), optional

    Returns
    -------
    Tensor, shape (*, K)

    Raises
    ------
    RuntimeError
        If the shapes do not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, y = ek.tensor([[1.0, 2.0]]), ek.tensor([[3.0, 4.0]])
    >>> ek.nn.functional.bilinear(x, y, ek.ones(1, 2, 2))
    tensor([[21.]])
    """
    a, b, w = to_tensor(input1), to_tensor(input2), to_tensor(weight)
    if w.ndim != 3 or not a.ndim or a.shape[:-1] != b.shape[:-1]:
        raise RuntimeError(
            f"input1, input2, weight: expected shapes (*, I), (*, J) and (K, I, J), "
            f"got {a.shape}, {b.shape} and {w.shape}"
        )
    forms, first, second = w.shape
    if (a.shape[-1], b.shape[-1]) != (first, second):
        raise RuntimeError(
            f"weight: expected ({forms}, {a.shape[-1]}, {b.shape[-1]}) for input1 of {a.shape} "
            f"and input2 of {b.shape}, got {w.shape}"
        )
    columns = reshape(permute(w, (1, 0, 2)), (first, forms * second))
    partial = reshape(matmul(a, columns), (*a.shape[:-1], forms, second))
    result = _sum(partial * unsqueeze(b, -2), -1)
    if bias is None:
        return result
    c = to_tensor(bias)
    if c.shape != (forms,):
        raise RuntimeError(f"bias: expected shape {(forms,)}, got {c.shape}")
    return result + c


def cdist(
    x1: Any,
    x2: Any,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    r"""Return the distances :math:`|x_1 - x_2|_p` of all pairs of rows of two matrices.

    Parameters
    ----------
    x1 : Tensor, shape (..., P, M)
    x2 : Tensor, shape (..., R, M)
    p : float
        At least 0.
    compute_mode : str
        One of PyTorch's; the differences are summed in any case.

    Returns
    -------
    Tensor, shape (..., P, R)

    Raises
    ------
    RuntimeError
        If the shapes do not fit, or `p` is negative.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.cdist(ek.tensor([[0.0, 0.0]]), ek.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    modes = [f"{use}use_mm_for_euclid_dist" for use in ("", "donot_")]
    if compute_mode not in (*modes, f"{modes[0]}_if_necessary"):
        raise ValueError(f"compute_mode: {compute_mode!r} is not a valid value for compute_mode")
    a, b = operands(x1, x2)
    if min(a.ndim, b.ndim) < 2 or a.shape[-1] != b.shape[-1]:
        raise RuntimeError(
            f"x1, x2: expected shapes (..., P, M) and (..., R, M), got {a.shape} and {b.shape}"
        )
    _check_power(p)
    return norm(unsqueeze(a, -2) - unsqueeze(b, -3), p, -1)


def pdist(input: Any, p: float = 2.0) -> Tensor:
    r"""Return the distances :math:`|x_i - x_j|_p` of all pairs of rows with i < j.

    Parameters
    ----------
    input : Tensor, shape (N, M)
    p : float
        At least 0.

    Returns
    -------
    Tensor, shape (N (N - 1) / 2,)

    Raises
    ------
    RuntimeError
        If `input` is no matrix, or `p` is negative.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.pdist(ek.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]))
    tensor([5., 3., 4.])
    """
    x = to_tensor(input)
    if x.ndim != 2:
        raise RuntimeError(f"input: expected a matrix, got shape {x.shape}")
    _check_power(p)
    first, second = np.triu_indices(x.shape[0], 1)
    return norm(index_select(x, 0, first) - index_select(x, 0, second), p, -1)


def _check_power(p: float) -> None:
    if p < 0:
        raise RuntimeError(f"p: expected a number that is not negative, got {p}")


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""Return :math:`x_1 \cdot x_2 / (\max(|x_1|, \epsilon) \max(|x_2|, \epsilon))` along `dim`.

    Parameters
    ----------
    x1, x2 : Tensor
        Broadcast against each other.
    dim : int
        Along which to take the vectors; it is summed away.
    eps : float
        Least norm to divide by.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.cosine_similarity(ek.tensor([[3.0, 4.0]]), ek.tensor([[1.0, 0.0]]))
    tensor([0.6])
    """
    a, b = broadcast_tensors(*operands(x1, x2))
    axis = as_dim(dim, a.ndim)
    # Not the norm's own gradient: at 0 it has none, while the clamped quotient's is 0 there.
    first = sqrt(clamp(_sum(square(a), axis), min=eps * eps))
    second = sqrt(clamp(_sum(square(b), axis), min=eps * eps))
    return _sum(a * b, axis) / (first * second)


def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    r"""Return the norm :math:`|x_1 - x_2 + \epsilon|_p` along the last dimension.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.pairwise_distance(ek.tensor([3.0, 4.0]), ek.tensor([0.0, 0.0]), eps=0.0)
    tensor(5.)
    """
    a, b = operands(x1, x2)
    return norm(a - b + eps, p, -1, keepdim)
