"""Recurrent cells: single steps, and what they share with whole sequences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import (
    gru_cell,
    lstm_cell,
    rnn_relu_cell,
    rnn_tanh_cell,
    squeeze,
    unsqueeze,
)
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = [
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "RNNCellBase",
    "State",
    "check_nonlinearity",
    "check_sizes",
    "reset_uniformly",
    "state_parts",
]

#: One part, the hidden state, or two, of which the second is LSTM's cell state.
State = tuple[Tensor, ...]


class RNNCellBase(Module):
    """What the cells share: their parameters, and the state as one value or several."""

    _cast_kinds = "fiub"
    _gates: int
    _parts = 1
    _step: Callable[..., Any]

    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, device: Any, dtype: Any
    ) -> None:
        super().__init__()
        check_sizes(input_size, hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = self._gates * hidden_size
        self.weight_ih = empty_parameter((gates, input_size), device, dtype)
        self.weight_hh = empty_parameter((gates, hidden_size), device, dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(
                name, empty_parameter((gates,), device, dtype) if bias else None
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        reset_uniformly(self, self.hidden_size)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """Return the next state."""
        if input.ndim not in (1, 2):
            raise ValueError(f"input must be (B, I) or (I,), got shape {input.shape}")
        batched = input.ndim == 2
        x = input if batched else unsqueeze(input, 0)
        shape = (x.shape[0], self.hidden_size)
        state = state_parts(hx, [shape if batched else shape[1:]] * self._parts, x)
        if hx is None:
            state = state_parts(None, [shape] * self._parts, x)
        elif not batched:
            state = tuple([unsqueeze(part, 0) for part in state])
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        after = self._step(x, state if self._parts == 2 else state[0], *weights)
        if batched:
            return after
        return tuple([squeeze(p, 0) for p in after]) if self._parts == 2 else squeeze(after, 0)

    def extra_repr(self) -> str:
        """Describe the sizes."""
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else f"{text}, bias=False"


class RNNCell(RNNCellBase):
    r"""One step of a simple recurrent layer.

    .. math::
        h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool
        Whether there are biases.
    nonlinearity : {"tanh", "relu"}
        What is applied to the sum.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (H, I) and (H, H)
        All parameters are from U(-k, k), :math:`k = 1 / \sqrt{H}`.
    bias_ih, bias_hh : Parameter, shape (H,), or None

    Notes
    -----
    Input (B, I) or (I,) and a state (B, H) or (H,), zeros by default; output the next state.

    References
    ----------
    J. L. Elman, "Finding structure in time", 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.RNNCell(10, 20)(np.zeros((3, 10))).shape
    (3, 20)
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_nonlinearity(nonlinearity)
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def _step(self, *inputs: Any) -> Tensor:
        return (rnn_tanh_cell if self.nonlinearity == "tanh" else rnn_relu_cell)(*inputs)

    def extra_repr(self) -> str:
        """Describe the sizes, and the nonlinearity if it is not the default."""
        text = super().extra_repr()
        return text if self.nonlinearity == "tanh" else f"{text}, nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
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

    _gates = 4
    _parts = 2
    _step = staticmethod(lstm_cell)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)


class GRUCell(RNNCellBase):
    r"""One step of a gated recurrent unit.

    .. math::
        r, z &= \sigma \text{ of the first thirds of }
            W_{ih} x + b_{ih} + W_{hh} h + b_{hh} \\
        n &= \tanh(W_{in} x + b_{in} + r \odot (W_{hn} h + b_{hn})) \\
        h' &= (1 - z) \odot n + z \odot h

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
    weight_ih, weight_hh : Parameter, shapes (3H, I) and (3H, H)
        All parameters are from U(-k, k), :math:`k = 1 / \sqrt{H}`.
    bias_ih, bias_hh : Parameter, shape (3H,), or None

    Notes
    -----
    Input (B, I) or (I,) and a state (B, H) or (H,), zeros by default; output the next state.

    References
    ----------
    K. Cho, B. van Merrienboer, C. Gulcehre et al., "Learning phrase representations using RNN
    encoder-decoder for statistical machine translation", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.GRUCell(10, 20)(np.zeros((3, 10))).shape
    (3, 20)
    """

    _gates = 3
    _step = staticmethod(gru_cell)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)


def check_sizes(input_size: int, hidden_size: int) -> None:
    """Raise unless both sizes are positive integers."""
    for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(size, int | np.integer):
            raise TypeError(f"{name} must be an int, got {size!r}")
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")


def check_nonlinearity(nonlinearity: str) -> None:
    """Raise unless there is a cell with this nonlinearity."""
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")


def reset_uniformly(module: Module, hidden_size: int) -> None:
    """Draw all parameters from U(-k, k), k = 1 / sqrt(hidden_size)."""
    bound = 1.0 / math.sqrt(hidden_size)
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


def state_parts(hx: Any, shapes: list[tuple[int, ...]], like: Tensor) -> State:
    """Return the parts of state ``hx`` as Tensors, arrays cast; zeros where it is None.

    Raises ValueError if their number or shapes are others.
    """
    if hx is None:
        return tuple([as_tensor(np.zeros(shape, like.dtype)) for shape in shapes])
    parts = hx if len(shapes) == 2 else (hx,)
    if not isinstance(parts, tuple | list) or len(parts) != len(shapes):
        raise ValueError("hx must be a pair of hidden and cell state")
    state = tuple([as_tensor(p, like.dtype) if isinstance(p, np.ndarray) else p for p in parts])
    for name, part, shape in zip(("h", "c"), state, shapes, strict=False):
        if part.shape != shape:
            name = f"{name} of hx" if len(shapes) == 2 else "hx"
            raise ValueError(f"{name} must have shape {shape}, got {part.shape}")
    return state
