"""Recurrent layers, over the kernels: the LSTM cell and whole sequences."""

from __future__ import annotations

from typing import Any

from einkorn import kernels
from einkorn.autograd.gradients import grad
from einkorn.autograd.operators.activation import sigmoid, tanh
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.products import linear
from einkorn.autograd.operators.shape import Reshape, chunk, stack, unbind
from einkorn.autograd.tape import Operator, alias_of, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = ["lstm", "lstm_cell"]


def _composed_step(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any
) -> tuple[Tensor, Tensor]:
    """Return one step of an LSTM written with other operators."""
    gates = linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)
    i, f, g, o = chunk(gates, 4, 1)
    c_next = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c_next), c_next


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


class LSTMCell(Operator):
    """One step of an LSTM; outputs h and c."""

    __slots__ = ()
    outputs = 2

    def retain(self, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
        return (*retain_inputs(self, inputs, output), alias_of(output[1]))

    def forward(self, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        h_next, c_next, self.extra = kernels.lstm_cell(x, h, c, w_ih, w_hh, b_ih, b_hh)
        return h_next, c_next

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, c, w_ih, w_hh, _, _, c_next = saved
        grad_h, grad_c = grads
        gradients = kernels.lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, self.extra, w_ih, w_hh)
        return _with_both_biases(self, gradients)

    def compose_backward(self, grads: Any, /, *saved: Any) -> Any:
        inputs = _aliases(saved[:-1])
        return _partial_derivatives(_composed_step(*inputs), grads, inputs)


class LSTM(Operator):
    """A whole sequence through one LSTM layer; outputs y, h_n, c_n."""

    __slots__ = ("reverse",)
    outputs = 3

    def __init__(self, reverse: bool) -> None:
        self.reverse = reverse

    def retain(self, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
        return (*retain_inputs(self, inputs, output), alias_of(output[0]))

    def forward(self, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        y, h_n, c_n, self.extra = kernels.lstm(
            x, h, c, w_ih, w_hh, b_ih, b_hh, reverse=self.reverse
        )
        return y, h_n, c_n

    def backward(self, grads: Any, /, *saved: Any) -> Any:
        x, h, c, w_ih, w_hh, _, _, y = saved
        grad_y, grad_h, grad_c = grads
        gradients = kernels.lstm_grad(
            grad_y, grad_h, grad_c, x, h, c, y, self.extra, w_ih, w_hh, reverse=self.reverse
        )
        return _with_both_biases(self, gradients)

    def compose_backward(self, grads: Any, /, *saved: Any) -> Any:
        inputs = _aliases(saved[:-1])
        x, h, c, *weights = inputs
        order = -1 if self.reverse else 1
        steps = []
        for step in unbind(x, 0)[::order]:
            h, c = _composed_step(step, h, c, *weights)
            steps.append(h)
        return _partial_derivatives((stack(steps[::order]), h, c), grads, inputs)


def _with_both_biases(node: Operator, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return `gradients` with that of the bias twice: the biases are added, so theirs are equal."""
    return (*gradients, gradients[-1].copy() if node.needs[-1] else None)


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
    h, c = hx
    inputs = [None if p is None else to_tensor(p) for p in (input, h, c, w_ih, w_hh, b_ih, b_hh)]
    h_next, c_next = LSTMCell().apply_many(*inputs)
    return h_next, c_next


def lstm(
    input: Any,
    hx: tuple[Any, Any],
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    reverse: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the outputs of one LSTM layer for a whole sequence, and its last state.

    :func:`lstm_cell` at every step.

    Parameters
    ----------
    input : Tensor of shape (T, B, I)
    hx : pair of Tensors of shape (B, H)
        Hidden and cell state before the first step.
    w_ih, w_hh, b_ih, b_hh
        As in :func:`lstm_cell`.
    reverse : bool
        Go from the last step to the first; the results stay in the order of `input`.

    Returns
    -------
    tuple of Tensors of shape (T, B, H), (B, H), (B, H)
        The hidden state of every step, that of the last step taken, and its cell state.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    h, c = hx
    inputs = [None if p is None else to_tensor(p) for p in (input, h, c, w_ih, w_hh, b_ih, b_hh)]
    y, h_n, c_n = LSTM(reverse).apply_many(*inputs)
    return y, h_n, c_n
