"""Multi-head attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import cat, pad, where, zeros
from einkorn.autograd.operators.attention import attend
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.linear import Linear
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    r"""Several attentions beside each other, each on its own projections.

    .. math::
        \operatorname{head}_i = \operatorname{softmax}\left(
        \frac{Q W^Q_i (K W^K_i)^T}{\sqrt{d}} \right) V W^V_i, \quad
        y = [\operatorname{head}_1, \dots, \operatorname{head}_h] W^O

    Parameters
    ----------
    embed_dim : int
        E, the width of queries and of the result; a multiple of ``num_heads``.
    num_heads : int
        :math:`h`.
    dropout : float
        Probability for a weight to be dropped in training.
    bias : bool
        Whether the projections have biases.
    add_bias_kv : bool
        Whether a learned key and value follow the given ones.
    add_zero_attn : bool
        Whether a key and a value of zeros follow the given ones.
    kdim, vdim : int, optional
        Widths of keys and values; E by default.
    batch_first : bool
        Whether the batch comes before the sequence.
    device, dtype : optional
        Where and as what to hold the parameters.

    Attributes
    ----------
    in_proj_weight : Parameter, shape (3 E, E), or None
        The projections of queries, keys and values, one below the other; with other widths instead
        ``q_proj_weight`` (E, E), ``k_proj_weight`` (E, kdim) and ``v_proj_weight`` (E, vdim).
    in_proj_bias : Parameter, shape (3 E,), or None
    out_proj : Linear
    bias_k, bias_v : Parameter, shape (1, 1, E), or None

    Raises
    ------
    ValueError
        If ``num_heads`` does not divide ``embed_dim``.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> x = np.ones((5, 2, 8))
    >>> y, weights = nn.MultiheadAttention(8, 2)(x, x, x)
    >>> y.shape, weights.shape
    ((5, 2, 8), (2, 5, 5))
    """

    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if num_heads < 1 or embed_dim < 1 or embed_dim % num_heads:
            raise ValueError(
                f"num_heads: expected a divisor of embed_dim, {embed_dim}, got {num_heads}"
            )
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        joint = self.kdim == self.vdim == embed_dim
        shapes = {
            "q_proj_weight": None if joint else (embed_dim, embed_dim),
            "k_proj_weight": None if joint else (embed_dim, self.kdim),
            "v_proj_weight": None if joint else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if joint else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
        }
        for name, shape in shapes.items():
            parameter = None if shape is None else empty_parameter(shape, device, dtype)
            self.register_parameter(name, parameter)
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        for name in ("bias_k", "bias_v"):
            parameter = empty_parameter((1, 1, embed_dim), device, dtype) if add_bias_kv else None
            self.register_parameter(name, parameter)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the projections (Glorot), and set their biases to 0."""
        for name, parameter in self.named_parameters(recurse=False):
            if name.endswith("proj_weight"):
                init.xavier_uniform_(parameter)
            elif name == "in_proj_bias":
                init.zeros_(parameter)
            else:
                init.xavier_normal_(parameter)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the attention's result and its weights.

        Parameters
        ----------
        query : Tensor, shape (L, N, E), or (N, L, E) with ``batch_first``, or (L, E)
        key : Tensor, shape (S, N, kdim), likewise
        value : Tensor, shape (S, N, vdim), likewise
        key_padding_mask : Tensor, shape (N, S) or (S,), optional
            True for keys to leave out, or numbers to add to their scores.
        need_weights : bool
            Whether to return the weights.
        attn_mask : Tensor, shape (L, S) or (N * num_heads, L, S), optional
            True where a query must not look, or numbers to add to the scores.
        average_attn_weights : bool
            Return the weights' mean over the heads, not each head's.
        is_causal : bool
            Says that ``attn_mask``, which must be given, is the causal one.

        Returns
        -------
        output : Tensor, shape of `query`
        weights : Tensor, shape (N, L, S) or (N, num_heads, L, S); without N as the input; or None

        Raises
        ------
        ValueError
            If shapes do not fit together.
        RuntimeError
            If ``is_causal`` is given without a mask.
        """
        if is_causal and attn_mask is None:
            raise RuntimeError("attn_mask: expected the causal mask with is_causal=True, got None")
        alone = query.ndim == 2
        q, k, v = (self._batched(x, alone) for x in (query, key, value))
        self._check(q, k, v)
        queries, keys, values = self._projected(q, k, v)
        mask = self._mask(attn_mask, key_padding_mask, q.shape, k.shape[1], queries.dtype)
        if self.bias_k is not None and self.bias_v is not None:
            keys, values = _followed(keys, self.bias_k), _followed(values, self.bias_v)
        if self.add_zero_attn:
            empty = zeros(1, 1, self.embed_dim, dtype=queries.dtype)
            keys, values = _followed(keys, empty), _followed(values, empty)
        if mask is not None and keys.shape[1] > k.shape[1]:
            mask = pad(mask, (0, keys.shape[1] - k.shape[1]))
        output, weights = attend(
            self._heads(queries),
            self._heads(keys),
            self._heads(values),
            mask,
            self.dropout if self.training else 0.0,
        )
        joined = output.transpose(1, 2).reshape(q.shape[0], q.shape[1], self.embed_dim)
        return self._results(
            self.out_proj(joined), weights, alone, need_weights, average_attn_weights
        )

    def _batched(self, x: Tensor, alone: bool) -> Tensor:
        """Return (batch, sequence, width)."""
        if x.ndim != (2 if alone else 3):
            raise ValueError(f"query, key, value: expected equal ranks of 2 or 3, got {x.shape}")
        if alone:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def _check(self, q: Tensor, k: Tensor, v: Tensor) -> None:
        widths = (self.embed_dim, self.kdim, self.vdim)
        if (q.shape[2], k.shape[2], v.shape[2]) != widths:
            raise ValueError(
                f"query, key, value: expected widths {widths}, "
                f"got {(q.shape[2], k.shape[2], v.shape[2])}"
            )
        if k.shape[:2] != v.shape[:2] or k.shape[0] != q.shape[0]:
            raise ValueError(
                f"key, value: expected one batch and length, got {k.shape[:2]} and {v.shape[:2]} "
                f"for a batch of {q.shape[0]}"
            )

    def _projected(self, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, ...]:
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        return tuple([F.linear(*row) for row in zip((q, k, v), weights, biases, strict=True)])

    def _heads(self, x: Tensor) -> Tensor:
        """Return (batch, head, sequence, head_dim)."""
        return x.reshape(x.shape[0], x.shape[1], self.num_heads, self.head_dim).transpose(1, 2)

    def _mask(
        self,
        attn_mask: Any,
        key_padding_mask: Any,
        shape: tuple[int, ...],
        keys: int,
        dtype: Any,
    ) -> Tensor | None:
        """Return what to add to the scores, broadcast to (batch, head, query, key)."""
        batch, length = shape[0], shape[1]
        total = None
        if attn_mask is not None:
            mask = _additive(attn_mask, dtype)
            if mask.shape == (batch * self.num_heads, length, keys):
                mask = mask.reshape(batch, self.num_heads, length, keys)
            elif mask.shape != (length, keys):
                raise ValueError(
                    f"attn_mask: expected shape {(length, keys)} or "
                    f"{(batch * self.num_heads, length, keys)}, got {mask.shape}"
                )
            total = mask
        if key_padding_mask is not None:
            mask = _additive(key_padding_mask, dtype)
            if mask.shape not in ((batch, keys), (keys,)):
                raise ValueError(
                    f"key_padding_mask: expected shape {(batch, keys)}, got {mask.shape}"
                )
            mask = mask.reshape(-1, 1, 1, keys)
            total = mask if total is None else total + mask
        return total

    def _results(
        self, output: Tensor, weights: Tensor, alone: bool, wanted: bool, average: bool
    ) -> tuple[Tensor, Tensor | None]:
        if average:
            weights = weights.mean(1)
        if alone:
            return output.squeeze(0), weights.squeeze(0) if wanted else None
        if not self.batch_first:
            output = output.transpose(0, 1)
        return output, weights if wanted else None


def _additive(mask: Any, dtype: Any) -> Tensor:
    """Return numbers to add: a boolean mask says what must not be seen."""
    mask = as_tensor(mask)
    if mask.dtype != np.bool_:
        return mask
    return where(mask, as_tensor(np.asarray(-math.inf, dtype)), as_tensor(np.asarray(0, dtype)))


def _followed(x: Tensor, last: Tensor) -> Tensor:
    """Put one more element, (1, 1, E), behind each sequence of (N, S, E)."""
    return cat([x, last.expand(x.shape[0], 1, x.shape[2])], 1)
