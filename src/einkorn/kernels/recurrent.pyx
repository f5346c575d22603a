"""Recurrent layers: single steps, and whole sequences of equal or of unequal lengths."""

cimport cython
cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    data_or_null,
    empty,
    expect_shape,
    index_input,
    input_of_rank,
    new_call,
    optional_input,
)
from einkorn.kernels._core cimport (
    EK_GRU,
    EK_LSTM,
    EK_RNN_RELU,
    EK_RNN_TANH,
    api,
    ek_rnn_arrays,
    ek_rnn_cell,
    ek_rnn_grad_arrays,
    ek_rnn_problem,
    ek_workspace_size,
)

cnp.import_array()


cdef cnp.ndarray matrix(object value, str name, Call *call, int64_t rows, int64_t columns):
    cdef cnp.ndarray array = input_of_rank(value, name, call, 2)
    cdef int64_t[2] shape
    shape[0], shape[1] = rows, columns
    expect_shape(array, name, 2, shape)
    return array


cdef cnp.ndarray optional_bias(object value, str name, Call *call, int64_t length):
    cdef cnp.ndarray array = optional_input(value, name, call, 1)
    if array is not None:
        expect_shape(array, name, 1, &length)
    return array


cdef cnp.ndarray new_matrix(int64_t rows, int64_t columns, Call *call):
    cdef int64_t[2] shape
    shape[0], shape[1] = rows, columns
    return empty(2, shape, call.type_number)


@cython.final
@cython.internal
cdef class Layer:
    """What a call of any of the functions is about; keeps its inputs alive."""
    cdef Call call
    cdef ek_rnn_problem problem
    cdef int rank  # of x: 2 for one step or packed sequences, else 3
    cdef int64_t gates  # their number times hidden
    cdef cnp.ndarray x, h0, c0, w_ih, w_hh, batch_sizes

    cdef int describe(self, ek_rnn_cell cell, object x, object h0, str state, object w_ih,
                      object w_hh, int rank, object batch_sizes, bint reverse) except -1:
        """Reads the arguments that all functions have."""
        cdef ek_rnn_problem *problem = &self.problem
        self.call = new_call()
        self.rank = rank
        self.x = input_of_rank(x, "x", &self.call, rank)
        self.h0 = input_of_rank(h0, state, &self.call, 2)
        problem.cell, problem.reverse = cell, reverse
        problem.input = cnp.PyArray_DIM(self.x, rank - 1)
        problem.batch = cnp.PyArray_DIM(self.x, rank - 2)
        problem.steps = cnp.PyArray_DIM(self.x, 0) if rank == 3 else 1
        problem.rows = problem.steps * problem.batch
        problem.batch_sizes = NULL
        if batch_sizes is not None:
            self.take_batch_sizes(batch_sizes)
        problem.hidden = cnp.PyArray_DIM(self.h0, 1)
        if cnp.PyArray_DIM(self.h0, 0) != problem.batch:
            raise ValueError(
                f"{state}: expected a batch of {problem.batch} as that of x, "
                f"got {cnp.PyArray_DIM(self.h0, 0)}"
            )
        self.gates = problem.hidden * (4 if cell == EK_LSTM else 3 if cell == EK_GRU else 1)
        self.w_ih = matrix(w_ih, "w_ih", &self.call, self.gates, problem.input)
        self.w_hh = matrix(w_hh, "w_hh", &self.call, self.gates, problem.hidden)
        return 0

    cdef int take_batch_sizes(self, object batch_sizes) except -1:
        cdef ek_rnn_problem *problem = &self.problem
        cdef int64_t rows = cnp.PyArray_DIM(self.x, 0)
        # Changed by another thread after they were checked, they would lead out of the arrays.
        self.batch_sizes = index_input(batch_sizes, "batch_sizes").copy()
        sizes = self.batch_sizes
        falling = sizes.ndim == 1 and sizes.size > 0 and (sizes[1:] <= sizes[:sizes.size - 1]).all()
        if not falling or sizes.min() < 1:
            raise ValueError(
                "batch_sizes: expected positive integers that do not increase, "
                f"got {batch_sizes!r}"
            )
        # The sum of what is checked first cannot leave 63 bits.
        if sizes.max() > rows or sizes.size > rows or sizes.sum() != rows:
            raise ValueError(
                f"batch_sizes: expected a sum of {rows}, the rows of x, got {batch_sizes!r}"
            )
        problem.batch_sizes = <const int64_t *>cnp.PyArray_DATA(self.batch_sizes)
        problem.steps, problem.batch, problem.rows = sizes.size, sizes[0], rows
        return 0

    cdef cnp.ndarray rows_of(self, object value, str name, int64_t width):
        """An input with a row for each of x."""
        cdef cnp.ndarray array = input_of_rank(value, name, &self.call, self.rank)
        cdef int64_t[3] shape
        self.row_shape(shape, width)
        expect_shape(array, name, self.rank, shape)
        return array

    cdef cnp.ndarray new_rows(self, int64_t width):
        cdef int64_t[3] shape
        self.row_shape(shape, width)
        return empty(self.rank, shape, self.call.type_number)

    cdef void row_shape(self, int64_t *shape, int64_t width) noexcept:
        shape[0] = self.problem.steps if self.rank == 3 else self.problem.rows
        shape[1] = self.problem.batch
        shape[self.rank - 1] = width

    cdef cnp.ndarray state(self, object value, str name):
        return matrix(value, name, &self.call, self.problem.batch, self.problem.hidden)

    cdef cnp.ndarray optional_state(self, object value, str name):
        return None if value is None else self.state(value, name)

    cdef cnp.ndarray new_state(self):
        return new_matrix(self.problem.batch, self.problem.hidden, &self.call)

    cdef tuple run(self, object b_ih, object b_hh, bint training, str name):
        """The forward pass: output, h_n, c_n, gates and inner values, None where there are none."""
        cdef ek_rnn_arrays arrays
        cdef ek_workspace_size size
        cdef Scratch scratch = Scratch()
        cdef int status
        cdef int64_t hidden = self.problem.hidden
        cdef cnp.ndarray b_x = optional_bias(b_ih, "b_ih", &self.call, self.gates)
        cdef cnp.ndarray b_h = optional_bias(b_hh, "b_hh", &self.call, self.gates)
        cdef cnp.ndarray output = self.new_rows(hidden), h_n = self.new_state()
        cdef cnp.ndarray c_n = None, gates = None, inner = None
        self.problem.training = training
        if training and self.problem.cell in (EK_LSTM, EK_GRU):
            gates, inner = self.new_rows(self.gates), self.new_rows(hidden)
        if self.problem.cell == EK_LSTM:
            c_n = self.new_state()
        arrays.x, arrays.h0, arrays.c0 = (
            data_or_null(self.x), data_or_null(self.h0), data_or_null(self.c0)
        )
        arrays.w_ih, arrays.w_hh = data_or_null(self.w_ih), data_or_null(self.w_hh)
        arrays.b_ih, arrays.b_hh = data_or_null(b_x), data_or_null(b_h)
        arrays.output, arrays.h_n = cnp.PyArray_DATA(output), cnp.PyArray_DATA(h_n)
        arrays.c_n = <void *>data_or_null(c_n)
        arrays.gates, arrays.inner = <void *>data_or_null(gates), <void *>data_or_null(inner)
        check(api.rnn_workspace(self.call.dtype, &self.problem, &size), name)
        scratch.reserve(size.best)
        with nogil:
            status = api.rnn(self.call.dtype, &self.problem, &arrays, scratch.workspace)
        check(status, name)
        return output, h_n, c_n, gates, inner

    cdef tuple run_grad(self, ek_rnn_grad_arrays *arrays, tuple wanted, str name):
        """The backward pass, whose `arrays` hold the results' gradients and what was saved.

        `wanted` says of x, h0, c0, w_ih, w_hh, b_ih and b_hh whether theirs are.
        """
        cdef ek_workspace_size size
        cdef Scratch scratch = Scratch()
        cdef int status
        cdef int64_t gates = self.gates
        cdef cnp.ndarray gx = self.new_rows(self.problem.input) if wanted[0] else None
        cdef cnp.ndarray gh0 = self.new_state() if wanted[1] else None
        cdef cnp.ndarray gc0 = self.new_state() if wanted[2] else None
        cdef cnp.ndarray gw_ih = None, gw_hh = None, gb_ih = None, gb_hh = None
        if wanted[3]:
            gw_ih = new_matrix(gates, self.problem.input, &self.call)
        if wanted[4]:
            gw_hh = new_matrix(gates, self.problem.hidden, &self.call)
        if wanted[5]:
            gb_ih = empty(1, &gates, self.call.type_number)
        if wanted[6]:
            gb_hh = empty(1, &gates, self.call.type_number)
        arrays.x, arrays.h0, arrays.c0 = (
            data_or_null(self.x), data_or_null(self.h0), data_or_null(self.c0)
        )
        arrays.w_ih, arrays.w_hh = data_or_null(self.w_ih), data_or_null(self.w_hh)
        arrays.gx, arrays.gh0, arrays.gc0 = (
            <void *>data_or_null(gx), <void *>data_or_null(gh0), <void *>data_or_null(gc0)
        )
        arrays.gw_ih, arrays.gw_hh = <void *>data_or_null(gw_ih), <void *>data_or_null(gw_hh)
        arrays.gb_ih, arrays.gb_hh = <void *>data_or_null(gb_ih), <void *>data_or_null(gb_hh)
        check(api.rnn_grad_workspace(self.call.dtype, &self.problem, &size), name)
        scratch.reserve(size.best)
        with nogil:
            status = api.rnn_grad(self.call.dtype, &self.problem, arrays, scratch.workspace)
        check(status, name)
        return gx, gh0, gc0, gw_ih, gw_hh, gb_ih, gb_hh


cdef tuple taken_needs(object needs, int count):
    """`needs` as a tuple of `count` truth values; None means all."""
    if needs is None:
        return (True,) * count
    if not isinstance(needs, (tuple, list)) or len(needs) != count:
        raise ValueError(f"needs: expected {count} truth values, got {needs!r}")
    return tuple([bool(need) for need in needs])


cdef int expect_pair(object saved, str function) except -1:
    if not isinstance(saved, (tuple, list)) or len(saved) != 2:
        raise TypeError(
            f"saved: expected the tuple that {function} returned, got {type(saved).__name__}"
        )
    return 0


cdef ek_rnn_cell simple_cell(object nonlinearity) except *:
    if nonlinearity == "tanh":
        return EK_RNN_TANH
    if nonlinearity == "relu":
        return EK_RNN_RELU
    raise ValueError(f"nonlinearity: expected 'tanh' or 'relu', got {nonlinearity!r}")


cdef tuple lstm_backward(Layer layer, object grad_output, str output_name, object grad_h_n,
                         str h_name, object grad_c_n, str c_name, object c0, str c0_name,
                         object output, object gates, object cells, str cells_name, tuple needs,
                         str name):
    """`output` is None for one step, of which only the state before it is read."""
    cdef ek_rnn_grad_arrays arrays
    cdef int64_t hidden = layer.problem.hidden
    cdef cnp.ndarray g_out = None
    if grad_output is not None:
        g_out = layer.rows_of(grad_output, output_name, hidden)
    cdef cnp.ndarray g_h = layer.optional_state(grad_h_n, h_name)
    cdef cnp.ndarray g_c = layer.optional_state(grad_c_n, c_name)
    layer.c0 = layer.state(c0, c0_name)
    cdef cnp.ndarray h_all = layer.h0
    if output is not None:
        h_all = layer.rows_of(output, "output", hidden)
    cdef cnp.ndarray c_all = layer.rows_of(cells, cells_name, hidden)
    cdef cnp.ndarray activated = layer.rows_of(
        gates, "gates" if output is None else "saved", layer.gates)
    arrays.grad_output = data_or_null(g_out)
    arrays.grad_h_n, arrays.grad_c_n = data_or_null(g_h), data_or_null(g_c)
    arrays.output, arrays.gates = data_or_null(h_all), data_or_null(activated)
    arrays.inner = data_or_null(c_all)
    return layer.run_grad(&arrays, (*needs, False), name)[:6]


cdef tuple gru_backward(Layer layer, object grad_output, object grad_h_n, str h_name,
                        object output, object gates, str gates_name, object inner,
                        str inner_name, tuple needs, str name):
    cdef ek_rnn_grad_arrays arrays
    cdef int64_t hidden = layer.problem.hidden
    cdef cnp.ndarray g_out = None
    if grad_output is not None:
        g_out = layer.rows_of(grad_output, "grad_output", hidden)
    cdef cnp.ndarray g_h = layer.optional_state(grad_h_n, h_name)
    cdef cnp.ndarray h_all = layer.h0
    if output is not None:
        h_all = layer.rows_of(output, "output", hidden)
    cdef cnp.ndarray activated = layer.rows_of(gates, gates_name, layer.gates)
    cdef cnp.ndarray inner_all = layer.rows_of(inner, inner_name, hidden)
    arrays.grad_output, arrays.grad_h_n = data_or_null(g_out), data_or_null(g_h)
    arrays.grad_c_n = NULL
    arrays.output, arrays.gates = data_or_null(h_all), data_or_null(activated)
    arrays.inner = data_or_null(inner_all)
    gx, gh0, _, *rest = layer.run_grad(&arrays, (*needs[:2], False, *needs[2:]), name)
    return (gx, gh0, *rest)


cdef tuple simple_backward(Layer layer, object grad_output, object grad_h_n, str h_name,
                           object output, str output_name, tuple needs, str name):
    cdef ek_rnn_grad_arrays arrays
    cdef int64_t hidden = layer.problem.hidden
    cdef cnp.ndarray g_out = None
    if grad_output is not None:
        g_out = layer.rows_of(grad_output, "grad_output", hidden)
    cdef cnp.ndarray g_h = layer.optional_state(grad_h_n, h_name)
    cdef cnp.ndarray h_all = layer.rows_of(output, output_name, hidden)
    arrays.grad_output, arrays.grad_h_n = data_or_null(g_out), data_or_null(g_h)
    arrays.grad_c_n = arrays.gates = arrays.inner = NULL
    arrays.output = data_or_null(h_all)
    gx, gh0, _, gw_ih, gw_hh, gb, _ = layer.run_grad(
        &arrays, (*needs[:2], False, *needs[2:], False), name)
    return gx, gh0, gw_ih, gw_hh, gb


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
