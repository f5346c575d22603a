"""Initial states of recurrent layers as parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter
from einkorn.nn.rnn import RNNBase
from einkorn.nn.rnn_cells import RNNCellBase
from einkorn.nn.utils.rnn import PackedSequence

__all__ = ["LearnedState"]


class LearnedState(Module):
    """A recurrent layer or cell that learns the state it begins with, one for all sequences.

    Parameters
    ----------
    recurrent : RNN, LSTM, GRU, one of their cells or variants
        Used as it is; its dtype is that of the states too.

    Attributes
    ----------
    recurrent : Module
    h0 : Parameter, shape (D·layers, 1, H), of a cell (1, H)
        Zeros at first, as an initial state that is not learned.
    c0 : Parameter, likewise, or None
        Of long short-term memory.

    Raises
    ------
    TypeError
        If ``recurrent`` is not recurrent.

    Notes
    -----
    Input and output are those of ``recurrent``. A state that is given takes the place of the
    learned one, so that a long sequence can go on in a second call.

    References
    ----------
    M. L. Forcada and R. C. Carrasco, "Learning the initial state of a second-order recurrent
    neural network during regular-language inference", 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LearnedState(nn.LSTM(10, 20))
    >>> output, (h, c) = layer(np.zeros((5, 3, 10)))
    >>> output.sum().backward()
    >>> layer.h0.grad.shape, layer.c0.grad.shape
    ((1, 1, 20), (1, 1, 20))
    """

    _cast_kinds = "fiub"

    c0: Parameter | None

    def __init__(self, recurrent: Module) -> None:
        super().__init__()
        if isinstance(recurrent, RNNBase):
            shapes = recurrent._state_shapes(1)
        elif isinstance(recurrent, RNNCellBase):
            shapes = [(1, recurrent.hidden_size)] * recurrent._parts
        else:
            raise TypeError(
                f"recurrent must be a recurrent layer or cell, got {type(recurrent).__name__}"
            )
        dtype = next(recurrent.parameters()).dtype
        self.h0 = Parameter(np.zeros(shapes[0], dtype))
        cell = Parameter(np.zeros(shapes[1], dtype)) if len(shapes) == 2 else None
        self.register_parameter("c0", cell)
        self.recurrent = recurrent

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> Any:
        """Return what the layer returns for ``hx``, or for the learned state."""
        return self.recurrent(input, self._initial(input) if hx is None else hx)

    def _initial(self, input: Tensor | PackedSequence) -> Any:
        state = tuple([p for p in (self.h0, self.c0) if p is not None])
        batch = self._batch(input)
        if batch is None:
            parts = tuple([p.squeeze(-2) for p in state])
        else:
            parts = tuple([p.expand(*p.shape[:-2], batch, p.shape[-1]) for p in state])
        return parts if len(parts) == 2 else parts[0]

    def _batch(self, input: Tensor | PackedSequence) -> int | None:
        """Return the number of sequences, or None of one that is alone."""
        if isinstance(input, PackedSequence):
            return int(input.batch_sizes.numpy()[0])
        if isinstance(self.recurrent, RNNCellBase):
            return input.shape[0] if input.ndim == 2 else None
        if input.ndim != 3:
            return None
        return input.shape[0 if self.recurrent.batch_first else 1]
