"""Recurrent layers over whole sequences, of equal or of unequal lengths."""

from einkorn.kernels._core cimport EK_GRU, EK_LSTM
from einkorn.kernels._recurrent cimport (
    Layer,
    expect_pair,
    gru_backward,
    lstm_backward,
    simple_backward,
    simple_cell,
    taken_needs,
)


def lstm(x, h0, c0, w_ih, w_hh, b_ih=None, b_hh=None, *, batch_sizes=None, reverse=False,
         training=True):
    r"""A layer of long short-term memory over whole sequences: `lstm_cell` step after step.

    Parameters
    ----------
    x : array, shape (T, B, I), or (N, I) with `batch_sizes`
        float32 or float64.
    h0, c0 : array, shape (B, H)
        The state before the first step.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)
    b_ih, b_hh : array, shape (4H,), optional
    batch_sizes : array of T integers, optional
        For sequences of unequal lengths, the longest first: how many take each step. The rows of
        `x` are then those of the first step, of the second and so on, N in all.
    reverse : bool
        Go from the last step to the first, as one direction of a bidirectional layer does;
        results stay in the order of `x`.
    training : bool
        Whether to keep what the gradient needs; without it `saved` is None, and nothing but the
        states is written.

    Returns
    -------
    output : array, shape (T, B, H), or (N, H)
        :math:`h` after each step.
    h_n, c_n : array, shape (B, H)
        The state of each sequence after the last step it took.
    saved : tuple of arrays, or None
        What `lstm_grad` needs: the gates (T, B, 4H) after their activations, and :math:`c` after
        each step (T, B, H); with N for T, B.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit, or `batch_sizes` increase or do not sum to N.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> state, weights = np.ones((1, 1)), np.zeros((4, 1))
    >>> output, h_n, c_n, saved = kernels.lstm(np.ones((2, 1, 1)), state, state, weights, weights)
    >>> output.shape, c_n.item()
    ((2, 1, 1), 0.25)
    """
    cdef Layer layer = Layer()
    layer.describe(EK_LSTM, x, h0, "h0", w_ih, w_hh, 3 if batch_sizes is None else 2, batch_sizes,
                   bool(reverse))
    layer.c0 = layer.state(c0, "c0")
    output, h_n, c_n, gates, cells = layer.run(b_ih, b_hh, bool(training), "lstm")
    return output, h_n, c_n, (gates, cells) if training else None


def lstm_grad(grad_output, grad_h_n, grad_c_n, x, h0, c0, output, saved, w_ih, w_hh, *,
              batch_sizes=None, reverse=False, needs=None):
    r"""Gradients of `lstm` (back-propagation through time; Werbos, 1990).

    Parameters
    ----------
    grad_output : array, shape (T, B, H), or None
        With `batch_sizes` this and the other arrays of that shape are (N, H), as `lstm` has them.
    grad_h_n, grad_c_n : array, shape (B, H), or None
        None is zero.
    x : array, shape (T, B, I)
    h0, c0 : array, shape (B, H)
    output : array, shape (T, B, H)
    saved : tuple of arrays
        `output` and `saved` as `lstm` returned them.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)
    batch_sizes, reverse
        As for `lstm`.
    needs : six bool, optional
        Which of the results to compute; the others are None.

    Returns
    -------
    gx : array, shape (T, B, I)
    gh0, gc0 : array, shape (B, H)
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
    >>> x, state, weights = np.ones((2, 1, 1)), np.ones((1, 1)), np.zeros((4, 1))
    >>> output, _, _, saved = kernels.lstm(x, state, state, weights, weights)
    >>> grads = kernels.lstm_grad(None, None, state, x, state, state, output, saved, weights,
    ...                           weights)
    >>> grads[2].item()
    0.25
    """
    cdef Layer layer = Layer()
    layer.describe(EK_LSTM, x, h0, "h0", w_ih, w_hh, 3 if batch_sizes is None else 2, batch_sizes,
                   bool(reverse))
    expect_pair(saved, "lstm")
    return lstm_backward(layer, grad_output, "grad_output", grad_h_n, "grad_h_n", grad_c_n,
                         "grad_c_n", c0, "c0", output, saved[0], saved[1], "saved",
                         taken_needs(needs, 6), "lstm_grad")


def gru(x, h0, w_ih, w_hh, b_ih=None, b_hh=None, *, batch_sizes=None, reverse=False,
        training=True):
    r"""A layer of gated recurrent units over whole sequences: `gru_cell` step after step.

    Parameters
    ----------
    x : array, shape (T, B, I), or (N, I) with `batch_sizes`
        float32 or float64.
    h0 : array, shape (B, H)
        The state before the first step.
    w_ih : array, shape (3H, I)
    w_hh : array, shape (3H, H)
    b_ih, b_hh : array, shape (3H,), optional
    batch_sizes, reverse
        As for `lstm`.
    training : bool
        Whether to keep what the gradient needs; without it `saved` is None, and nothing but the
        states is written.

    Returns
    -------
    output : array, shape (T, B, H), or (N, H)
        :math:`h` after each step.
    h_n : array, shape (B, H)
        The state of each sequence after the last step it took.
    saved : tuple of arrays, or None
        What `gru_grad` needs: :math:`r, z, n` (T, B, 3H) and :math:`q` (T, B, H), with N for T, B.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit, or `batch_sizes` increase or do not sum to N.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> state, weights = np.ones((1, 1)), np.zeros((3, 1))
    >>> output, h_n, saved = kernels.gru(np.ones((2, 1, 1)), state, weights, weights)
    >>> output.ravel().tolist(), h_n.item()
    ([0.5, 0.25], 0.25)
    """
    cdef Layer layer = Layer()
    layer.describe(EK_GRU, x, h0, "h0", w_ih, w_hh, 3 if batch_sizes is None else 2, batch_sizes,
                   bool(reverse))
    output, h_n, _, gates, inner = layer.run(b_ih, b_hh, bool(training), "gru")
    return output, h_n, (gates, inner) if training else None


def gru_grad(grad_output, grad_h_n, x, h0, output, saved, w_ih, w_hh, *, batch_sizes=None,
             reverse=False, needs=None):
    r"""Gradients of `gru` (back-propagation through time; Werbos, 1990).

    Parameters
    ----------
    grad_output : array, shape (T, B, H), or None
        With `batch_sizes` this and the other arrays of that shape are (N, H), as `gru` has them.
    grad_h_n : array, shape (B, H), or None
        None is zero.
    x : array, shape (T, B, I)
    h0 : array, shape (B, H)
    output : array, shape (T, B, H)
    saved : tuple of arrays
        `output` and `saved` as `gru` returned them.
    w_ih : array, shape (3H, I)
    w_hh : array, shape (3H, H)
    batch_sizes, reverse
        As for `gru`.
    needs : six bool, optional
        Which of the results to compute; the others are None.

    Returns
    -------
    gx : array, shape (T, B, I)
    gh0 : array, shape (B, H)
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
    >>> x, state, weights = np.ones((2, 1, 1)), np.ones((1, 1)), np.zeros((3, 1))
    >>> output, _, saved = kernels.gru(x, state, weights, weights)
    >>> kernels.gru_grad(None, state, x, state, output, saved, weights, weights)[1].item()
    0.25
    """
    cdef Layer layer = Layer()
    layer.describe(EK_GRU, x, h0, "h0", w_ih, w_hh, 3 if batch_sizes is None else 2, batch_sizes,
                   bool(reverse))
    expect_pair(saved, "gru")
    if output is None:
        raise TypeError("output: expected an array, got None")
    return gru_backward(layer, grad_output, grad_h_n, "grad_h_n", output, saved[0], "saved",
                        saved[1], "saved", taken_needs(needs, 6), "gru_grad")


def rnn(x, h0, w_ih, w_hh, b_ih=None, b_hh=None, *, nonlinearity="tanh", batch_sizes=None,
        reverse=False):
    r"""A simple recurrent layer over whole sequences: `rnn_cell` step after step.

    Parameters
    ----------
    x : array, shape (T, B, I), or (N, I) with `batch_sizes`
        float32 or float64.
    h0 : array, shape (B, H)
        The state before the first step.
    w_ih : array, shape (H, I)
    w_hh : array, shape (H, H)
    b_ih, b_hh : array, shape (H,), optional
    nonlinearity : {"tanh", "relu"}
    batch_sizes, reverse
        As for `lstm`.

    Returns
    -------
    output : array, shape (T, B, H), or (N, H)
        :math:`h` after each step.
    h_n : array, shape (B, H)
        The state of each sequence after the last step it took.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit, `batch_sizes` increase or do not sum to N, or the
        nonlinearity is another.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one = np.ones((1, 1))
    >>> kernels.rnn(np.ones((3, 1, 1)), one, one, one, nonlinearity="relu")[0].ravel().tolist()
    [2.0, 3.0, 4.0]
    """
    cdef Layer layer = Layer()
    layer.describe(simple_cell(nonlinearity), x, h0, "h0", w_ih, w_hh,
                   3 if batch_sizes is None else 2, batch_sizes, bool(reverse))
    return layer.run(b_ih, b_hh, False, "rnn")[:2]


def rnn_grad(grad_output, grad_h_n, x, h0, output, w_ih, w_hh, *, nonlinearity="tanh",
             batch_sizes=None, reverse=False, needs=None):
    r"""Gradients of `rnn` (back-propagation through time; Werbos, 1990).

    Parameters
    ----------
    grad_output : array, shape (T, B, H), or None
        With `batch_sizes` this and the other arrays of that shape are (N, H), as `rnn` has them.
    grad_h_n : array, shape (B, H), or None
        None is zero.
    x : array, shape (T, B, I)
    h0 : array, shape (B, H)
    output : array, shape (T, B, H)
        As `rnn` returned it.
    w_ih : array, shape (H, I)
    w_hh : array, shape (H, H)
    nonlinearity, batch_sizes, reverse
        As for `rnn`.
    needs : five bool, optional
        Which of the results to compute; the others are None.

    Returns
    -------
    gx : array, shape (T, B, I)
    gh0 : array, shape (B, H)
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
    >>> x, one = np.ones((2, 1, 1)), np.ones((1, 1))
    >>> output, _ = kernels.rnn(x, one, one, 2 * one, nonlinearity="relu")
    >>> kernels.rnn_grad(None, one, x, one, output, one, 2 * one, nonlinearity="relu")[1].item()
    4.0
    """
    cdef Layer layer = Layer()
    layer.describe(simple_cell(nonlinearity), x, h0, "h0", w_ih, w_hh,
                   3 if batch_sizes is None else 2, batch_sizes, bool(reverse))
    return simple_backward(layer, grad_output, grad_h_n, "grad_h_n", output, "output",
                           taken_needs(needs, 5), "rnn_grad")
