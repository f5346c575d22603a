"""One step of long short-term memory, of a gated recurrent unit and of a simple layer.

Hochreiter and Schmidhuber, 1997, with forget gates; Cho et al., 2014; Elman, 1990.

Shapes: `x` (B, I); `h`, `c` (B, H); `w_ih` (GH, I); `w_hh` (GH, H); biases (GH,). The G gates lie
in the order input, forget, cell, output, or reset, update, new.
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


def gru_cell(
    x: Array,
    h: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return h' = (1 - z) n + z h, with n = tanh(x_n + r q), and r z n (B, 3H) and q (B, H).

    >>> zeros = np.zeros((1, 1))
    >>> h, gates, q = gru_cell(zeros, zeros + 2, np.zeros((3, 1)), np.ones((3, 1)))
    >>> q.item(), bool(np.isclose(h, 2 * gates[0, 1] + (1 - gates[0, 1]) * gates[0, 2]))
    (2.0, True)
    """
    x, h, w_ih, w_hh = (np.asarray(array, np.float64) for array in (x, h, w_ih, w_hh))
    of_x = x @ w_ih.T + (0 if b_ih is None else np.asarray(b_ih, np.float64))
    of_h = h @ w_hh.T + (0 if b_hh is None else np.asarray(b_hh, np.float64))
    x_r, x_z, x_n = np.split(of_x, 3, axis=1)
    h_r, h_z, q = np.split(of_h, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = tanh(x_n + r * q)
    return (1 - z) * n + z * h, np.concatenate([r, z, n], axis=1), q


def gru_cell_grad(
    grad_h: Array,
    x: Array,
    h: Array,
    gates: Array,
    inner: Array,
    w_ih: Array,
    w_hh: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients with respect to x, h, w_ih, w_hh, b_ih and b_hh.

    >>> ones, weights = np.ones((1, 1)), np.zeros((3, 1))
    >>> _, gates, inner = gru_cell(ones, ones, weights, weights)
    >>> grads = gru_cell_grad(ones, ones, ones, gates, inner, weights, weights)
    >>> grads[1].item(), grads[4].tolist(), grads[5].tolist()
    (0.5, [0.0, 0.25, 0.5], [0.0, 0.25, 0.25])
    """
    arrays = (grad_h, x, h, gates, inner, w_ih, w_hh)
    grad_h, x, h, gates, q, w_ih, w_hh = (np.asarray(array, np.float64) for array in arrays)
    r, z, n = np.split(gates, 3, axis=1)
    by_n = grad_h * (1 - z) * (1 - n**2)
    by_z = grad_h * (h - n) * z * (1 - z)
    by_r = by_n * q * r * (1 - r)
    of_x = np.concatenate([by_r, by_z, by_n], axis=1)
    of_h = np.concatenate([by_r, by_z, by_n * r], axis=1)
    return (
        of_x @ w_ih,
        of_h @ w_hh + grad_h * z,
        of_x.T @ x,
        of_h.T @ h,
        of_x.sum(axis=0),
        of_h.sum(axis=0),
    )


def rnn_cell(
    x: Array,
    h: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
    *,
    nonlinearity: str = "tanh",
) -> Array:
    """Return the nonlinearity of x w_ih' + b_ih + h w_hh' + b_hh.

    >>> ones = np.ones((1, 1))
    >>> rnn_cell(ones, ones, 2 * ones, -ones, nonlinearity="relu").item()
    1.0
    """
    x, h, w_ih, w_hh = (np.asarray(array, np.float64) for array in (x, h, w_ih, w_hh))
    sums = x @ w_ih.T + h @ w_hh.T
    for bias in (b_ih, b_hh):
        if bias is not None:
            sums = sums + np.asarray(bias, np.float64)
    return tanh(sums) if nonlinearity == "tanh" else np.maximum(sums, 0)


def rnn_cell_grad(
    grad_h: Array,
    x: Array,
    h: Array,
    h_next: Array,
    w_ih: Array,
    w_hh: Array,
    *,
    nonlinearity: str = "tanh",
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients with respect to x, h, w_ih, w_hh and the bias (one serves both).

    >>> ones = np.ones((1, 1))
    >>> gx, gh, *_ = rnn_cell_grad(ones, ones, ones, ones, 2 * ones, -ones, nonlinearity="relu")
    >>> gx.item(), gh.item()
    (2.0, -1.0)
    """
    arrays = (grad_h, x, h, h_next, w_ih, w_hh)
    grad_h, x, h, h_next, w_ih, w_hh = (np.asarray(array, np.float64) for array in arrays)
    slope = 1 - h_next**2 if nonlinearity == "tanh" else (h_next > 0)
    sums_grad = grad_h * slope
    return (
        sums_grad @ w_ih,
        sums_grad @ w_hh,
        sums_grad.T @ x,
        sums_grad.T @ h,
        sums_grad.sum(axis=0),
    )
