"""Recurrent layers over whole sequences, of equal or of unequal lengths."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.joining import cat, stack
from einkorn.autograd.operators.recurrent_cells import (
    Recurrent,
    State,
    Step,
    gru_step,
    lstm_step,
    plain_lstm_step,
    relu_step,
    tanh_step,
    tensors_of,
)
from einkorn.autograd.tensor import Tensor

__all__ = [
    "gru",
    "lstm",
    "rnn_relu",
    "rnn_tanh",
]


def by_steps(
    step: Step, x: Tensor, state: State, weights: Any, reverse: bool, batch_sizes: Any
) -> State:
    """Return the outputs and the last state of a sequence, by `step` after step."""
    sizes = [x.shape[1]] * len(x) if batch_sizes is None else [int(n) for n in batch_sizes]
    ends = list(accumulate(sizes))
    outputs: list[Any] = [None] * len(sizes)
    for t in range(len(sizes))[:: -1 if reverse else 1]:
        rows = sizes[t]
        now = x[t] if batch_sizes is None else x[ends[t] - rows : ends[t]]
        after = step(now, *[part[:rows] for part in state], *weights)
        outputs[t] = after[0]
        state = tuple(
            [
                new if rows == len(old) else cat([new, old[rows:]])
                for new, old in zip(after, state, strict=True)
            ]
        )
    if not outputs:
        return Tensor(np.zeros((*x.shape[:2], state[0].shape[1]), x.dtype)), *state
    return stack(outputs) if batch_sizes is None else cat(outputs), *state


class _Sequence(Recurrent):
    """A layer over whole sequences; outputs y and the parts of the last state."""

    __slots__ = ("batch_sizes", "reverse")

    def __init__(self, reverse: bool, batch_sizes: Any) -> None:
        self.reverse = reverse
        self.batch_sizes = batch_sizes

    @property
    def options(self) -> dict[str, Any]:
        """The kernel's keyword arguments."""
        return {"reverse": self.reverse, "batch_sizes": self.batch_sizes}

    def compose(self, x: Tensor, state: State, weights: Any) -> State:
        return by_steps(type(self).step, x, state, weights, self.reverse, self.batch_sizes)

    def needs_of_one_bias(self) -> tuple[bool, ...]:
        """Return what the kernel must compute that makes one gradient for both biases."""
        *others, first, second = self.needs
        return (*others, first or second)


class LSTM(_Sequence):
    """A whole sequence through one LSTM layer; outputs y, h_n, c_n."""

    __slots__ = ()
    outputs = 3
    states = 2
    step = plain_lstm_step

    def forward(self, *inputs: Any) -> Any:
        y, h_n, c_n, self.extra = kernels.lstm(*inputs, training=any(self.needs), **self.options)
        return y, h_n, c_n

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, c, w_ih, w_hh, _, _, y = saved
        grad_y, grad_h, grad_c = grads
        needs = self.needs_of_one_bias()
        rest = (x, h, c, y, self.extra, w_ih, w_hh)
        return self.with_both_biases(
            kernels.lstm_grad(grad_y, grad_h, grad_c, *rest, needs=needs, **self.options)
        )


class GRU(_Sequence):
    """A whole sequence through one GRU layer; outputs y and h_n."""

    __slots__ = ()
    outputs = 2
    step = gru_step

    def forward(self, *inputs: Any) -> Any:
        y, h_n, self.extra = kernels.gru(*inputs, training=any(self.needs), **self.options)
        return y, h_n

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, w_ih, w_hh, _, _, y = saved
        grad_y, grad_h = grads
        return kernels.gru_grad(
            grad_y, grad_h, x, h, y, self.extra, w_ih, w_hh, needs=self.needs, **self.options
        )


class RNNTanh(_Sequence):
    """A whole sequence through one simple recurrent layer; outputs y and h_n."""

    __slots__ = ()
    outputs = 2
    step = tanh_step
    nonlinearity = "tanh"

    def forward(self, *inputs: Any) -> Any:
        return kernels.rnn(*inputs, nonlinearity=self.nonlinearity, **self.options)

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, w_ih, w_hh, _, _, y = saved
        options: dict[str, Any] = {"nonlinearity": self.nonlinearity, **self.options}
        needs = self.needs_of_one_bias()
        grad_y, grad_h = grads
        return self.with_both_biases(
            kernels.rnn_grad(grad_y, grad_h, x, h, y, w_ih, w_hh, needs=needs, **options)
        )


class RNNReLU(RNNTanh):
    """The same with ReLU for the hyperbolic tangent."""

    __slots__ = ()
    step = relu_step
    nonlinearity = "relu"


def lstm(
    input: Any,
    hx: tuple[Any, Any],
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    w_hr: Any = None,
    *,
    reverse: bool = False,
    batch_sizes: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the outputs of one LSTM layer for whole sequences, and its last state.

    :func:`lstm_cell` at every step.

    Parameters
    ----------
    input : Tensor of shape (T, B, I), or (N, I) with `batch_sizes`
    hx : pair of Tensors of shape (B, H)
        Hidden and cell state before the first step.
    w_ih, w_hh, b_ih, b_hh
        As in :func:`lstm_cell`.
    w_hr : Tensor of shape (P, H), optional
        Projects the hidden state after each step, which then has P elements wherever it occurs:
        ``h' = (sigmoid(o) * tanh(c')) @ w_hr.T`` (Sak, Senior & Beaufays, 2014). Computed step by
        step with other operators.
    reverse : bool
        Go from the last step to the first; the results stay in the order of `input`.
    batch_sizes : array of T integers, optional
        How many sequences take each step, the longest being the first; `input` and the outputs
        are then the rows of the first step, of the second and so on, N in all.

    Returns
    -------
    tuple of Tensors of shape (T, B, H) or (N, H), (B, H), (B, H)
        The hidden state of every step, that of each sequence's last, and its cell state.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    inputs = tensors_of(input, *hx, w_ih, w_hh, b_ih, b_hh)
    if w_hr is None:
        y, h_n, c_n = LSTM(reverse, batch_sizes).apply_many(*inputs)
    else:
        x, h, c, *weights = inputs
        weights.append(to_tensor(w_hr))
        y, h_n, c_n = by_steps(lstm_step, x, (h, c), weights, reverse, batch_sizes)
    return y, h_n, c_n


def gru(
    input: Any,
    hx: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    reverse: bool = False,
    batch_sizes: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return the outputs of one GRU layer for whole sequences, and its last state.

    :func:`gru_cell` at every step; arguments and results are like those of :func:`lstm`, with a
    state of one part.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    inputs = tensors_of(input, hx, w_ih, w_hh, b_ih, b_hh)
    y, h_n = GRU(reverse, batch_sizes).apply_many(*inputs)
    return y, h_n


def rnn_tanh(
    input: Any,
    hx: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    reverse: bool = False,
    batch_sizes: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return the outputs of one simple recurrent layer for whole sequences, and its last state.

    :func:`rnn_tanh_cell` at every step; arguments and results are like those of :func:`lstm`, with
    a state of one part.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    inputs = tensors_of(input, hx, w_ih, w_hh, b_ih, b_hh)
    y, h_n = RNNTanh(reverse, batch_sizes).apply_many(*inputs)
    return y, h_n


def rnn_relu(
    input: Any,
    hx: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    reverse: bool = False,
    batch_sizes: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return what :func:`rnn_tanh` does with ReLU for the hyperbolic tangent."""
    inputs = tensors_of(input, hx, w_ih, w_hh, b_ih, b_hh)
    y, h_n = RNNReLU(reverse, batch_sizes).apply_many(*inputs)
    return y, h_n
