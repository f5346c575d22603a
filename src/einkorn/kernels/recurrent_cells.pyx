"""Single steps of recurrent layers."""

from einkorn.kernels._core cimport EK_GRU, EK_LSTM
from einkorn.kernels._recurrent cimport (
    Layer,
    gru_backward,
    lstm_backward,
    simple_backward,
    simple_cell,
    taken_needs,
)


def lstm_cell(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    r"""One step of long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).

    .. math::

        (i, f, g, o) &= (\sigma, \sigma, \tanh, \sigma)
            (x W_{ih}^\mathsf{T} + b_{ih} + h W_{hh}^\mathsf{T} + b_{hh}) \\
        c' &= f c + i g \\
        h' &= o \tanh c'

    Parameters
    ----------
    x : array, shape (B, I)
        float32 or float64.
    h, c : array, shape (B, H)
        The state before the step.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)
    b_ih, b_hh : array, shape (4H,), optional

    Returns
    -------
    h_next, c_next : array, shape (B, H)
    gates : array, shape (B, 4H)
        :math:`i, f, g, o`, as `lstm_cell_grad` needs them.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one, weights = np.ones((1, 1)), np.zeros((4, 1))
    >>> h, c, gates = kernels.lstm_cell(one, one, 2 * one, weights, weights)
    >>> c.item(), gates.tolist()
    (1.0, [[0.5, 0.5, 0.0, 0.5]])
    """
    cdef Layer layer = Layer()
    layer.describe(EK_LSTM, x, h, "h", w_ih, w_hh, 2, None, False)
    layer.c0 = layer.state(c, "c")
    output, _, c_n, gates, _ = layer.run(b_ih, b_hh, True, "lstm_cell")
    return output, c_n, gates


def lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh):
    r"""Gradients of `lstm_cell`.

    Parameters
    ----------
    grad_h, grad_c : array, shape (B, H), or None
        By `h_next` and `c_next`; None is zero.
    x : array, shape (B, I)
    h, c : array, shape (B, H)
        The state before the step.
    c_next : array, shape (B, H)
    gates : array, shape (B, 4H)
        As `lstm_cell` returned them.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)

    Returns
    -------
    gx, gh, gc : array, shapes (B, I), (B, H), (B, H)
    gw_ih, gw_hh : array, shapes (4H, I), (4H, H)
    gb : array, shape (4H,)
        By either bias.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one, weights = np.ones((1, 1)), np.zeros((4, 1))
    >>> gates = np.array([[0.5, 0.5, 0.0, 0.5]])
    >>> grads = kernels.lstm_cell_grad(None, one, one, one, one, one / 2, gates, weights, weights)
    >>> grads[2].item(), grads[5].tolist()
    (0.5, [0.0, 0.25, 0.5, 0.0])
    """
    cdef Layer layer = Layer()
    layer.describe(EK_LSTM, x, h, "h", w_ih, w_hh, 2, None, False)
    return lstm_backward(layer, None, "", grad_h, "grad_h", grad_c, "grad_c", c, "c", None, gates,
                         c_next, "c_next", taken_needs(None, 6), "lstm_cell_grad")


def gru_cell(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    r"""One step of a gated recurrent unit (Cho et al., 2014), reset behind the recurrent product.

    .. math::

        r &= \sigma(x W_{ir}^\mathsf{T} + b_{ir} + h W_{hr}^\mathsf{T} + b_{hr}) \\
        z &= \sigma(x W_{iz}^\mathsf{T} + b_{iz} + h W_{hz}^\mathsf{T} + b_{hz}) \\
        n &= \tanh(x W_{in}^\mathsf{T} + b_{in} + r q), \quad
            q = h W_{hn}^\mathsf{T} + b_{hn} \\
        h' &= (1 - z) n + z h

    Parameters
    ----------
    x : array, shape (B, I)
        float32 or float64.
    h : array, shape (B, H)
        The state before the step.
    w_ih : array, shape (3H, I)
        Of the gates :math:`r, z, n`, in this order.
    w_hh : array, shape (3H, H)
    b_ih, b_hh : array, shape (3H,), optional

    Returns
    -------
    h_next : array, shape (B, H)
    gates : array, shape (B, 3H)
        :math:`r, z, n`, and
    inner : array, shape (B, H)
        :math:`q`, as `gru_cell_grad` needs them.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one, weights = np.ones((1, 1)), np.zeros((3, 1))
    >>> h, gates, inner = kernels.gru_cell(one, one, weights, weights)
    >>> h.item(), gates.tolist()
    (0.5, [[0.5, 0.5, 0.0]])
    """
    cdef Layer layer = Layer()
    layer.describe(EK_GRU, x, h, "h", w_ih, w_hh, 2, None, False)
    output, _, _, gates, inner = layer.run(b_ih, b_hh, True, "gru_cell")
    return output, gates, inner


def gru_cell_grad(grad_h, x, h, gates, inner, w_ih, w_hh):
    r"""Gradients of `gru_cell`.

    Parameters
    ----------
    grad_h : array, shape (B, H)
        By `h_next`.
    x : array, shape (B, I)
    h : array, shape (B, H)
        The state before the step.
    gates : array, shape (B, 3H)
    inner : array, shape (B, H)
        As `gru_cell` returned them.
    w_ih : array, shape (3H, I)
    w_hh : array, shape (3H, H)

    Returns
    -------
    gx, gh : array, shapes (B, I), (B, H)
    gw_ih, gw_hh : array, shapes (3H, I), (3H, H)
    gb_ih, gb_hh : array, shape (3H,)

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one, weights = np.ones((1, 1)), np.zeros((3, 1))
    >>> _, *saved = kernels.gru_cell(one, one, weights, weights)
    >>> grads = kernels.gru_cell_grad(one, one, one, *saved, weights, weights)
    >>> grads[1].item(), grads[4].tolist()
    (0.5, [0.0, 0.25, 0.5])
    """
    cdef Layer layer = Layer()
    layer.describe(EK_GRU, x, h, "h", w_ih, w_hh, 2, None, False)
    return gru_backward(layer, None, grad_h, "grad_h", None, gates, "gates", inner, "inner",
                        taken_needs(None, 6), "gru_cell_grad")


def rnn_cell(x, h, w_ih, w_hh, b_ih=None, b_hh=None, *, nonlinearity="tanh"):
    r"""One step of a simple recurrent network (Elman, 1990).

    .. math::

        h' = \tanh(x W_{ih}^\mathsf{T} + b_{ih} + h W_{hh}^\mathsf{T} + b_{hh})

    Parameters
    ----------
    x : array, shape (B, I)
        float32 or float64.
    h : array, shape (B, H)
        The state before the step.
    w_ih : array, shape (H, I)
    w_hh : array, shape (H, H)
    b_ih, b_hh : array, shape (H,), optional
    nonlinearity : {"tanh", "relu"}

    Returns
    -------
    h_next : array, shape (B, H)

    Raises
    ------
    TypeError, ValueError
        If dtypes differ, shapes do not fit, or the nonlinearity is another.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one = np.ones((1, 1))
    >>> kernels.rnn_cell(one, one, 2 * one, -one, nonlinearity="relu").item()
    1.0
    """
    cdef Layer layer = Layer()
    layer.describe(simple_cell(nonlinearity), x, h, "h", w_ih, w_hh, 2, None, False)
    return layer.run(b_ih, b_hh, False, "rnn_cell")[0]


def rnn_cell_grad(grad_h, x, h, h_next, w_ih, w_hh, *, nonlinearity="tanh"):
    r"""Gradients of `rnn_cell`.

    Parameters
    ----------
    grad_h : array, shape (B, H)
        By `h_next`.
    x : array, shape (B, I)
    h, h_next : array, shape (B, H)
        The state before and after the step.
    w_ih : array, shape (H, I)
    w_hh : array, shape (H, H)
    nonlinearity : {"tanh", "relu"}

    Returns
    -------
    gx, gh : array, shapes (B, I), (B, H)
    gw_ih, gw_hh : array, shapes (H, I), (H, H)
    gb : array, shape (H,)
        By either bias.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ, shapes do not fit, or the nonlinearity is another.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one = np.ones((1, 1))
    >>> grads = kernels.rnn_cell_grad(one, one, one, one, 2 * one, -one, nonlinearity="relu")
    >>> grads[0].item(), grads[1].item()
    (2.0, -1.0)
    """
    cdef Layer layer = Layer()
    layer.describe(simple_cell(nonlinearity), x, h, "h", w_ih, w_hh, 2, None, False)
    return simple_backward(layer, None, grad_h, "grad_h", h_next, "h_next", taken_needs(None, 5),
                           "rnn_cell_grad")
