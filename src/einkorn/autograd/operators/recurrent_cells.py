"""One step of recurrent layers, and what its operators share with those of sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from einkorn import kernels
from einkorn.autograd.gradients import grad
from einkorn.autograd.operators.activation import relu, sigmoid, tanh
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.joining import chunk
from einkorn.autograd.operators.products import linear
from einkorn.autograd.operators.shape import Reshape
from einkorn.autograd.tape import Operator, alias_of, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "gru_cell",
    "lstm_cell",
    "rnn_relu_cell",
    "rnn_tanh_cell",
]

State = tuple[Tensor, ...]
Step = Callable[..., State]


# Steps written with other operators: of x, the parts of the state, and the weights.


def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any, w_hr: Any
) -> State:
    i, f, g, o = chunk(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, 1)
    c_next = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h_next = sigmoid(o) * tanh(c_next)
    return h_next if w_hr is None else linear(h_next, w_hr), c_next


def gru_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any) -> State:
    x_r, x_z, x_n = chunk(linear(x, w_ih, b_ih), 3, 1)
    h_r, h_z, h_n = chunk(linear(h, w_hh, b_hh), 3, 1)
    n = tanh(x_n + sigmoid(x_r + h_r) * h_n)
    return (n + sigmoid(x_z + h_z) * (h - n),)


def tanh_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any) -> State:
    return (tanh(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)),)


def relu_step(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any) -> State:
    return (relu(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)),)


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


class Recurrent(Operator):
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


def plain_lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any
) -> State:
    return lstm_step(x, h, c, w_ih, w_hh, b_ih, b_hh, None)


class LSTMCell(Recurrent):
    """One step of an LSTM; outputs h and c."""

    __slots__ = ()
    outputs = states = 2
    retained = 1
    step = plain_lstm_step

    def forward(self, x: Any, h: Any, c: Any, *weights: Any) -> Any:
        h_next, c_next, self.extra = kernels.lstm_cell(x, h, c, *weights)
        return h_next, c_next

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, c, w_ih, w_hh, _, _, c_next = saved
        grad_h, grad_c = grads
        return self.with_both_biases(
            kernels.lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, self.extra, w_ih, w_hh)
        )


class GRUCell(Recurrent):
    """One step of a GRU."""

    __slots__ = ()
    outputs = 1
    step = gru_step

    def forward(self, x: Any, h: Any, *weights: Any) -> Any:
        h_next, *self.extra = kernels.gru_cell(x, h, *weights)
        return (h_next,)

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, w_ih, w_hh, *_ = saved
        gates, inner = self.extra
        return kernels.gru_cell_grad(grads[0], x, h, gates, inner, w_ih, w_hh)


class RNNTanhCell(Recurrent):
    """One step of a simple recurrent layer."""

    __slots__ = ()
    outputs = 1
    step = tanh_step
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
    step = relu_step
    nonlinearity = "relu"


def tensors_of(*values: Any) -> list[Any]:
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
    h_next, c_next = LSTMCell().apply_many(*tensors_of(input, *hx, w_ih, w_hh, b_ih, b_hh))
    return h_next, c_next


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
    return GRUCell().apply_many(*tensors_of(input, hx, w_ih, w_hh, b_ih, b_hh))[0]


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
    return RNNTanhCell().apply_many(*tensors_of(input, hx, w_ih, w_hh, b_ih, b_hh))[0]


def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """Return ``relu(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)``; see :func:`rnn_tanh_cell`."""
    return RNNReLUCell().apply_many(*tensors_of(input, hx, w_ih, w_hh, b_ih, b_hh))[0]
