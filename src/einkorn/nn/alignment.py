"""Attention as encoders and decoders first had it: a score for each state, and their mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import masked_fill, softmax
from einkorn.nn.linear import Linear
from einkorn.nn.module import Module

__all__ = ["BahdanauAttention", "FeedForwardAttention", "LuongAttention"]


class _Alignment(Module):
    """Queries, keys and values around `_scores`, which a subclass defines."""

    def __init__(self, query_dim: int, key_dim: int) -> None:
        super().__init__()
        _check_sizes(query_dim=query_dim, key_dim=key_dim)
        self.query_dim = query_dim
        self.key_dim = key_dim

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return (B, L, S) of (B, L, query_dim) and (B, S, key_dim)."""
        raise NotImplementedError

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor | None = None, key_padding_mask: Any = None
    ) -> tuple[Tensor, Tensor]:
        """Return the context and the weights.

        Parameters
        ----------
        query : Tensor, shape (B, L, query_dim) or (B, query_dim)
            The decoder's states, or only one.
        key : Tensor, shape (B, S, key_dim)
            The encoder's states.
        value : Tensor, shape (B, S, V), optional
            What is averaged; the keys by default.
        key_padding_mask : bool array, shape (B, S), optional
            True for keys to leave out: what pads the shorter sequences.

        Returns
        -------
        context : Tensor, shape (B, L, V) or (B, V)
        weights : Tensor, shape (B, L, S) or (B, S)

        Raises
        ------
        ValueError
            If shapes do not fit, or a mask leaves no key.
        TypeError
            If the mask is not boolean.
        """
        value = key if value is None else value
        if key.ndim != 3 or key.shape[2] != self.key_dim:
            raise ValueError(f"key: expected shape (B, S, {self.key_dim}), got {key.shape}")
        batch = key.shape[0]
        if query.ndim not in (2, 3) or (query.shape[0], query.shape[-1]) != (batch, self.query_dim):
            raise ValueError(
                f"query: expected shape ({batch}, L, {self.query_dim}) or "
                f"({batch}, {self.query_dim}), got {query.shape}"
            )
        if value.ndim != 3 or value.shape[:2] != key.shape[:2]:
            raise ValueError(f"value: expected shape {(*key.shape[:2], 'V')}, got {value.shape}")
        alone = query.ndim == 2
        scores = self._scores(query.unsqueeze(1) if alone else query, key)
        context, weights = _averaged(scores, value, key_padding_mask)
        return (context.squeeze(1), weights.squeeze(1)) if alone else (context, weights)


class BahdanauAttention(_Alignment):
    r"""Additive attention: a small network scores each key for each query.

    .. math::
        e_{ts} &= v^T \tanh(W_q q_t + W_k k_s + b) \\
        a_{ts} &= \operatorname{softmax}_s(e_{ts}), \quad
        c_t = \sum_s a_{ts} v_s

    In the paper the query is the decoder's state before the step, the keys are the states of a
    bidirectional encoder.

    Parameters
    ----------
    query_dim, key_dim : int
        Widths of queries and keys.
    hidden_dim : int
        A, the width of the network.
    bias : bool
        Whether there is a b.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    query_proj, key_proj, score : Linear
        :math:`W_q` (A, query_dim), :math:`W_k` (A, key_dim) with b, and :math:`v` as (1, A).

    References
    ----------
    D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and
    translate", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> states = np.ones((2, 5, 8))
    >>> context, weights = nn.BahdanauAttention(6, 8, 10)(np.ones((2, 6)), states)
    >>> context.shape, weights.shape
    ((2, 8), (2, 5))
    """

    def __init__(
        self,
        query_dim: int,
        key_dim: int,
        hidden_dim: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(query_dim, key_dim)
        _check_sizes(hidden_dim=hidden_dim)
        self.query_proj = Linear(query_dim, hidden_dim, False, device, dtype)
        self.key_proj = Linear(key_dim, hidden_dim, bias, device, dtype)
        self.score = Linear(hidden_dim, 1, False, device, dtype)

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        hidden = self.query_proj(query).unsqueeze(2) + self.key_proj(key).unsqueeze(1)
        return self.score(hidden.tanh()).squeeze(-1)


class LuongAttention(_Alignment):
    r"""Attention by a product of query and key, or by a network of both.

    .. math::
        e_{ts} = \begin{cases}
            q_t^T k_s & \text{dot} \\
            q_t^T W k_s & \text{general} \\
            v^T \tanh(W [q_t; k_s]) & \text{concat}
        \end{cases} \qquad
        a_{ts} = \operatorname{softmax}_s(e_{ts}), \quad
        c_t = \sum_s a_{ts} v_s

    In the paper the query is the decoder's state after the step; what is then made of query and
    context, :math:`\tanh(W_c [c_t; q_t])`, is left to the model.

    Parameters
    ----------
    query_dim, key_dim : int
        Widths of queries and keys, of ``"dot"`` the same.
    method : {"dot", "general", "concat"}
    hidden_dim : int, optional
        A of ``"concat"``; ``query_dim`` by default.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    key_proj : Linear
        W of ``"general"``, (query_dim, key_dim).
    query_proj, key_proj, score : Linear
        The columns of W for the query, (A, query_dim), those for the key, (A, key_dim), and
        :math:`v` as (1, A), of ``"concat"``.

    References
    ----------
    M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine
    translation", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> states, lengths = np.ones((2, 5, 8)), np.array([5, 3])
    >>> padding = np.arange(5) >= lengths[:, None]
    >>> attention = nn.LuongAttention(6, 8, "general")
    >>> context, weights = attention(np.ones((2, 4, 6)), states, key_padding_mask=padding)
    >>> context.shape, weights.shape, weights[1, 0].numpy().round(3).tolist()[3:]
    ((2, 4, 8), (2, 4, 5), [0.0, 0.0])
    """

    def __init__(
        self,
        query_dim: int,
        key_dim: int,
        method: str = "dot",
        hidden_dim: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(query_dim, key_dim)
        if method not in ("dot", "general", "concat"):
            raise ValueError(f"method must be 'dot', 'general' or 'concat', got {method!r}")
        if method == "dot" and query_dim != key_dim:
            raise ValueError(f"key_dim must be query_dim, {query_dim}, for 'dot', got {key_dim}")
        self.method = method
        if method == "general":
            self.key_proj = Linear(key_dim, query_dim, False, device, dtype)
        elif method == "concat":
            width = query_dim if hidden_dim is None else hidden_dim
            _check_sizes(hidden_dim=width)
            self.query_proj = Linear(query_dim, width, False, device, dtype)
            self.key_proj = Linear(key_dim, width, False, device, dtype)
            self.score = Linear(width, 1, False, device, dtype)

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        if self.method == "concat":
            hidden = self.query_proj(query).unsqueeze(2) + self.key_proj(key).unsqueeze(1)
            return self.score(hidden.tanh()).squeeze(-1)
        return query @ (key if self.method == "dot" else self.key_proj(key)).transpose(1, 2)

    def extra_repr(self) -> str:
        """Describe the sizes and the method."""
        return f"{self.query_dim}, {self.key_dim}, method={self.method!r}"


class FeedForwardAttention(Module):
    r"""The mean over time of states that score themselves: a document as one vector.

    .. math::
        e_t = \tanh(w^T h_t + b), \quad a_t = \operatorname{softmax}_t(e_t), \quad
        c = \sum_t a_t h_t

    Parameters
    ----------
    features : int
        D, the width of the states.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    score : Linear
        :math:`w` as (1, D), and b.

    References
    ----------
    C. Raffel and D. P. W. Ellis, "Feed-forward networks with attention can solve some long-term
    memory problems", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> context, weights = nn.FeedForwardAttention(8)(np.ones((2, 5, 8)))
    >>> context.shape, weights.shape
    ((2, 8), (2, 5))
    """

    def __init__(self, features: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        _check_sizes(features=features)
        self.score = Linear(features, 1, True, device, dtype)

    def forward(self, input: Tensor, key_padding_mask: Any = None) -> tuple[Tensor, Tensor]:
        """Return the context and the weights.

        Parameters
        ----------
        input : Tensor, shape (B, T, D)
        key_padding_mask : bool array, shape (B, T), optional
            True for states to leave out.

        Returns
        -------
        context : Tensor, shape (B, D)
        weights : Tensor, shape (B, T)

        Raises
        ------
        ValueError
            If shapes do not fit, or a mask leaves no state.
        TypeError
            If the mask is not boolean.
        """
        if input.ndim != 3 or input.shape[2] != self.score.in_features:
            raise ValueError(
                f"input: expected shape (B, T, {self.score.in_features}), got {input.shape}"
            )
        scores = self.score(input).tanh().transpose(1, 2)
        context, weights = _averaged(scores, input, key_padding_mask)
        return context.squeeze(1), weights.squeeze(1)


def _averaged(scores: Tensor, value: Tensor, key_padding_mask: Any) -> tuple[Tensor, Tensor]:
    """Return the means of ``value`` by the softmax of ``scores`` (B, L, S), and the weights."""
    if key_padding_mask is not None:
        mask = as_tensor(key_padding_mask)
        if mask.dtype != np.bool_:
            raise TypeError(f"key_padding_mask: expected booleans, got {mask.dtype}")
        wanted = (scores.shape[0], scores.shape[2])
        if mask.shape != wanted:
            raise ValueError(f"key_padding_mask: expected shape {wanted}, got {mask.shape}")
        if mask.numpy().all(axis=1).any():
            raise ValueError("key_padding_mask: expected a False in each row, got only True in one")
        scores = masked_fill(scores, mask.unsqueeze(1), -math.inf)
    weights = softmax(scores, -1)
    return weights @ value, weights


def _check_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")
