"""Recurrent layers, over the kernels: LSTM, GRU and simple cells, and whole sequences of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.gradients import grad
from einkorn.autograd.operators.activation import relu, sigmoid, tanh
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.joining import cat, chunk, stack
from einkorn.autograd.operators.products import linear
from einkorn.autograd.operators.shape import Reshape
from einkorn.autograd.tape import Operator, alias_of, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "gru",
    "gru_cell",
    "lstm",
    "lstm_cell",
    "rnn_relu",
    "rnn_relu_cell",
    "rnn_tanh",
    "rnn_tanh_cell",
]

State = tuple[Tensor, ...]
Step = Callable[..., State]


# Steps written with other operators: of x, the parts of the state, and the weights.


def _lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any, w_hr: Any
) -> State:
    i, f, g, o = chunk(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, 1)
    c_next = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h_next = sigmoid(o) * tanh(c_next)
    return h_next if w_hr is None else linear(h_next, w_hr), c_next


def _gru_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any) -> State:
    x_r, x_z, x_n = chunk(linear(x, w_ih, b_ih), 3, 1)
    h_r, h_z, h_n = chunk(linear(h, w_hh, b_hh), 3, 1)
    n = tanh(x_n + sigmoid(x_r + h_r) * h_n)
    return (n + sigmoid(x_z + h_z) * (h - n),)


def _tanh_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any) -> State:
    return (tanh(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)),)


def _relu_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any) -> State:
    return (relu(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)),)


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


def _aliases(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the inputs behind a node each.

    One input may depend on another, as a hidden state on the weights of the step before.
    Differentiated by the aliases, a function gives its partial derivatives only.
    """
    return tuple([None if x is None else Reshape(x.shape).apply(x) for x in inputs])


def _partial_derivatives(outputs: tuple[Any, ...], grads: Any, inputs: tuple[Any, ...]) -> Any:
    """Return the gradients of `outputs`, made from the aliases `inputs` by operators."""
    wanted = [x for x in inputs if x is not None and x._requires_grad]
    pairs = [(y, g) for y, g in zip(outputs, grads, strict=True) if g is not None]
    found = iter(
        grad(
            [y for y, _ in pairs],
            wanted,
            [g for _, g in pairs],
            create_graph=True,
            allow_unused=True,
        )
    )
    return tuple([None if x is None or not x._requires_grad else next(found) for x in inputs])


class _Recurrent(Operator):
    """What the operators of recurrent layers share: their inputs, and one output retained.

    The inputs are x, the parts of the state (`states` of them), w_ih, w_hh, b_ih and b_hh.
    """

    __slots__ = ()

    states = 1
    retained = 0  # the output that the gradient reads
    step: Step

    def retain(self, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
        return (*retain_inputs(self, inputs, output), alias_of(output[self.retained]))

    def compose_backward(self, grads: Any, /, *saved: Any) -> Any:
        inputs = _aliases(saved[:-1])
        x, *rest = inputs
        state, weights = tuple(rest[: self.states]), rest[self.states :]
        return _partial_derivatives(self.compose(x, state, weights), grads, inputs)

    def compose(self, x: Tensor, state: State, weights: Any) -> State:
        """Return the outputs, by operators."""
        return type(self).step(x, *state, *weights)

    def with_both_biases(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return `gradients`, of which the last is by either bias, with one for each.

        The biases are added, so theirs are equal; what is returned must be arrays of their own.
        """
        *others, bias = gradients
        first, second = self.needs[-2:]
        if first and second:
            return (*others, bias, bias.copy())
        return (*others, bias if first else None, bias if second else None)


class _Sequence(_Recurrent):
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


def _plain_lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any
) -> State:
    return _lstm_step(x, h, c, w_ih, w_hh, b_ih, b_hh, None)


class LSTMCell(_Recurrent):
    """One step of an LSTM; outputs h and c."""

    __slots__ = ()
    outputs = states = 2
    retained = 1
    step = _plain_lstm_step

    def forward(self, x: Any, h: Any, c: Any, *weights: Any) -> Any:
        h_next, c_next, self.extra = kernels.lstm_cell(x, h, c, *weights)
        return h_next, c_next

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, c, w_ih, w_hh, _, _, c_next = saved
        grad_h, grad_c = grads
        return self.with_both_biases(
            kernels.lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, self.extra, w_ih, w_hh)
        )


class LSTM(_Sequence):
    """A whole sequence through one LSTM layer; outputs y, h_n, c_n."""

    __slots__ = ()
    outputs = 3
    states = 2
    step = _plain_lstm_step

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


class GRUCell(_Recurrent):
    """One step of a GRU."""

    __slots__ = ()
    outputs = 1
    step = _gru_step

    def forward(self, x: Any, h: Any, *weights: Any) -> Any:
        h_next, *self.extra = kernels.gru_cell(x, h, *weights)
        return (h_next,)

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, w_ih, w_hh, *_ = saved
        gates, inner = self.extra
        return kernels.gru_cell_grad(grads[0], x, h, gates, inner, w_ih, w_hh)


class GRU(_Sequence):
    """A whole sequence through one GRU layer; outputs y and h_n."""

    __slots__ = ()
    outputs = 2
    step = _gru_step

    def forward(self, *inputs: Any) -> Any:
        y, h_n, self.extra = kernels.gru(*inputs, training=any(self.needs), **self.options)
        return y, h_n

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, w_ih, w_hh, _, _, y = saved
        grad_y, grad_h = grads
        return kernels.gru_grad(
            grad_y, grad_h, x, h, y, self.extra, w_ih, w_hh, needs=self.needs, **self.options
        )


class RNNTanhCell(_Recurrent):
    """One step of a simple recurrent layer."""

    __slots__ = ()
    outputs = 1
    step = _tanh_step
    nonlinearity = "tanh"

    def forward(self, *inputs: Any) -> Any:
        return (kernels.rnn_cell(*inputs, nonlinearity=self.nonlinearity),)

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, w_ih, w_hh, _, _, h_next = saved
        return self.with_both_biases(
            kernels.rnn_cell_grad(
                grads[0], x, h, h_next, w_ih, w_hh, nonlinearity=self.nonlinearity
            )
        )


class RNNReLUCell(RNNTanhCell):
    """One step with ReLU for the hyperbolic tangent."""

    __slots__ = ()
    step = _relu_step
    nonlinearity = "relu"


class RNNTanh(_Sequence):
    """A whole sequence through one simple recurrent layer; outputs y and h_n."""

    __slots__ = ()
    outputs = 2
    step = _tanh_step
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
    step = _relu_step
    nonlinearity = "relu"


def _tensors(*values: Any) -> list[Any]:
    return [None if value is None else to_tensor(value) for value in values]


def lstm_cell(
    input: Any,
    hx: tuple[Any, Any],
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return the next hidden and cell state of an LSTM.

    With ``i, f, g, o = split(input @ w_ih.T + b_ih + h @ w_hh.T + b_hh)``::

        c' = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h' = sigmoid(o) * tanh(c')

    Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; with the
    forget gate of Gers, Schmidhuber & Cummins, 2000.

    Parameters
    ----------
    input : Tensor of shape (B, I)
    hx : pair of Tensors of shape (B, H)
        Hidden and cell state.
    w_ih : Tensor of shape (4H, I)
    w_hh : Tensor of shape (4H, H)
    b_ih, b_hh : Tensor of shape (4H,), optional

    Returns
    -------
    tuple of two Tensors of shape (B, H)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    h_next, c_next = LSTMCell().apply_many(*_tensors(input, *hx, w_ih, w_hh, b_ih, b_hh))
    return h_next, c_next


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
    inputs = _tensors(input, *hx, w_ih, w_hh, b_ih, b_hh)
    if w_hr is None:
        y, h_n, c_n = LSTM(reverse, batch_sizes).apply_many(*inputs)
    else:
        x, h, c, *weights = inputs
        weights.append(to_tensor(w_hr))
        y, h_n, c_n = by_steps(_lstm_step, x, (h, c), weights, reverse, batch_sizes)
    return y, h_n, c_n


def gru_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """Return the next state of a gated recurrent unit.

    With ``x_r, x_z, x_n = split(input @ w_ih.T + b_ih)`` and ``h_r, h_z, h_n = split(hx @ w_hh.T +
    b_hh)``::

        n = tanh(x_n + sigmoid(x_r + h_r) * h_n)
        h' = n + sigmoid(x_z + h_z) * (h - n)

    Cho, van Merrienboer, Gulcehre et al., "Learning phrase representations using RNN
    encoder-decoder", 2014.

    Parameters
    ----------
    input : Tensor of shape (B, I)
    hx : Tensor of shape (B, H)
    w_ih : Tensor of shape (3H, I)
    w_hh : Tensor of shape (3H, H)
    b_ih, b_hh : Tensor of shape (3H,), optional

    Returns
    -------
    Tensor of shape (B, H)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    return GRUCell().apply_many(*_tensors(input, hx, w_ih, w_hh, b_ih, b_hh))[0]


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
    inputs = _tensors(input, hx, w_ih, w_hh, b_ih, b_hh)
    y, h_n = GRU(reverse, batch_sizes).apply_many(*inputs)
    return y, h_n


def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """Return ``tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)``.

    Elman, "Finding structure in time", Cognitive Science 14, 1990.

    Parameters
    ----------
    input : Tensor of shape (B, I)
    hx : Tensor of shape (B, H)
    w_ih : Tensor of shape (H, I)
    w_hh : Tensor of shape (H, H)
    b_ih, b_hh : Tensor of shape (H,), optional

    Returns
    -------
    Tensor of shape (B, H)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    return RNNTanhCell().apply_many(*_tensors(input, hx, w_ih, w_hh, b_ih, b_hh))[0]


def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """Return ``relu(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)``; see :func:`rnn_tanh_cell`."""
    return RNNReLUCell().apply_many(*_tensors(input, hx, w_ih, w_hh, b_ih, b_hh))[0]


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
    inputs = _tensors(input, hx, w_ih, w_hh, b_ih, b_hh)
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
    inputs = _tensors(input, hx, w_ih, w_hh, b_ih, b_hh)
    y, h_n = RNNReLU(reverse, batch_sizes).apply_many(*inputs)
    return y, h_n
