"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.noise import dropout
from einkorn.autograd.operators.products import matmul
from einkorn.autograd.operators.selection import where
from einkorn.autograd.operators.shape import expand, reshape, transpose
from einkorn.autograd.operators.softmaxes import softmax
from einkorn.autograd.tensor import Tensor

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    r"""Return :math:`\operatorname{softmax}(s Q K^T + M) V`.

    Vaswani et al., "Attention is all you need", 2017.

    Parameters
    ----------
    query : Tensor, shape (..., L, E)
    key : Tensor, shape (..., S, E)
    value : Tensor, shape (..., S, V)
    attn_mask : Tensor, optional
        Broadcast to (..., L, S): added to the scores, or, if boolean, True where a query may look.
    dropout_p : float
        Probability for a weight to be dropped.
    is_causal : bool
        Query i sees the keys up to i only.
    scale : float, optional
        :math:`s`; :math:`1 / \sqrt E` by default.
    enable_gqa : bool
        Let fewer heads of keys and values (third axis from the end) serve groups of query heads.

    Returns
    -------
    Tensor
        Shape (..., L, V).

    Raises
    ------
    RuntimeError
        If both a mask and `is_causal` are given.
    ValueError
        If the last sizes of query and key differ, or heads cannot be grouped.

    Examples
    --------
    >>> import einkorn as ek
    >>> q, k, v = ek.zeros(1, 2), ek.ones(3, 2), ek.tensor([[0.0], [1.0], [2.0]])
    >>> ek.nn.functional.scaled_dot_product_attention(q, k, v)
    tensor([[1.]])
    """
    output, _ = attend(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
    return output


def attend(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the attention's output and its weights (after dropout)."""
    q, k, v = to_tensor(query), to_tensor(key), to_tensor(value)
    if q.shape[-1:] != k.shape[-1:]:
        raise ValueError(f"key: expected a last size of {q.shape[-1:]}, got shape {k.shape}")
    if enable_gqa:
        k, v = _shared_heads(k, q), _shared_heads(v, q)
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = matmul(q * factor, transpose(k, -2, -1))
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("attn_mask: expected None with is_causal=True")
        attn_mask = np.tril(np.ones(scores.shape[-2:], bool))
    if attn_mask is not None:
        scores = _masked(scores, to_tensor(attn_mask))
    weights = softmax(scores, -1)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    return matmul(weights, v), weights


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    if mask.dtype != np.bool_:
        return scores + mask
    return where(mask, scores, -math.inf)


def _shared_heads(x: Tensor, query: Tensor) -> Tensor:
    """Repeat each head for the queries' heads of its group."""
    heads, wanted = x.shape[-3], query.shape[-3]
    if wanted % heads:
        raise ValueError(f"key, value: {heads} heads do not divide the {wanted} of query")
    *lead, _, length, width = x.shape
    grouped = reshape(x, (*lead, heads, 1, length, width))
    grouped = expand(grouped, (*lead, heads, wanted // heads, length, width))
    return reshape(grouped, (*lead, wanted, length, width))
