"""One step of long short-term memory (Hochreiter and Schmidhuber, 1997; with forget gates).

Shapes: `x` (B, I); `h`, `c` (B, H); `w_ih` (4H, I); `w_hh` (4H, H); biases (4H,). The gates lie
in the order input, forget, cell, output.
"""

from __future__ import annotations

import numpy as np

from .elementwise import sigmoid, tanh

Array = np.ndarray


def lstm_cell(
    x: Array,
    h: Array,
    c: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return h' = o tanh(c'), c' = f c + i g and the gates (B, 4H) after their activations.

    >>> zeros = np.zeros((1, 1))
    >>> h, c, gates = lstm_cell(zeros, zeros, zeros + 2, np.zeros((4, 1)), np.zeros((4, 1)))
    >>> c.item(), gates.tolist()
    (1.0, [[0.5, 0.5, 0.0, 0.5]])
    """
    x, h, c, w_ih, w_hh = (np.asarray(array, np.float64) for array in (x, h, c, w_ih, w_hh))
    sums = x @ w_ih.T + h @ w_hh.T
    for bias in (b_ih, b_hh):
        if bias is not None:
            sums = sums + np.asarray(bias, np.float64)
    i, f, g, o = np.split(sums, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
    c_next = f * c + i * g
    return o * np.tanh(c_next), c_next, np.concatenate([i, f, g, o], axis=1)


def lstm_cell_grad(
    grad_h: Array,
    grad_c: Array,
    x: Array,
    h: Array,
    c: Array,
    c_next: Array,
    gates: Array,
    w_ih: Array,
    w_hh: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients with respect to x, h, c, w_ih, w_hh and the bias (one serves both).

    >>> zeros, weights = np.zeros((1, 1)), np.zeros((4, 1))
    >>> gates = np.array([[0.5, 0.5, 0.0, 0.5]])
    >>> results = lstm_cell_grad(zeros, zeros + 1, zeros, zeros, zeros, zeros, gates, weights,
    ...                          weights)
    >>> results[2].item(), results[5].tolist()
    (0.5, [0.0, 0.0, 0.5, 0.0])
    """
    arrays = (grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh)
    grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh = (
        np.asarray(array, np.float64) for array in arrays
    )
    i, f, g, o = np.split(gates, 4, axis=1)
    squashed = np.tanh(c_next)
    through_c = grad_c + grad_h * o * (1 - squashed**2)
    sums_grad = np.concatenate(
        [
            through_c * g * i * (1 - i),
            through_c * c * f * (1 - f),
            through_c * i * (1 - g**2),
            grad_h * squashed * o * (1 - o),
        ],
        axis=1,
    )
    return (
        sums_grad @ w_ih,
        sums_grad @ w_hh,
        through_c * f,
        sums_grad.T @ x,
        sums_grad.T @ h,
        sums_grad.sum(axis=0),
    )
