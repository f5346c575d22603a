"""Transformers: layers of attention and of affine maps, stacks of them, and the two together."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.attention import MultiheadAttention
from einkorn.nn.containers import ModuleList
from einkorn.nn.dropout import Dropout
from einkorn.nn.linear import Linear
from einkorn.nn.module import Module
from einkorn.nn.sample_normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Tensor], Tensor]
Mask = Tensor | np.ndarray | None


class _Layer(Module):
    """What both layers share: residual branches, normalised before or after their sum."""

    norm_first: bool
    activation: Callable[[Tensor], Tensor]
    self_attn: Module
    linear1: Module
    linear2: Module
    dropout: Module

    def _make_rest(
        self,
        branches: int,
        d_model: int,
        dim_feedforward: int,
        dropout: float,
        activation: Activation,
        layer_norm_eps: float,
        norm_first: bool,
        bias: bool,
        place: dict[str, Any],
    ) -> None:
        """Make what follows the attentions, in the order in which both layers hold it."""
        self.linear1 = Linear(d_model, dim_feedforward, bias, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **place)
        self.norm_first = norm_first
        for number in range(1, branches + 1):
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **place)
            setattr(self, f"norm{number}", norm)
        for number in range(1, branches + 1):
            setattr(self, f"dropout{number}", Dropout(dropout))
        self._set_activation(activation)

    def _set_activation(self, activation: Activation) -> None:
        if not isinstance(activation, str):
            self.activation = activation
        elif activation in ("relu", "gelu"):
            self.activation = getattr(F, activation)
        else:
            raise RuntimeError(f"activation must be 'relu' or 'gelu', got {activation!r}")

    def _branch(self, x: Tensor, number: int, branch: Callable[..., Tensor], *args: Any) -> Tensor:
        """Return ``x`` plus what ``branch`` makes of it, with the layer's norm of this number."""
        norm = getattr(self, f"norm{number}")
        dropout = getattr(self, f"dropout{number}")
        if self.norm_first:
            return x + dropout(branch(norm(x), *args))
        return norm(x + dropout(branch(x, *args)))

    def _self_attention(self, x: Tensor, mask: Mask, padding: Mask, is_causal: bool) -> Tensor:
        return self.self_attn(
            x,
            x,
            x,
            attn_mask=mask,
            key_padding_mask=padding,
            need_weights=False,
            is_causal=is_causal,
        )[0]

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    r"""Self-attention and two affine maps, each with a residual connection and a layer norm.

    .. math::
        z = \operatorname{norm}(x + \operatorname{attention}(x, x, x)), \quad
        y = \operatorname{norm}(z + W_2 f(W_1 z + b_1) + b_2)

    Parameters
    ----------
    d_model : int
        E, the width of input and output; a multiple of ``nhead``.
    nhead : int
        Attention heads.
    dim_feedforward : int
        Width between the affine maps.
    dropout : float
        Probability for the weights of attention and the outputs of the branches to be dropped.
    activation : {"relu", "gelu"} or callable
        :math:`f`.
    layer_norm_eps : float
    batch_first : bool
        Whether the batch comes before the sequence.
    norm_first : bool
        Normalise the input of each branch instead of the sum after it.
    bias : bool
        Whether affine maps and norms have biases.
    device, dtype : optional
        Where and as what to hold the parameters.

    Raises
    ------
    ValueError
        If ``nhead`` does not divide ``d_model``.
    RuntimeError
        If ``activation`` is another string.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017; R. Xiong et al., "On layer normalization
    in the transformer architecture", 2020 (``norm_first``).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.TransformerEncoderLayer(8, 2, 16)(np.zeros((5, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        attention: dict[str, Any] = {"dropout": dropout, "bias": bias, "batch_first": batch_first}
        place = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, **attention, **place)
        self._make_rest(
            2,
            d_model,
            dim_feedforward,
            dropout,
            activation,
            layer_norm_eps,
            norm_first,
            bias,
            place,
        )

    def forward(
        self,
        src: Tensor,
        src_mask: Mask = None,
        src_key_padding_mask: Mask = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the output, of the shape of ``src``; masks are those of `MultiheadAttention`."""
        masks = (src_mask, src_key_padding_mask, is_causal)
        x = self._branch(src, 1, self._self_attention, *masks)
        return self._branch(x, 2, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """A `TransformerEncoderLayer` that also attends, second, to the encoder's output.

    Parameters and errors are those of `TransformerEncoderLayer`.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, 16)
    >>> layer(np.zeros((5, 3, 8)), np.zeros((7, 3, 8))).shape
    (5, 3, 8)
    """

    multihead_attn: Module

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        attention: dict[str, Any] = {"dropout": dropout, "bias": bias, "batch_first": batch_first}
        place = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, **attention, **place)
        self.multihead_attn = MultiheadAttention(d_model, nhead, **attention, **place)
        self._make_rest(
            3,
            d_model,
            dim_feedforward,
            dropout,
            activation,
            layer_norm_eps,
            norm_first,
            bias,
            place,
        )

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Mask = None,
        memory_mask: Mask = None,
        tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the output, of the shape of ``tgt``; ``memory`` is the encoder's output."""
        masks = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        x = self._branch(tgt, 1, self._self_attention, *masks)
        masks = (memory_mask, memory_key_padding_mask, memory_is_causal)
        x = self._branch(x, 2, self._cross_attention, memory, *masks)
        return self._branch(x, 3, self._feed_forward)

    def _cross_attention(
        self, x: Tensor, memory: Tensor, mask: Mask, padding: Mask, is_causal: bool
    ) -> Tensor:
        return self.multihead_attn(
            x,
            memory,
            memory,
            attn_mask=mask,
            key_padding_mask=padding,
            need_weights=False,
            is_causal=is_causal,
        )[0]


class TransformerEncoder(Module):
    """A stack of copies of one encoder layer.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        Copied ``num_layers`` times, its values too.
    num_layers : int
    norm : Module, optional
        Applied to the last output.
    enable_nested_tensor, mask_check : bool
        Accepted and without effect: padding is computed with and masked.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), num_layers=2)
    >>> encoder(np.zeros((5, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        src: Tensor,
        mask: Mask = None,
        src_key_padding_mask: Mask = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Return the last layer's output; every layer is given the same masks."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """A stack of copies of one decoder layer; parameters as for `TransformerEncoder`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16), num_layers=2)
    >>> decoder(np.zeros((5, 3, 8)), np.zeros((7, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Mask = None,
        memory_mask: Mask = None,
        tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the last layer's output; every layer is given the same masks."""
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder of one sequence and a decoder of another that attends to it.

    Parameters
    ----------
    d_model, nhead : int
        Width, and attention heads.
    num_encoder_layers, num_decoder_layers : int
    dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        As for `TransformerEncoderLayer`.
    custom_encoder, custom_decoder : Module, optional
        Take the places of the stacks.
    device, dtype : optional
        Where and as what to hold the parameters; matrices start by `init.xavier_uniform_`.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> model = nn.Transformer(8, 2, 1, 1, 16)
    >>> mask = nn.Transformer.generate_square_subsequent_mask(4)
    >>> model(np.zeros((6, 3, 8)), np.zeros((4, 3, 8)), tgt_mask=mask).shape
    (4, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps)
        settings = (*sizes, batch_first, norm_first, bias, device, dtype)

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(*settings)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        self.encoder = custom_encoder
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(*settings)
            custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm())
        self.decoder = custom_decoder
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Mask = None,
        tgt_mask: Mask = None,
        memory_mask: Mask = None,
        src_key_padding_mask: Mask = None,
        tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the decoder's output, of the shape of ``tgt``.

        Raises
        ------
        RuntimeError
            If the batches differ, or a width is not ``d_model``.
        """
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(f"src, tgt: expected one batch, got {src.shape} and {tgt.shape}")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                f"src, tgt: expected a width of {self.d_model}, got {src.shape} and {tgt.shape}"
            )
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask,
            memory_mask,
            tgt_key_padding_mask,
            memory_key_padding_mask,
            tgt_is_causal,
            memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """Return the causal mask (sz, sz): -inf above the diagonal, else 0."""
        mask = np.triu(np.full((sz, sz), -np.inf, np.float32 if dtype is None else dtype), 1)
        return as_tensor(mask, device=device)


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])
