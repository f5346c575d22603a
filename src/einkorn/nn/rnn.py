"""Long short-term memory: one step, and whole sequences through layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import (
    cat,
    lstm,
    lstm_cell,
    squeeze,
    stack,
    transpose,
    unsqueeze,
)
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = ["LSTM", "LSTMCell"]

State = tuple[Tensor, Tensor]


class LSTMCell(Module):
    r"""One step of long short-term memory.

    .. math::
        i, f, g, o &= \sigma, \sigma, \tanh, \sigma
        \text{ of the quarters of } W_{ih} x + b_{ih} + W_{hh} h + b_{hh} \\
        c' &= f \odot c + i \odot g \\
        h' &= o \odot \tanh(c')

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool
        Whether there are biases.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (4H, I) and (4H, H)
        All parameters are from U(-k, k), :math:`k = 1 / \sqrt{H}`.
    bias_ih, bias_hh : Parameter, shape (4H,), or None

    Notes
    -----
    Input (B, I) or (I,) and a pair of states (B, H) or (H,), zeros by default; output the next
    pair.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; F. A. Gers, J. Schmidhuber
    and F. Cummins, "Learning to forget", 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> h, c = nn.LSTMCell(10, 20)(np.zeros((3, 10)))
    >>> h.shape, c.shape
    ((3, 20), (3, 20))
    """

    _cast_kinds = "fiub"

    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_sizes(input_size, hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = 4 * hidden_size
        self.weight_ih = empty_parameter((gates, input_size), device, dtype)
        self.weight_hh = empty_parameter((gates, hidden_size), device, dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(
                name, empty_parameter((gates,), device, dtype) if bias else None
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        _reset(self, self.hidden_size)

    def forward(self, input: Tensor, hx: State | None = None) -> State:
        """Return the next hidden and cell state."""
        if input.ndim not in (1, 2):
            raise ValueError(f"input must be (B, I) or (I,), got shape {input.shape}")
        batched = input.ndim == 2
        x = input if batched else unsqueeze(input, 0)
        shape = (x.shape[0], self.hidden_size)
        if hx is None:
            state = _zero_state(shape, x)
        else:
            state = _as_state(hx, shape if batched else shape[1:], x)
            state = state if batched else (unsqueeze(state[0], 0), unsqueeze(state[1], 0))
        h, c = lstm_cell(x, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return (h, c) if batched else (squeeze(h, 0), squeeze(c, 0))

    def extra_repr(self) -> str:
        """Describe the sizes."""
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else f"{text}, bias=False"


class LSTM(Module):
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
        Must be 0: projections of the hidden state are not supported.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih_l[k], weight_hh_l[k] : Parameter, shapes (4H, I or D·H) and (4H, H)
        Of layer k; with ``_reverse`` appended, of the backward direction. D is the number of
        directions. All parameters are from U(-k, k), :math:`k = 1 / \sqrt{H}`.
    bias_ih_l[k], bias_hh_l[k] : Parameter, shape (4H,)

    Raises
    ------
    ValueError
        If a size is not positive, ``dropout`` is outside [0, 1], or ``proj_size`` is not 0; when
        called, if a shape does not fit.

    Notes
    -----
    Input (T, B, I), (B, T, I) with ``batch_first``, or (T, I), and optionally a pair of first
    states (D·layers, B, H), without B for unbatched input. Returns the outputs (T, B, D·H) of the
    last layer, laid out like the input, and the pair of last states.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; M. Schuster and K. K.
    Paliwal, "Bidirectional recurrent neural networks", 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> lstm = nn.LSTM(10, 20, num_layers=2)
    >>> output, (h, c) = lstm(np.zeros((5, 3, 10)))
    >>> output.shape, h.shape, c.shape
    ((5, 3, 20), (2, 3, 20), (2, 3, 20))
    """

    _cast_kinds = "fiub"

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
        super().__init__()
        _check_sizes(input_size, hidden_size)
        if num_layers < 1:
            raise ValueError(f"num_layers must be at least 1, got {num_layers}")
        if not 0.0 <= dropout <= 1.0:
            raise ValueError(f"dropout must be in [0, 1], got {dropout}")
        if proj_size != 0:
            raise ValueError(f"proj_size must be 0, got {proj_size}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self._suffixes = [
            f"_l{layer}{direction}"
            for layer in range(num_layers)
            for direction in (("", "_reverse") if bidirectional else ("",))
        ]
        for suffix in self._suffixes:
            first = suffix.startswith("_l0")
            width = input_size if first else hidden_size * (1 + bidirectional)
            self._add_cell(suffix, width, device, dtype)
        self.reset_parameters()

    def _add_cell(self, suffix: str, input_size: int, device: Any, dtype: Any) -> None:
        gates = 4 * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, input_size),
            "weight_hh": (gates, self.hidden_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        for name, shape in shapes.items():
            self.register_parameter(name + suffix, empty_parameter(shape, device, dtype))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        _reset(self, self.hidden_size)

    def forward(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:
        """Return the outputs of the last layer and the last states of all."""
        if input.ndim not in (2, 3):
            raise ValueError(f"input must be 2-D or 3-D, got shape {input.shape}")
        if input.shape[-1] != self.input_size:
            raise ValueError(f"input must have {self.input_size} features, got shape {input.shape}")
        if input.ndim == 2:
            return self._forward_unbatched(input, hx)
        x = transpose(input, 0, 1) if self.batch_first else input
        shape = (len(self._suffixes), x.shape[1], self.hidden_size)
        h, c = _zero_state(shape, x) if hx is None else _as_state(hx, shape, x)
        output, state = self._run_layers(x, h, c)
        return (transpose(output, 0, 1) if self.batch_first else output), state

    def _forward_unbatched(self, input: Tensor, hx: State | None) -> tuple[Tensor, State]:
        x = unsqueeze(input, 1)
        shape = (len(self._suffixes), self.hidden_size)
        h, c = _zero_state(shape, x) if hx is None else _as_state(hx, shape, x)
        output, (h, c) = self._run_layers(x, unsqueeze(h, 1), unsqueeze(c, 1))
        return squeeze(output, 1), (squeeze(h, 1), squeeze(c, 1))

    def _run_layers(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, State]:
        directions = 2 if self.bidirectional else 1
        last: list[State] = []
        for first in range(0, len(self._suffixes), directions):
            if first and self.dropout and self.training:
                x = F.dropout(x, self.dropout)
            outputs = []
            for number in range(first, first + directions):
                output, *state = self._run_cell(x, h, c, number)
                outputs.append(output)
                last.append((state[0], state[1]))
            x = outputs[0] if directions == 1 else cat(outputs, 2)
        return x, (stack([h for h, _ in last]), stack([c for _, c in last]))

    def _run_cell(
        self, x: Tensor, h: Tensor, c: Tensor, number: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the cell of one layer and direction over the whole sequence."""
        suffix = self._suffixes[number]
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if self.bias else 2]
        weights = [self._parameters[name + suffix] for name in names]
        state = (h[number], c[number])
        return lstm(x, state, *weights, reverse=suffix.endswith("_reverse"))

    def extra_repr(self) -> str:
        """Describe the sizes, and what differs from the defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
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


def _check_sizes(input_size: int, hidden_size: int) -> None:
    for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")


def _reset(module: Module, hidden_size: int) -> None:
    bound = 1.0 / math.sqrt(hidden_size)
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


def _zero_state(shape: tuple[int, ...], like: Tensor) -> State:
    zeros = np.zeros(shape, like.dtype)
    return as_tensor(zeros), as_tensor(zeros)


def _as_state(hx: Any, shape: tuple[int, ...], like: Tensor) -> State:
    """Return the pair ``hx`` as Tensors, arrays cast, or raise ValueError."""
    if not isinstance(hx, tuple | list) or len(hx) != 2:
        raise ValueError("hx must be a pair of hidden and cell state")
    h, c = (as_tensor(s, like.dtype) if isinstance(s, np.ndarray) else s for s in hx)
    for name, state in (("h", h), ("c", c)):
        if state.shape != shape:
            raise ValueError(f"{name} of hx must have shape {shape}, got {state.shape}")
    return h, c
