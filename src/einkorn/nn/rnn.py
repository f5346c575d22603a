"""Recurrent layers: sequences through one or more layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import (
    cat,
    gru,
    index_select,
    lstm,
    rnn_relu,
    rnn_tanh,
    squeeze,
    stack,
    transpose,
    unsqueeze,
)
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module
from einkorn.nn.parameter import empty_parameter
from einkorn.nn.rnn_cells import (
    State,
    check_nonlinearity,
    check_sizes,
    reset_uniformly,
    state_parts,
)
from einkorn.nn.utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN"]


class RNNBase(Module):
    """What the layers share: parameters by layer and direction, and the way of a sequence."""

    _cast_kinds = "fiub"
    _gates: int
    _parts = 1
    _sequence: Callable[..., State]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        proj_size: int,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} must be a bool, got {flag!r}")
        check_sizes(input_size, hidden_size)
        if num_layers < 1:
            raise ValueError(f"num_layers must be at least 1, got {num_layers}")
        if not 0.0 <= dropout <= 1.0:
            raise ValueError(f"dropout must be in [0, 1], got {dropout}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"proj_size must be in [0, {hidden_size}), got {proj_size}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._suffixes = [
            f"_l{layer}{direction}"
            for layer in range(num_layers)
            for direction in (("", "_reverse") if bidirectional else ("",))
        ]
        for suffix in self._suffixes:
            first = suffix.startswith("_l0")
            width = input_size if first else self._output_size * (1 + bidirectional)
            self._add_cell(suffix, width, device, dtype)
        self.reset_parameters()

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _add_cell(self, suffix: str, input_size: int, device: Any, dtype: Any) -> None:
        gates = self._gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, input_size),
            "weight_hh": (gates, self._output_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        for name, shape in shapes.items():
            self.register_parameter(name + suffix, empty_parameter(shape, device, dtype))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        reset_uniformly(self, self.hidden_size)

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> tuple[Any, Any]:
        """Return the outputs of the last layer and the last states of all."""
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.ndim not in (2, 3):
            raise ValueError(f"input must be 2-D or 3-D, got shape {input.shape}")
        self._check_features(input)
        if input.ndim == 2:
            return self._forward_unbatched(input, hx)
        x = transpose(input, 0, 1) if self.batch_first else input
        state = state_parts(hx, self._state_shapes(x.shape[1]), x)
        output, state = self._run_layers(x, state, None)
        return (transpose(output, 0, 1) if self.batch_first else output), self._returned(state)

    def _forward_unbatched(self, input: Tensor, hx: Any) -> tuple[Tensor, Any]:
        x = unsqueeze(input, 1)
        state = state_parts(hx, self._state_shapes(), x)
        output, state = self._run_layers(x, tuple([unsqueeze(part, 1) for part in state]), None)
        return squeeze(output, 1), self._returned(tuple([squeeze(part, 1) for part in state]))

    def _forward_packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        data, batch_sizes, there, back = input
        data = as_tensor(data)
        self._check_features(data)
        sizes = batch_sizes.numpy()
        state = state_parts(hx, self._state_shapes(int(sizes[0])), data)
        if hx is not None and there is not None:
            state = tuple([index_select(part, 1, there) for part in state])
        output, state = self._run_layers(data, state, sizes)
        if back is not None:
            state = tuple([index_select(part, 1, back) for part in state])
        return PackedSequence(output, batch_sizes, there, back), self._returned(state)

    def _check_features(self, x: Tensor) -> None:
        if x.shape[-1] != self.input_size:
            raise ValueError(f"input must have {self.input_size} features, got shape {x.shape}")

    def _state_shapes(self, *batch: int) -> list[tuple[int, ...]]:
        widths = (self._output_size, self.hidden_size)[: self._parts]
        return [(len(self._suffixes), *batch, width) for width in widths]

    def _returned(self, state: State) -> Any:
        return state if self._parts == 2 else state[0]

    def _run_layers(self, x: Tensor, state: State, batch_sizes: Any) -> tuple[Tensor, State]:
        directions = 2 if self.bidirectional else 1
        last: list[State] = []
        for first in range(0, len(self._suffixes), directions):
            if first and self.dropout and self.training:
                x = F.dropout(x, self.dropout)
            outputs = []
            for number in range(first, first + directions):
                output, *after = self._run_cell(x, state, number, batch_sizes)
                outputs.append(output)
                last.append(tuple(after))
            x = outputs[0] if directions == 1 else cat(outputs, -1)
        return x, tuple([stack(parts) for parts in zip(*last, strict=True)])

    def _run_cell(self, x: Tensor, state: State, number: int, batch_sizes: Any) -> State:
        """Run the cell of one layer and direction over whole sequences."""
        suffix = self._suffixes[number]
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        weights = [self._parameters.get(name + suffix) for name in names]
        before = tuple([part[number] for part in state])
        return self._sequence(
            x,
            before if self._parts == 2 else before[0],
            *(weights if self._parts == 2 else weights[:4]),
            reverse=suffix.endswith("_reverse"),
            batch_sizes=batch_sizes,
        )

    def extra_repr(self) -> str:
        """Describe the sizes, and what differs from the defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.proj_size:
            parts.append(f"proj_size={self.proj_size}")
        if self.num_layers != 1:
            parts.append(f"num_layers={self.num_layers}")
        if not self.bias:
            parts.append("bias=False")
        if self.batch_first:
            parts.append("batch_first=True")
        if self.dropout != 0:
            parts.append(f"dropout={self.dropout}")
        if self.bidirectional:
            parts.append("bidirectional=True")
        return ", ".join(parts)


class RNN(RNNBase):
    r"""Sequences through one or more simple recurrent layers; see `RNNCell`.

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    num_layers : int
        Each layer reads the outputs of the one before.
    nonlinearity : {"tanh", "relu"}
        What the cells apply to their sums.
    bias, batch_first, dropout, bidirectional, device, dtype
        As for `LSTM`.

    Attributes
    ----------
    weight_ih_l[k], weight_hh_l[k] : Parameter, shapes (H, I or D·H) and (H, H)
        Named as for `LSTM`.
    bias_ih_l[k], bias_hh_l[k] : Parameter, shape (H,)

    Raises
    ------
    ValueError
        If a size is not positive, ``dropout`` is outside [0, 1], or the nonlinearity is another;
        when called, if a shape does not fit.

    Notes
    -----
    Input and output are as for `LSTM`, with one state (D·layers, B, H) instead of a pair.

    References
    ----------
    J. L. Elman, "Finding structure in time", 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> output, h = nn.RNN(10, 20, nonlinearity="relu")(np.zeros((5, 3, 10)))
    >>> output.shape, h.shape
    ((5, 3, 20), (1, 3, 20))
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_nonlinearity(nonlinearity)
        super().__init__(
            *(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional),
            *(0, device, dtype),
        )
        self.nonlinearity = nonlinearity

    def _sequence(self, *inputs: Any, **options: Any) -> State:
        return (rnn_tanh if self.nonlinearity == "tanh" else rnn_relu)(*inputs, **options)


class LSTM(RNNBase):
    r"""Sequences through one or more layers of long short-term memory; see `LSTMCell`.

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    num_layers : int
        Each layer reads the outputs of the one before.
    bias : bool
        Whether there are biases.
    batch_first : bool
        Whether input and output are (B, T, ...) instead of (T, B, ...).
    dropout : float
        Probability of dropping outputs between layers in training mode.
    bidirectional : bool
        Whether a second cell per layer reads the sequence backwards; outputs are joined.
    proj_size : int
        P: if not 0, the hidden state after each step is projected to P elements, fewer than H.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih_l[k], weight_hh_l[k] : Parameter, shapes (4H, I or D·H) and (4H, H)
        Of layer k; with ``_reverse`` appended, of the backward direction. D is the number of
        directions. All parameters are from U(-k, k), :math:`k = 1 / \sqrt{H}`.
    bias_ih_l[k], bias_hh_l[k] : Parameter, shape (4H,)
    weight_hr_l[k] : Parameter, shape (P, H)
        With ``proj_size`` only; P then takes the place of H in D·H and of `weight_hh_l[k]`'s
        columns.

    Raises
    ------
    ValueError
        If a size is not positive, ``dropout`` is outside [0, 1], or ``proj_size`` outside [0, H);
        when called, if a shape does not fit.

    Notes
    -----
    Input (T, B, I), (B, T, I) with ``batch_first``, or (T, I), and optionally a pair of first
    states (D·layers, B, H), without B for unbatched input. Returns the outputs (T, B, D·H) of the
    last layer, laid out like the input, and the pair of last states; of hidden states and outputs
    H is P with ``proj_size``. Sequences of unequal lengths come, and go, as a
    `einkorn.nn.utils.rnn.PackedSequence`.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; M. Schuster and K. K.
    Paliwal, "Bidirectional recurrent neural networks", 1997; H. Sak, A. Senior and F. Beaufays,
    "Long short-term memory based recurrent neural network architectures", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> lstm = nn.LSTM(10, 20, num_layers=2)
    >>> output, (h, c) = lstm(np.zeros((5, 3, 10)))
    >>> output.shape, h.shape, c.shape
    ((5, 3, 20), (2, 3, 20), (2, 3, 20))
    """

    _gates = 4
    _parts = 2
    _sequence = staticmethod(lstm)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            *(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional),
            *(proj_size, device, dtype),
        )


class GRU(RNNBase):
    r"""Sequences through one or more layers of gated recurrent units; see `GRUCell`.

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As for `LSTM`.

    Attributes
    ----------
    weight_ih_l[k], weight_hh_l[k] : Parameter, shapes (3H, I or D·H) and (3H, H)
        Named as for `LSTM`.
    bias_ih_l[k], bias_hh_l[k] : Parameter, shape (3H,)

    Raises
    ------
    ValueError
        If a size is not positive or ``dropout`` is outside [0, 1]; when called, if a shape does
        not fit.

    Notes
    -----
    Input and output are as for `LSTM`, with one state (D·layers, B, H) instead of a pair.

    References
    ----------
    K. Cho, B. van Merrienboer, C. Gulcehre et al., "Learning phrase representations using RNN
    encoder-decoder for statistical machine translation", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> output, h = nn.GRU(10, 20, bidirectional=True)(np.zeros((5, 3, 10)))
    >>> output.shape, h.shape
    ((5, 3, 40), (2, 3, 20))
    """

    _gates = 3
    _sequence = staticmethod(gru)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            *(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional),
            *(0, device, dtype),
        )
